// Generated from actors/payments/payment.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface PaymentEventFields {
  readonly payment?: PaymentFields;
  readonly profile?: CustomerProfileFields;
  readonly cardRelease?: CardReleaseFields;
  readonly merchantPolicy?: MerchantPolicyFields;
  readonly binRelease?: BinReleaseFields;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodePaymentEvent(message: PaymentEventFields, out: Uint8Array, at: number): number {
  const payment_ = message.payment;
  if (payment_ !== undefined) {
    out[at++] = 10;
    const paymentAt = ++at;
    at = ended(out, paymentAt, encodePayment(payment_, out, at));
  }
  const profile_ = message.profile;
  if (profile_ !== undefined) {
    out[at++] = 18;
    const profileAt = ++at;
    at = ended(out, profileAt, encodeCustomerProfile(profile_, out, at));
  }
  const cardRelease_ = message.cardRelease;
  if (cardRelease_ !== undefined) {
    out[at++] = 26;
    const cardReleaseAt = ++at;
    at = ended(out, cardReleaseAt, encodeCardRelease(cardRelease_, out, at));
  }
  const merchantPolicy_ = message.merchantPolicy;
  if (merchantPolicy_ !== undefined) {
    out[at++] = 34;
    const merchantPolicyAt = ++at;
    at = ended(out, merchantPolicyAt, encodeMerchantPolicy(merchantPolicy_, out, at));
  }
  const binRelease_ = message.binRelease;
  if (binRelease_ !== undefined) {
    out[at++] = 42;
    const binReleaseAt = ++at;
    at = ended(out, binReleaseAt, encodeBinRelease(binRelease_, out, at));
  }
  if (at > out.length) throw new RangeError("Cannot encode PaymentEvent: the buffer is too small");
  return at;
}

export interface PaymentFields {
  readonly card?: Text;
  readonly bin?: Text;
  readonly amount?: Integer64;
  readonly currency?: Text;
  readonly at?: Integer64;
  readonly merchant?: Text;
  readonly channel?: number;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly category?: Text;
  readonly device?: Text;
  readonly ip?: Text;
  readonly email?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodePayment(message: PaymentFields, out: Uint8Array, at: number): number {
  const card_ = message.card;
  if (card_ !== undefined && card_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, card_);
  }
  const bin_ = message.bin;
  if (bin_ !== undefined && bin_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, bin_);
  }
  const amount_ = message.amount;
  if (amount_ !== undefined && amount_ != 0) {
    out[at++] = 24;
    at = varint(out, at, amount_);
  }
  const currency_ = message.currency;
  if (currency_ !== undefined && currency_.length !== 0) {
    out[at++] = 34;
    at = text(out, at, currency_);
  }
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 40;
    at = varint(out, at, at_);
  }
  const merchant_ = message.merchant;
  if (merchant_ !== undefined && merchant_.length !== 0) {
    out[at++] = 50;
    at = text(out, at, merchant_);
  }
  const channel_ = message.channel;
  if (channel_ !== undefined && channel_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, channel_);
  }
  const latitude_ = message.latitude;
  if (latitude_ !== undefined) {
    out[at++] = 64;
    at = zigzag32(out, at, latitude_);
  }
  const longitude_ = message.longitude;
  if (longitude_ !== undefined) {
    out[at++] = 72;
    at = zigzag32(out, at, longitude_);
  }
  const category_ = message.category;
  if (category_ !== undefined && category_.length !== 0) {
    out[at++] = 82;
    at = text(out, at, category_);
  }
  const device_ = message.device;
  if (device_ !== undefined && device_.length !== 0) {
    out[at++] = 90;
    at = text(out, at, device_);
  }
  const ip_ = message.ip;
  if (ip_ !== undefined && ip_.length !== 0) {
    out[at++] = 98;
    at = text(out, at, ip_);
  }
  const email_ = message.email;
  if (email_ !== undefined && email_.length !== 0) {
    out[at++] = 106;
    at = text(out, at, email_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Payment: the buffer is too small");
  return at;
}

export interface CustomerProfileFields {
  readonly card?: Text;
  readonly currency?: Text;
  readonly sumMax?: Integer64;
  readonly countMax?: number;
  readonly speedKmhMax?: number;
  readonly limitPercent?: number;
  readonly usualAmount?: Integer64;
  readonly homeLatitude?: number;
  readonly homeLongitude?: number;
  readonly removed?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCustomerProfile(message: CustomerProfileFields, out: Uint8Array, at: number): number {
  const card_ = message.card;
  if (card_ !== undefined && card_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, card_);
  }
  const currency_ = message.currency;
  if (currency_ !== undefined && currency_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, currency_);
  }
  const sumMax_ = message.sumMax;
  if (sumMax_ !== undefined && sumMax_ != 0) {
    out[at++] = 24;
    at = varint(out, at, sumMax_);
  }
  const countMax_ = message.countMax;
  if (countMax_ !== undefined && countMax_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, countMax_);
  }
  const speedKmhMax_ = message.speedKmhMax;
  if (speedKmhMax_ !== undefined && speedKmhMax_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, speedKmhMax_);
  }
  const limitPercent_ = message.limitPercent;
  if (limitPercent_ !== undefined && limitPercent_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, limitPercent_);
  }
  const usualAmount_ = message.usualAmount;
  if (usualAmount_ !== undefined && usualAmount_ != 0) {
    out[at++] = 56;
    at = varint(out, at, usualAmount_);
  }
  const homeLatitude_ = message.homeLatitude;
  if (homeLatitude_ !== undefined) {
    out[at++] = 64;
    at = zigzag32(out, at, homeLatitude_);
  }
  const homeLongitude_ = message.homeLongitude;
  if (homeLongitude_ !== undefined) {
    out[at++] = 72;
    at = zigzag32(out, at, homeLongitude_);
  }
  const removed_ = message.removed;
  if (removed_ !== undefined && removed_) {
    out[at++] = 120;
    at = bool(out, at, removed_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CustomerProfile: the buffer is too small");
  return at;
}

export interface CardReleaseFields {
  readonly card?: Text;
  readonly by?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCardRelease(message: CardReleaseFields, out: Uint8Array, at: number): number {
  const card_ = message.card;
  if (card_ !== undefined && card_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, card_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, by_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CardRelease: the buffer is too small");
  return at;
}

export interface MerchantPolicyFields {
  readonly merchant?: Text;
  readonly amountMin?: Integer64;
  readonly cardsReview?: number;
  readonly cardsBlock?: number;
  readonly alikePermille?: number;
  readonly block?: Integer64;
  readonly removed?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeMerchantPolicy(message: MerchantPolicyFields, out: Uint8Array, at: number): number {
  const merchant_ = message.merchant;
  if (merchant_ !== undefined && merchant_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, merchant_);
  }
  const amountMin_ = message.amountMin;
  if (amountMin_ !== undefined && amountMin_ != 0) {
    out[at++] = 16;
    at = varint(out, at, amountMin_);
  }
  const cardsReview_ = message.cardsReview;
  if (cardsReview_ !== undefined && cardsReview_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, cardsReview_);
  }
  const cardsBlock_ = message.cardsBlock;
  if (cardsBlock_ !== undefined && cardsBlock_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, cardsBlock_);
  }
  const alikePermille_ = message.alikePermille;
  if (alikePermille_ !== undefined && alikePermille_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, alikePermille_);
  }
  const block_ = message.block;
  if (block_ !== undefined && block_ != 0) {
    out[at++] = 48;
    at = varint(out, at, block_);
  }
  const removed_ = message.removed;
  if (removed_ !== undefined && removed_) {
    out[at++] = 120;
    at = bool(out, at, removed_);
  }
  if (at > out.length) throw new RangeError("Cannot encode MerchantPolicy: the buffer is too small");
  return at;
}

export interface BinReleaseFields {
  readonly bin?: Text;
  readonly merchant?: Text;
  readonly at?: Integer64;
  readonly by?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBinRelease(message: BinReleaseFields, out: Uint8Array, at: number): number {
  const bin_ = message.bin;
  if (bin_ !== undefined && bin_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, bin_);
  }
  const merchant_ = message.merchant;
  if (merchant_ !== undefined && merchant_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, merchant_);
  }
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 24;
    at = varint(out, at, at_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_.length !== 0) {
    out[at++] = 34;
    at = text(out, at, by_);
  }
  if (at > out.length) throw new RangeError("Cannot encode BinRelease: the buffer is too small");
  return at;
}

export interface BinAlertFields {
  readonly kind?: number;
  readonly bin?: Text;
  readonly merchant?: Text;
  readonly at?: Integer64;
  readonly blockedUntil?: Integer64;
  readonly distinctCards?: number;
  readonly amount?: Integer64;
  readonly by?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBinAlert(message: BinAlertFields, out: Uint8Array, at: number): number {
  const kind_ = message.kind;
  if (kind_ !== undefined && kind_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, kind_);
  }
  const bin_ = message.bin;
  if (bin_ !== undefined && bin_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, bin_);
  }
  const merchant_ = message.merchant;
  if (merchant_ !== undefined && merchant_.length !== 0) {
    out[at++] = 26;
    at = text(out, at, merchant_);
  }
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 32;
    at = varint(out, at, at_);
  }
  const blockedUntil_ = message.blockedUntil;
  if (blockedUntil_ !== undefined && blockedUntil_ != 0) {
    out[at++] = 40;
    at = varint(out, at, blockedUntil_);
  }
  const distinctCards_ = message.distinctCards;
  if (distinctCards_ !== undefined && distinctCards_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, distinctCards_);
  }
  const amount_ = message.amount;
  if (amount_ !== undefined && amount_ != 0) {
    out[at++] = 56;
    at = varint(out, at, amount_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_.length !== 0) {
    out[at++] = 66;
    at = text(out, at, by_);
  }
  if (at > out.length) throw new RangeError("Cannot encode BinAlert: the buffer is too small");
  return at;
}

export interface CardStateFields {
  readonly newest?: Integer64;
  readonly count?: number;
  readonly sum?: Integer64;
  readonly suspicious?: number;
  readonly suspiciousAt?: Integer64;
  readonly currency?: Text;
  readonly latitude?: number;
  readonly longitude?: number;
  readonly locatedAt?: Integer64;
  readonly hasProfile?: boolean;
  readonly sumMax?: Integer64;
  readonly countMax?: number;
  readonly speedKmhMax?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCardState(message: CardStateFields, out: Uint8Array, at: number): number {
  const newest_ = message.newest;
  if (newest_ !== undefined && newest_ != 0) {
    out[at++] = 8;
    at = varint(out, at, newest_);
  }
  const count_ = message.count;
  if (count_ !== undefined && count_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, count_);
  }
  const sum_ = message.sum;
  if (sum_ !== undefined && sum_ != 0) {
    out[at++] = 24;
    at = varint(out, at, sum_);
  }
  const suspicious_ = message.suspicious;
  if (suspicious_ !== undefined && suspicious_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, suspicious_);
  }
  const suspiciousAt_ = message.suspiciousAt;
  if (suspiciousAt_ !== undefined && suspiciousAt_ != 0) {
    out[at++] = 40;
    at = varint(out, at, suspiciousAt_);
  }
  const currency_ = message.currency;
  if (currency_ !== undefined && currency_.length !== 0) {
    out[at++] = 50;
    at = text(out, at, currency_);
  }
  const latitude_ = message.latitude;
  if (latitude_ !== undefined && latitude_ !== 0) {
    out[at++] = 56;
    at = zigzag32(out, at, latitude_);
  }
  const longitude_ = message.longitude;
  if (longitude_ !== undefined && longitude_ !== 0) {
    out[at++] = 64;
    at = zigzag32(out, at, longitude_);
  }
  const locatedAt_ = message.locatedAt;
  if (locatedAt_ !== undefined && locatedAt_ != 0) {
    out[at++] = 72;
    at = varint(out, at, locatedAt_);
  }
  const hasProfile_ = message.hasProfile;
  if (hasProfile_ !== undefined && hasProfile_) {
    out[at++] = 80;
    at = bool(out, at, hasProfile_);
  }
  const sumMax_ = message.sumMax;
  if (sumMax_ !== undefined && sumMax_ != 0) {
    out[at++] = 88;
    at = varint(out, at, sumMax_);
  }
  const countMax_ = message.countMax;
  if (countMax_ !== undefined && countMax_ !== 0) {
    out[at++] = 96;
    at = varint(out, at, countMax_);
  }
  const speedKmhMax_ = message.speedKmhMax;
  if (speedKmhMax_ !== undefined && speedKmhMax_ !== 0) {
    out[at++] = 104;
    at = varint(out, at, speedKmhMax_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CardState: the buffer is too small");
  return at;
}

export interface BinStateFields {
  readonly newest?: Integer64;
  readonly cards?: number;
  readonly blockedAt?: Integer64;
  readonly blockedUntil?: Integer64;
  readonly blocks?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBinState(message: BinStateFields, out: Uint8Array, at: number): number {
  const newest_ = message.newest;
  if (newest_ !== undefined && newest_ != 0) {
    out[at++] = 8;
    at = varint(out, at, newest_);
  }
  const cards_ = message.cards;
  if (cards_ !== undefined && cards_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, cards_);
  }
  const blockedAt_ = message.blockedAt;
  if (blockedAt_ !== undefined && blockedAt_ != 0) {
    out[at++] = 24;
    at = varint(out, at, blockedAt_);
  }
  const blockedUntil_ = message.blockedUntil;
  if (blockedUntil_ !== undefined && blockedUntil_ != 0) {
    out[at++] = 32;
    at = varint(out, at, blockedUntil_);
  }
  const blocks_ = message.blocks;
  if (blocks_ !== undefined && blocks_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, blocks_);
  }
  if (at > out.length) throw new RangeError("Cannot encode BinState: the buffer is too small");
  return at;
}

export interface FraudParamsFields {
  readonly countMax?: number;
  readonly countWindow?: Integer64;
  readonly sumMax?: Integer64;
  readonly sumWindow?: Integer64;
  readonly speedKmhMax?: number;
  readonly distanceMin?: Integer64;
  readonly unusualTimes?: number;
  readonly suspicionWindow?: Integer64;
  readonly reviewAfter?: number;
  readonly declineAfter?: number;
  readonly amountMax?: Integer64;
  readonly futureMax?: Integer64;
  readonly idleTtl?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeFraudParams(message: FraudParamsFields, out: Uint8Array, at: number): number {
  const countMax_ = message.countMax;
  if (countMax_ !== undefined && countMax_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, countMax_);
  }
  const countWindow_ = message.countWindow;
  if (countWindow_ !== undefined && countWindow_ != 0) {
    out[at++] = 16;
    at = varint(out, at, countWindow_);
  }
  const sumMax_ = message.sumMax;
  if (sumMax_ !== undefined && sumMax_ != 0) {
    out[at++] = 24;
    at = varint(out, at, sumMax_);
  }
  const sumWindow_ = message.sumWindow;
  if (sumWindow_ !== undefined && sumWindow_ != 0) {
    out[at++] = 32;
    at = varint(out, at, sumWindow_);
  }
  const speedKmhMax_ = message.speedKmhMax;
  if (speedKmhMax_ !== undefined && speedKmhMax_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, speedKmhMax_);
  }
  const distanceMin_ = message.distanceMin;
  if (distanceMin_ !== undefined && distanceMin_ != 0) {
    out[at++] = 48;
    at = varint(out, at, distanceMin_);
  }
  const unusualTimes_ = message.unusualTimes;
  if (unusualTimes_ !== undefined && unusualTimes_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, unusualTimes_);
  }
  const suspicionWindow_ = message.suspicionWindow;
  if (suspicionWindow_ !== undefined && suspicionWindow_ != 0) {
    out[at++] = 64;
    at = varint(out, at, suspicionWindow_);
  }
  const reviewAfter_ = message.reviewAfter;
  if (reviewAfter_ !== undefined && reviewAfter_ !== 0) {
    out[at++] = 72;
    at = varint(out, at, reviewAfter_);
  }
  const declineAfter_ = message.declineAfter;
  if (declineAfter_ !== undefined && declineAfter_ !== 0) {
    out[at++] = 80;
    at = varint(out, at, declineAfter_);
  }
  const amountMax_ = message.amountMax;
  if (amountMax_ !== undefined && amountMax_ != 0) {
    out[at++] = 88;
    at = varint(out, at, amountMax_);
  }
  const futureMax_ = message.futureMax;
  if (futureMax_ !== undefined && futureMax_ != 0) {
    out[at++] = 96;
    at = varint(out, at, futureMax_);
  }
  const idleTtl_ = message.idleTtl;
  if (idleTtl_ !== undefined && idleTtl_ != 0) {
    out[at++] = 104;
    at = varint(out, at, idleTtl_);
  }
  if (at > out.length) throw new RangeError("Cannot encode FraudParams: the buffer is too small");
  return at;
}

export interface BinAttackParamsFields {
  readonly window?: Integer64;
  readonly amountMin?: Integer64;
  readonly cardsReview?: number;
  readonly cardsBlock?: number;
  readonly alikePermille?: number;
  readonly block?: Integer64;
  readonly lateMax?: Integer64;
  readonly amountMax?: Integer64;
  readonly futureMax?: Integer64;
  readonly idleTtl?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBinAttackParams(message: BinAttackParamsFields, out: Uint8Array, at: number): number {
  const window_ = message.window;
  if (window_ !== undefined && window_ != 0) {
    out[at++] = 8;
    at = varint(out, at, window_);
  }
  const amountMin_ = message.amountMin;
  if (amountMin_ !== undefined && amountMin_ != 0) {
    out[at++] = 16;
    at = varint(out, at, amountMin_);
  }
  const cardsReview_ = message.cardsReview;
  if (cardsReview_ !== undefined && cardsReview_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, cardsReview_);
  }
  const cardsBlock_ = message.cardsBlock;
  if (cardsBlock_ !== undefined && cardsBlock_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, cardsBlock_);
  }
  const alikePermille_ = message.alikePermille;
  if (alikePermille_ !== undefined && alikePermille_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, alikePermille_);
  }
  const block_ = message.block;
  if (block_ !== undefined && block_ != 0) {
    out[at++] = 48;
    at = varint(out, at, block_);
  }
  const lateMax_ = message.lateMax;
  if (lateMax_ !== undefined && lateMax_ != 0) {
    out[at++] = 56;
    at = varint(out, at, lateMax_);
  }
  const amountMax_ = message.amountMax;
  if (amountMax_ !== undefined && amountMax_ != 0) {
    out[at++] = 64;
    at = varint(out, at, amountMax_);
  }
  const futureMax_ = message.futureMax;
  if (futureMax_ !== undefined && futureMax_ != 0) {
    out[at++] = 72;
    at = varint(out, at, futureMax_);
  }
  const idleTtl_ = message.idleTtl;
  if (idleTtl_ !== undefined && idleTtl_ != 0) {
    out[at++] = 80;
    at = varint(out, at, idleTtl_);
  }
  if (at > out.length) throw new RangeError("Cannot encode BinAttackParams: the buffer is too small");
  return at;
}


// deno-lint-ignore-file no-unused-vars

function varint(out: Uint8Array, at: number, value: Integer64): number {
  if (typeof value === "bigint") {
    const whole = Number(value);
    if (whole < 0 || whole > 9007199254740991) return varintBig(out, at, BigInt.asUintN(64, value));
    value = whole;
  } else if (value < 0) {
    return varintBig(out, at, BigInt.asUintN(64, BigInt(value)));
  }
  while (value > 2147483647) {
    out[at++] = value % 128 + 128;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    out[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

function varintBig(out: Uint8Array, at: number, value: bigint): number {
  while (value > 127n) {
    out[at++] = Number(value & 127n) | 128;
    value >>= 7n;
  }
  out[at++] = Number(value);
  return at;
}

function bool(out: Uint8Array, at: number, value: boolean): number {
  out[at] = value ? 1 : 0;
  return at + 1;
}

function zigzag32(out: Uint8Array, at: number, value: number): number {
  return varint(out, at, ((value << 1) ^ (value >> 31)) >>> 0);
}

function zigzag64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt(value);
  return varintBig(out, at, BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n)));
}

function text(out: Uint8Array, at: number, value: Text): number {
  if (typeof value !== "string") return bytes(out, at, value);
  const length = value.length, start = at;
  at = varint(out, at, length);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 127) return bytes(out, start, encoder.encode(value));
    out[at++] = code;
  }
  return at;
}

function bytes(out: Uint8Array, at: number, value: Uint8Array): number {
  at = varint(out, at, value.length);
  if (at + value.length <= out.length) out.set(value, at);
  return at + value.length;
}

function fixed32(out: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) out[at++] = value >>> (8 * i);
  return at;
}

function fixed64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt.asUintN(64, BigInt(value));
  return fixed32(out, fixed32(out, at, Number(wide & 0xffffffffn)), Number(wide >> 32n));
}

function float(out: Uint8Array, at: number, value: number): number {
  floats.setFloat32(0, value, true);
  return fixed32(out, at, floats.getUint32(0, true));
}

function double(out: Uint8Array, at: number, value: number): number {
  floats.setFloat64(0, value, true);
  return fixed32(out, fixed32(out, at, floats.getUint32(0, true)), floats.getUint32(4, true));
}

/** Puts the length before a message that began at `begun`, one byte after the place kept for it. */
function ended(out: Uint8Array, begun: number, at: number): number {
  const length = at - begun;
  if (length < 128) {
    out[begun - 1] = length;
    return at;
  }
  const room = length < 16384 ? 1 : length < 2097152 ? 2 : 3;
  if (at + room <= out.length) {
    out.copyWithin(begun + room, begun, at);
    varint(out, begun - 1, length);
  }
  return at + room;
}

const encoder = new TextEncoder();
const floats = new DataView(new ArrayBuffer(8));
