/** Where the story of a run before ended: the newest event time in the ledger. */
import { fromBinary } from "@bufbuild/protobuf";
import { PaymentEventSchema } from "../../actors/payments/gen/payment_pb.ts";
import { decodeFrame, EventCursor, type Ledger } from "../../runtime/mod.ts";

/** Frames looked at from the end: epoch frames and frames of profiles carry no payment. */
const FRAMES_MAX = 200;

/** Microseconds; 0 when the ledger has no payment yet. */
export async function newestEventTime(ledger: Ledger): Promise<number> {
  let newest = 0;
  for (const name of await ledger.chains()) {
    if (!name.startsWith("bin-attack-")) continue;
    const chain = await ledger.open(name);
    const { first, last } = await chain.extent();
    for (let at = last; at >= Math.max(first, last - FRAMES_MAX) && at > 0; at--) {
      const message = await chain.get(at);
      if (!message) break;
      const found = newestOf(decodeFrame(message, `frame ${at} of ${name}`).events);
      newest = Math.max(newest, found);
      if (found > 0) break;
    }
    await chain.close();
  }
  return newest;
}

function newestOf(events: Uint8Array): number {
  let newest = 0;
  const cursor = new EventCursor(events);
  while (cursor.next()) {
    // A person's own request may carry any time, or what is not a payment at all.
    if (cursor.source.length === 0 || cursor.payload.length === 0) continue;
    const { event } = fromBinary(PaymentEventSchema, cursor.payload);
    if (event.case === "payment") newest = Math.max(newest, Number(event.value.at));
  }
  return newest;
}
