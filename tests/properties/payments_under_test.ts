/** Drives the payment kernels and their models side by side: what an event answers, as plain data. */
import { fromBinary } from "@bufbuild/protobuf";
import process from "node:process";
import { BinAlertSchema } from "../../actors/payments/gen/payment_pb.ts";
import { encodePaymentEvent, type PaymentEventFields } from "../../actors/payments/gen/payment_wire.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import type { Alert } from "../models/bin_attack.ts";
import type { Answer } from "../models/payments.ts";
import { decisionOf, effectsOf, region } from "./kernel_under_test.ts";

/** Microseconds; a Saturday. */
export const START = 1_700_265_600_000_000;
export const LONG = process.env.MILLRACE_LONG === "1";

export interface Step {
  readonly payload: Uint8Array;
  readonly clock: number;
}

export function encode(event: PaymentEventFields): Uint8Array {
  const out = new Uint8Array(4096);
  return out.slice(0, encodePaymentEvent(event, out, 0));
}

/** `alerting`: its outputs are alerts. */
export function answerOf(
  kernel: Kernel,
  step: Step,
  number: number,
  alerting = true,
): { answer: Answer; alerts: Alert[] } {
  const effects = effectsOf(
    kernel.apply(step.clock, number, region([{ payload: step.payload }]), 65536).effects,
  );
  const alerts: Alert[] = [];
  let answer: Answer = { kind: "applied" };
  for (const effect of effects) {
    if (effect.kind === 3) answer = { kind: "reject", reason: effect.reason };
    if (effect.kind === 2 && alerting) alerts.push(alertOf(effect.payload, effect.key));
    if (effect.kind !== 1) continue;
    const decision = decisionOf(effect);
    answer = {
      kind: "reply",
      verdict: decision.verdict,
      reasons: decision.reasons.map((each) => [each.code, each.observed, each.limit]),
      figures: decision.figures.map((each) => [each.code, each.value]),
    };
  }
  return { answer, alerts };
}

function alertOf(payload: Uint8Array, key: Uint8Array): Alert {
  const alert = fromBinary(BinAlertSchema, payload);
  return {
    kind: alert.kind === 1 ? "blocked" : "released",
    key: new TextDecoder().decode(key),
    at: alert.at,
    blockedUntil: alert.blockedUntil,
    cards: alert.distinctCards,
  };
}

/** A kernel that went through a snapshot and was restored into a fresh instance. */
export function restoredCopy(module: KernelModule, kernel: Kernel): Kernel {
  const copy = module.instantiate();
  kernel.snapshotBegin(true);
  const parts: Uint8Array[] = [];
  for (let part = kernel.snapshotNext(64); part.length; part = kernel.snapshotNext(64)) {
    parts.push(part.slice());
  }
  copy.restoreBegin(kernel.memoryBytes);
  for (const part of parts) copy.restorePages(part);
  copy.restoreEnd();
  return copy;
}

/** A seed from MILLRACE_SEED or the given one, printed. */
export function randomFor(what: string, otherwise: number): Seeded {
  const seed = seedOf(process.env, otherwise);
  console.log(`${what}: MILLRACE_SEED=${seed}`);
  return seeded(seed);
}

/** Plain values of a state message, for comparison with a model's. */
export function plain(message: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !name.startsWith("$")));
}
