/** What leads to a rejection of a payment, by its reason: the checks of wasm/payments and of both kernels. */
export const paymentAdvice = {
  MISSING_FIELD: "a payment must have a card and its time `at`, a place both its latitude and its longitude",
  OUT_OF_RANGE:
    "an amount is 1 or more minor units, up to the pipeline's amount_max; a currency is three capital " +
    "letters, or none; places are millionths of a degree; a BIN is 6 to 8 digits",
  TOO_OLD:
    "`at` is microseconds since 1970, and not further behind the newest of its key than the windows reach",
  TOO_NEW:
    "`at` is microseconds since 1970, and at most future_max (5 minutes) ahead of this machine's clock",
  KEY_TOO_LONG: "card and merchant have 64 bytes at most",
  UNKNOWN_VARIANT: "an event is a payment, a profile, a merchant_policy or a release",
  CURRENCY_MISMATCH: "it is not in the currency in which this card is counted",
};
