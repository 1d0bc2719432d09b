/** What the naive payment models share: answers, and the checks of one event, in BigInt and plain objects. */
import { fromBinary } from "@bufbuild/protobuf";
import { type Payment, type PaymentEvent, PaymentEventSchema } from "../../actors/payments/gen/payment_pb.ts";

export type Answer =
  | { kind: "reject"; reason: number }
  | { kind: "applied" }
  | { kind: "reply"; verdict: number; reasons: [number, bigint, bigint][]; figures: [number, bigint][] };

export const APPROVE = 1, REVIEW = 2, DECLINE = 3;
export const MALFORMED = 1, MISSING = 2, RANGE = 3, OVERFLOW = 4, OLD = 5, NEW = 6, LONG = 7, VARIANT = 10;
export const INT64_MAX = 2n ** 63n - 1n;
export const SECOND = 1_000_000n, DAY = 86_400n * SECOND;

export const rejected = (reason: number): Answer => ({ kind: "reject", reason });
export const APPLIED: Answer = { kind: "applied" };

export function decodeEvent(bytes: Uint8Array): PaymentEvent | undefined {
  try {
    return fromBinary(PaymentEventSchema, bytes);
  } catch {
    return undefined;
  }
}

export function badPayment(
  payment: Payment,
  clock: bigint,
  amountMax: bigint,
  futureMax: bigint,
): number {
  if (payment.card === "") return MISSING;
  if (bytesOf(payment.card) > 64) return LONG;
  const time = badTime(payment.at, clock, futureMax);
  if (time) return time;
  if (payment.amount <= 0n) return RANGE;
  if (payment.amount > 10n ** 15n) return OVERFLOW;
  if (payment.amount > amountMax) return RANGE;
  if (!isCurrency(payment.currency)) return RANGE;
  return badPlace(payment.latitude, payment.longitude);
}

export function badTime(at: bigint, clock: bigint, futureMax: bigint): number {
  if (at === 0n) return MISSING;
  if (at < 946_684_800_000_000n) return OLD;
  return at > clock + futureMax ? NEW : 0;
}

export function badPlace(latitude: number | undefined, longitude: number | undefined): number {
  if ((latitude === undefined) !== (longitude === undefined)) return MISSING;
  if (latitude === undefined || longitude === undefined) return 0;
  return Math.abs(latitude) <= 90e6 && Math.abs(longitude) <= 180e6 ? 0 : RANGE;
}

export function isCurrency(text: string): boolean {
  return /^([A-Z]{3})?$/.test(text) && !text.endsWith("\n");
}

export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The clock as idleness is counted: units of 2^20 µs. */
export const tickOf = (clock: bigint): bigint => clock >> 20n;
