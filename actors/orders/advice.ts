/** What leads to a rejection of an order, by its reason: the checks of wasm/pretrade. */
export const orderAdvice = {
  MISSING_FIELD:
    "every event must have its time `at`, those of an account its number, orders and fills an order " +
    "and an instrument, reference data a version",
  OUT_OF_RANGE:
    "quantities and prices are whole numbers from 1 to 2147483647, a market order has price 0, sides " +
    "and types are those of the schema",
  TOO_OLD:
    "`at` is microseconds since 1970: of an order at most behind_max (1 day) behind this machine's clock, " +
    "of a price or a band not before the one that is known",
  TOO_NEW:
    "`at` is microseconds since 1970, and at most ahead_max (10 minutes) ahead of this machine's clock",
  UNKNOWN_INSTRUMENT: "an instrument must have been declared before it is filled, priced or restricted",
  FILL_MISMATCH: "a fill has the instrument and the side of its order",
  NOT_PERMITTED: "the person who enables a strategy must be authorised and allowed to",
  STALE_VERSION: "a version must be above the one in force",
  UNKNOWN_ACCOUNT: "an account's limits must have been declared first",
  UNKNOWN_STRATEGY: "a strategy must have been declared before it is enabled",
};
