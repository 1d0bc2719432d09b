/**
 * Reads the ledger that a killed process left, and says what is wrong with it: chains that do not verify,
 * acknowledged events that are lost, events applied twice or out of order, outputs fed twice or not at all.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { decodeFrame, kernelParams, type Ledger, loadKernel, verifyChain } from "../../runtime/mod.ts";
import { EFFECT_KIND, EffectCursor, EventCursor } from "../../runtime/partition/records.ts";
import { idOf, KILLED } from "./load.ts";

/** Where each acknowledged event was said to stand: "partition frame event". */
export type Acknowledged = ReadonlyMap<number, string>;

export interface Judgement {
  readonly applied: number;
  readonly fed: number;
  readonly epochs: number;
  readonly wrong: string[];
}

export async function judge(ledger: Ledger, acknowledged: Acknowledged): Promise<Judgement> {
  const wrong: string[] = [];
  const places = new Map<string, string>();
  const counts = new Map<string, number>();
  let fed = 0, epochs = 0;
  for (const pipeline of KILLED.pipelines) {
    const module = await loadKernel(
      pipeline.kernel,
      await readKernel(pipeline.kernel),
      kernelParams(pipeline),
    );
    for (let partition = 0; partition < (pipeline.partitions ?? 1); partition++) {
      const chain = await ledger.open(`${pipeline.name}-${partition}`);
      const verified = await verifyChain(chain, module);
      for (const { frame, kind, detail } of verified.findings) {
        wrong.push(`${chain.name} ${frame} ${kind}: ${detail}`);
      }
      epochs += verified.epochs;
      const { last } = await chain.extent();
      for await (const { sequence, message } of chain.read(1, last)) {
        const frame = decodeFrame(message, `frame ${sequence} of ${chain.name}`);
        for (const { event, id, payload } of applied(frame)) {
          if (pipeline.name === "second") {
            fed++;
            continue;
          }
          if (places.has(id)) {
            wrong.push(`${id} was applied twice: ${places.get(id)} and ${partition} ${sequence} ${event}`);
          }
          places.set(id, `${partition} ${sequence} ${event}`);
          const { key } = fromBinary(TallySchema, payload);
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
      await chain.close();
    }
  }
  for (const [number, place] of acknowledged) {
    const found = places.get(idOf(number));
    if (found !== place) {
      wrong.push(`event ${number} was acknowledged at ${place}, the ledger has it at ${found}`);
    }
  }
  if (fed !== places.size) {
    wrong.push(`${places.size} outputs, ${fed} of them applied by the pipeline they feed`);
  }
  return { applied: places.size, fed, epochs, wrong };
}

/** Events of a frame that were applied: those with a REPLY; the others were duplicates or stale. */
function* applied(frame: { events: Uint8Array; effects: Uint8Array }) {
  const decoder = new TextDecoder();
  const replied = new Set<number>();
  const effects = new EffectCursor(frame.effects);
  while (effects.next()) if (effects.kind === EFFECT_KIND.REPLY) replied.add(effects.event);
  const events = new EventCursor(frame.events);
  for (let event = 0; events.next(); event++) {
    if (replied.has(event)) yield { event, id: decoder.decode(events.id), payload: events.payload };
  }
}
