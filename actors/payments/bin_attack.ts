/** Many distinct cards of one BIN through one merchant, high and alike: wasm/kernels/bin_attack.ts. */
import type { Pipeline } from "../../runtime/mod.ts";
import { paymentAdvice } from "./advice.ts";
import {
  BinAlertSchema,
  BinStateSchema,
  PaymentEventSchema,
  PaymentFigureSchema,
  PaymentReasonSchema,
  PaymentRejectSchema,
} from "./gen/payment_pb.ts";

export const binAttack: Pipeline = {
  name: "bin-attack",
  kernel: "bin_attack",
  input: PaymentEventSchema,
  key: [["payment.bin", "payment.merchant"], ["bin_release.bin", "bin_release.merchant"]],
  broadcast: ["merchant_policy"],
  output: BinAlertSchema,
  state: BinStateSchema,
  reasons: PaymentReasonSchema,
  figures: PaymentFigureSchema,
  rejects: PaymentRejectSchema,
  advice: paymentAdvice,
};
