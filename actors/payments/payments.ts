/** Card payments as pipelines: fraud by card, attacks on a BIN by BIN × merchant, and both as one decision. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Pipeline, Topology } from "../../runtime/mod.ts";
import { binAttack } from "./bin_attack.ts";
import { fraud } from "./fraud.ts";
import { BinAttackParamsSchema, FraudParamsSchema } from "./gen/payment_pb.ts";

export { binAttack, fraud };

/** A payment asks both pipelines under `payments`; the strictest verdict wins. */
export const payments: Topology = {
  pipelines: [fraud, binAttack],
  decisions: { payments: ["fraud", "bin-attack"] },
};

/** `fraud` with other thresholds. */
export function fraudWith(params: MessageInitShape<typeof FraudParamsSchema>): Pipeline {
  return { ...fraud, params: toBinary(FraudParamsSchema, create(FraudParamsSchema, params)) };
}

/** `bin-attack` with other thresholds. */
export function binAttackWith(params: MessageInitShape<typeof BinAttackParamsSchema>): Pipeline {
  return { ...binAttack, params: toBinary(BinAttackParamsSchema, create(BinAttackParamsSchema, params)) };
}
