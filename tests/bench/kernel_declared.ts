/** A declared kernel beside the handwritten one that decides the same: the rules of fraud. */
import fraud from "../../actors/payments/fraud_declared.ts";
import { declared } from "../../deploy/declared.ts";
import { kernelParams, loadKernel } from "../../runtime/mod.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { loadForTest, region } from "../properties/kernel_under_test.ts";
import { cpuTime, median } from "./measure.ts";
import { Payments } from "./payments.ts";

export interface DeclaredBench {
  readonly perSecond: number;
  /** Its speed over the handwritten kernel's, on the same frames, in turns; median of the chunks. */
  readonly timesHandwritten: number;
  readonly cards: number;
  readonly bytesPerKey: number;
  readonly conditions: string;
}

const START = 1_700_265_600_000_000;
const FRAME_EVENTS = 500, CHUNK_FRAMES = 50;

export async function benchDeclared(cards = 1_000_000, events = 1_000_000): Promise<DeclaredBench> {
  const { pipeline, wasm } = await declared(fraud);
  const compiled = (await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline))).instantiate();
  const handwritten = (await loadForTest("fraud")).instantiate();
  const empty = compiled.stateBytes;
  const traffic = new Payments(cards, 0, START, { present: 0.7 });
  const spent = new Map<Kernel, number[]>([[compiled, []], [handwritten, []]]);
  for (let done = 0; done < cards + events; done += CHUNK_FRAMES * FRAME_EVENTS) {
    const frames = Array.from({ length: CHUNK_FRAMES }, () => {
      const payloads = Array.from({ length: FRAME_EVENTS }, () => ({ payload: traffic.next().slice() }));
      return { bytes: region(payloads), clock: Math.ceil(traffic.at) };
    });
    // In turns, each first as often as the other: whoever comes second finds the frames in the caches.
    const turns = done / (CHUNK_FRAMES * FRAME_EVENTS) % 2
      ? [compiled, handwritten]
      : [handwritten, compiled];
    for (const kernel of turns) {
      const micros = cpuTime(() => {
        for (const { bytes, clock } of frames) {
          for (let at = 0; at < bytes.length;) {
            at += kernel.apply(clock, 1, at ? bytes.subarray(at) : bytes, 1 << 20).consumedBytes;
          }
        }
      });
      if (done >= cards) spent.get(kernel)!.push(micros);
    }
  }
  const ratios = spent.get(compiled)!.map((micros, i) => spent.get(handwritten)![i] / micros);
  return {
    perSecond: Math.round(CHUNK_FRAMES * FRAME_EVENTS / median(spent.get(compiled)!) * 1e6),
    timesHandwritten: Math.round(median(ratios) * 100) / 100,
    cards: compiled.keys,
    bytesPerKey: Math.round((compiled.stateBytes - empty) / compiled.keys),
    conditions:
      `${FRAME_EVENTS} payments a frame, one core, no ledger; both kernels in turns on the same frames, processor ` +
      `time, median of chunks of ${CHUNK_FRAMES * FRAME_EVENTS}, with the ` +
      "same verdicts, reasons and figures (tests/properties/fraud_declared_test.ts)",
  };
}
