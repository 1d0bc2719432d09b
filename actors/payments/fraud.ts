/** Velocity, speed between places, unusual amounts and suspicious history of one card: wasm/kernels/fraud.ts. */
import type { Pipeline } from "../../runtime/mod.ts";
import { paymentAdvice } from "./advice.ts";
import {
  CardStateSchema,
  PaymentEventSchema,
  PaymentFigureSchema,
  PaymentReasonSchema,
  PaymentRejectSchema,
} from "./gen/payment_pb.ts";

export const fraud: Pipeline = {
  name: "fraud",
  kernel: "fraud",
  input: PaymentEventSchema,
  key: ["payment.card", "profile.card", "card_release.card"],
  state: CardStateSchema,
  reasons: PaymentReasonSchema,
  figures: PaymentFigureSchema,
  rejects: PaymentRejectSchema,
  advice: paymentAdvice,
};
