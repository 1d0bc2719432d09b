/** Pre-trade risk of an account's orders: fifteen checks before each of them, wasm/kernels/pretrade.ts. */
import type { Pipeline } from "../../runtime/mod.ts";
import { orderAdvice } from "./advice.ts";
import {
  AccountStateSchema,
  CancelRequestSchema,
  OrderEventSchema,
  OrderFigureSchema,
  OrderReasonSchema,
  OrderRejectSchema,
} from "./gen/order_pb.ts";

export const pretrade: Pipeline = {
  name: "pretrade",
  kernel: "pretrade",
  input: OrderEventSchema,
  key: ["account"],
  broadcast: ["instrument", "reference_price", "price_band", "restricted_instrument", "kill_switch"],
  output: CancelRequestSchema,
  state: AccountStateSchema,
  reasons: OrderReasonSchema,
  figures: OrderFigureSchema,
  rejects: OrderRejectSchema,
  advice: orderAdvice,
};
