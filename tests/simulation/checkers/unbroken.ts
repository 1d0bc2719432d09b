/**
 * The chain is unbroken: each frame follows the one before by number, by hash and in time. And a chain that was
 * damaged is reported as such: whatever is flipped, cut off, taken out or exchanged in it.
 */
import type { Seeded } from "../../../actors/random.ts";
import type { KernelModule } from "../../../runtime/kernel/host.ts";
import { type Chain, decodeFrame, type Frame, type Runtime, verifyChain } from "../../../runtime/mod.ts";
import type { Counters } from "../faults.ts";
import { PASSING_TRAP } from "../traps.ts";
import { sameAnswer } from "./history.ts";

/** Every frame ever stored, each proven by its own hash. */
export function decodeChain(
  name: string,
  messages: readonly Uint8Array[],
  violations: string[],
): Frame[] {
  const frames: Frame[] = [];
  for (const [index, message] of messages.entries()) {
    try {
      frames.push(decodeFrame(message, `frame ${index + 1} of ${name}`));
    } catch (error) {
      violations.push(`unbroken: ${error}`);
      return frames;
    }
  }
  return frames;
}

export function checkUnbroken(
  name: string,
  frames: readonly Frame[],
  counted: readonly Frame[],
  violations: string[],
): void {
  let clock = 0;
  for (const frame of counted) {
    const where = `unbroken: frame ${frame.number} of ${name}`;
    const before = frames[frame.number - 2];
    if (frames[frame.number - 1] !== frame) violations.push(`${where} stands elsewhere`);
    else if (before && !sameAnswer(frame.previous, before.chain)) {
      violations.push(`${where} does not follow the one before it`);
    }
    if (frame.clock < clock) violations.push(`${where}: its clock runs backward`);
    clock = frame.clock;
  }
}

const OLDER_VERSION = "decided when it was recorded";

/** No process may find its own ledger damaged, or lost, where nothing damaged it. */
export function checkHealth(runtime: Pick<Runtime, "status">, violations: string[]): void {
  const { partitions, sinks } = runtime.status();
  for (const { name, lastError } of sinks ?? []) {
    if (lastError?.includes("and the ledger ends at")) violations.push(`unbroken: ${name}: ${lastError}`);
  }
  for (const { pipeline, partition, lastError } of partitions) {
    // An owner of the version before that takes over once more traps on what its successor took, and says so.
    if (!lastError || lastError.includes(PASSING_TRAP) || lastError.includes(OLDER_VERSION)) continue;
    if (/broken|damaged|differently|Cannot replay|says it is|Cannot recover \S+:/.test(lastError)) {
      violations.push(`unbroken: ${pipeline}-${partition}: ${lastError}`);
    }
  }
}

/** Damages a copy of a chain in one way, and sees that this is reported, at that frame. */
export async function checkDamageIsReported(
  name: string,
  messages: readonly Uint8Array[],
  module: KernelModule,
  random: Seeded,
  counters: Counters,
  violations: string[],
): Promise<void> {
  if (messages.length < 2) return;
  const damaged = [...messages];
  const at = random.int(0, messages.length - 2);
  const way = random.pick(["ledgerFlipped", "ledgerTruncated", "ledgerGap", "ledgerSwapped"] as const);
  const message = damaged[at].slice();
  if (way === "ledgerFlipped") {
    message[random.int(0, message.length - 1)] ^= 1 << random.int(0, 7);
    damaged[at] = message;
  } else if (way === "ledgerTruncated") damaged[at] = message.slice(0, random.int(0, message.length - 1));
  else if (way === "ledgerGap") damaged.splice(at, 1);
  else [damaged[at], damaged[at + 1]] = [damaged[at + 1], damaged[at]];
  counters.fault(way);
  const { findings } = await verifyChain(chainOf(name, damaged), module);
  if (findings.length === 0) {
    violations.push(`unbroken: ${way} at frame ${at + 1} of ${name} is not reported`);
  } else if (findings[0].frame !== at + 1) {
    violations.push(`unbroken: ${way} at frame ${at + 1} of ${name} is reported at ${findings[0].frame}`);
  }
}

/** Messages as a chain that can be read. */
export function chainOf(name: string, messages: readonly Uint8Array[]): Chain {
  return {
    name,
    messageBytesMax: 0,
    inFlightMax: 0,
    extent: () => Promise.resolve({ first: 1, last: messages.length }),
    append: () => Promise.reject(new Error("Cannot append: it is there to be read")),
    get: (sequence) => Promise.resolve(messages[sequence - 1]),
    async *read(from, to = messages.length) {
      for (let sequence = from; sequence <= to; sequence++) {
        yield { sequence, message: messages[sequence - 1] };
      }
    },
    purge: () => Promise.reject(new Error("Cannot purge: it is there to be read")),
    close: () => Promise.resolve(),
  };
}
