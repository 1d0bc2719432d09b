/**
 * Replay is byte-equal: the kernel that wrote a frame, given all events before it, answers that frame's events
 * as the ledger has it. Where a chain was written by several kernels, each is held to its own frames.
 */
import { hex } from "../../../runtime/hash.ts";
import type { Kernel, KernelModule } from "../../../runtime/kernel/host.ts";
import type { ChainHistory } from "./history.ts";
import { sameAnswer } from "./history.ts";

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

export function checkReplay(
  { name, frames }: ChainHistory,
  modules: readonly KernelModule[],
  violations: string[],
): void {
  const wrote = new Set(frames.filter(({ events }) => events.length > 0).map(({ kernel }) => hex(kernel)));
  for (const hash of wrote) {
    const module = modules.find(({ hashHex }) => hashHex === hash);
    if (module) replayWith(module.instantiate(), hash);
    else violations.push(`replay: a frame of ${name} names a kernel that nobody ran: ${hash}`);
  }

  function replayWith(kernel: Kernel, hash: string): void {
    const last = frames.findLastIndex((frame) => frame.events.length > 0 && hex(frame.kernel) === hash);
    for (const frame of frames.slice(0, last + 1)) {
      if (frame.events.length === 0) continue;
      const applied = kernel.apply(frame.clock, frame.number, frame.events, OUTPUT_BYTES_MAX);
      if (applied.consumedBytes !== frame.events.length) {
        violations.push(`replay: the kernel does not take all events of frame ${frame.number} of ${name}`);
        return;
      }
      if (!sameAnswer(applied.effects, frame.effects) && hex(frame.kernel) === hash) {
        violations.push(`replay: frame ${frame.number} of ${name} is answered differently now`);
        return;
      }
    }
  }
}
