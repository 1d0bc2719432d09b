/** The attack of the demo's story, as the card generator plays it by default. */

export const ATTACK_PER_MINUTE = 20;
/** ₹19,999, in paise. */
export const ATTACK_RUPEES_MINOR = 1_999_900;
/** Story time after the start of a run. */
export const ATTACK_AFTER_MS = 4_000;
/** A run shorter than this has its story told faster, so that the block falls within it. */
export const STORY_SECONDS_MIN = 60;
