/** Activity and profiles that change, seeded; both come up to 8 s out of order. */
import { seeded } from "../random.ts";

export interface Activity {
  readonly user: string;
  readonly action: string;
  readonly at: number;
}

export interface Profile {
  readonly user: string;
  readonly city: string;
  readonly level: number;
  readonly at: number;
}

export type ProfileEvent = { readonly activity: Activity } | { readonly profiles: Profile };

const USERS = 60;
const DISORDER = 8_000_000;
const CITIES = ["Oslo", "Lagos", "Quito", "Pune", "Perth"];

/** `count` events over `span` µs from `from` on, one in five a profile, in the order in which they come. */
export function profileEvents(
  seed: number | string,
  count: number,
  from: number,
  span: number,
): ProfileEvent[] {
  const random = seeded(seed);
  const made = Array.from({ length: count }, (_, i) => {
    // No two events of one time: which profile holds then would depend on who came first.
    const at = from + Math.floor(i * span / count);
    const user = `user-${random.int(1, USERS)}`;
    const event: ProfileEvent = random.chance(0.2)
      ? { profiles: { user, city: random.pick(CITIES), level: random.int(1, 9), at } }
      : { activity: { user, action: random.pick(["read", "buy", "share"]), at } };
    return { event, comes: at + random.int(0, DISORDER) };
  });
  return made.sort((a, b) => a.comes - b.comes).map(({ event }) => event);
}
