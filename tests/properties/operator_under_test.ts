/** Runs a test kernel of a keyed operator (tests/properties/kernels/rows.ts): commands in, results out as text. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Kernel, type KernelModule, loadKernel } from "../../runtime/kernel/host.ts";
import { EffectKind, LateReason, LateSchema } from "../../runtime/proto/gen/frame_pb.ts";
import { KernelParamsSchema } from "../../runtime/proto/gen/params_pb.ts";
import { buildKernel } from "../../wasm/build.ts";
import { CLOCK, effectsOf, type Random, region } from "./kernel_under_test.ts";

const here = import.meta.dirname ?? dirname(fileURLToPath(import.meta.url));
const utf8 = new TextEncoder();

export const MIN = -(2n ** 63n), MAX = 2n ** 63n - 1n;

/** A row of the tests, and what the naive twins take. */
export interface Row {
  readonly time: bigint;
  readonly a: bigint;
  readonly b?: bigint;
  readonly c?: bigint;
  readonly name?: string;
  /** 1 = retract. */
  readonly op?: number;
}

/** Numbers of an operator's own parameters: a u32 in 8 bytes, and int64s, as its kernel reads them. */
export async function loadOperator(
  name: string,
  params: readonly bigint[],
  stateBytesMax = 0n,
): Promise<KernelModule> {
  const { file } = await buildKernel(join(here, "kernels", `${name}.ts`));
  const own = new Uint8Array(8 * params.length), view = new DataView(own.buffer);
  params.forEach((value, i) => view.setBigInt64(8 * i, value, true));
  return loadKernel(
    name,
    readFileSync(file),
    toBinary(KernelParamsSchema, create(KernelParamsSchema, { kernel: own, stateBytesMax })),
  );
}

export function command(op: number, key: string, row: Row): Uint8Array {
  const keyBytes = utf8.encode(key), name = utf8.encode(row.name ?? "");
  const bytes = new Uint8Array(40 + keyBytes.length + name.length), view = new DataView(bytes.buffer);
  bytes.set([op, keyBytes.length, name.length, row.op ?? 0]);
  [row.time, row.a, row.b ?? 0n, row.c ?? 0n].forEach((value, i) => view.setBigInt64(8 + 8 * i, value, true));
  bytes.set(keyBytes, 40);
  bytes.set(name, 40 + keyBytes.length);
  return bytes;
}

export function watermark(time: bigint): Uint8Array {
  return command(0, "", { time, a: 0n });
}

/** As results show it: which side, then time, a, b and name. */
export function shown(which: string, row: Row): string {
  return `${which}(${row.time},${row.a},${row.b ?? 0n},${row.name ?? ""})`;
}

/** Applies commands in frames of the given sizes; one list of results (or "late from..to", "reject r") each. */
export function run(kernel: Kernel, commands: readonly Uint8Array[], random?: Random): string[][] {
  const results: string[][] = commands.map(() => []);
  for (let done = 0; done < commands.length;) {
    const size = random ? 1 + random.below(40) : 200;
    const part = commands.slice(done, done + size);
    const applied = kernel.apply(CLOCK, 1, region(part.map((payload) => ({ payload }))), 1 << 20);
    for (const effect of effectsOf(applied.effects)) {
      results[done + effect.event].push(textOf(effect.kind, effect.payload, effect.reason, effect.key));
    }
    done += applied.consumedEvents;
  }
  return results;
}

/** Lets the operator go on, by its timers, until it wants no more; the results. */
export function settle(kernel: Kernel): string[] {
  const all: string[] = [];
  for (let clock = CLOCK + 2; clock < CLOCK + 1_000_000; clock += 2) {
    const applied = kernel.apply(clock, 1, region([{ kind: 1 }]), 1 << 20);
    for (const { kind, payload, reason, key } of effectsOf(applied.effects)) {
      all.push(textOf(kind, payload, reason, key));
    }
    if (applied.nextTimer > clock + 2) return all;
  }
  throw new Error("Cannot settle the operator: it wants to go on for ever");
}

function textOf(kind: number, payload: Uint8Array, reason: number, key: Uint8Array): string {
  if (kind === EffectKind.REJECT) return `reject ${reason}`;
  if (kind === EffectKind.LATE) {
    const late = fromBinary(LateSchema, payload);
    const missed = late.reason === LateReason.PARTIAL ? ` and ${late.missed} in all` : "";
    return `late ${late.time} ${late.windowStart}..${late.windowEnd}${missed}`;
  }
  assert.equal(kind, EffectKind.OUTPUT);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  let text = `${new TextDecoder().decode(key)}:${view.getBigInt64(0, true)}:${view.getBigInt64(8, true)}`;
  for (let at = 16; at < payload.length;) {
    const nameLength = view.getUint32(at + 4, true);
    text += ` ${
      shown(String.fromCharCode(view.getUint32(at, true)), {
        time: view.getBigInt64(at + 8, true),
        a: view.getBigInt64(at + 16, true),
        b: view.getBigInt64(at + 24, true),
        name: new TextDecoder().decode(payload.subarray(at + 32, at + 32 + nameLength)),
      })
    }`;
    at += 32 + nameLength;
  }
  return text;
}

/** The kernel as it would stand after a restore of its newest bytes. */
export function restored(module: KernelModule, kernel: Kernel): Kernel {
  const again = module.instantiate();
  kernel.snapshotBegin(true);
  again.restoreBegin(kernel.memoryBytes);
  for (let next = kernel.snapshotNext(64); next.length; next = kernel.snapshotNext(64)) {
    again.restorePages(next.slice());
  }
  again.restoreEnd();
  return again;
}

/** Clamped to int64, as the operators' times are. */
export function clamp(time: bigint): bigint {
  return time < MIN ? MIN : time > MAX ? MAX : time;
}

/** Commands, and what each must give: in this order, or (sorted) in any. */
export interface Script {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

export class Scripted implements Script {
  readonly commands: Uint8Array[] = [];
  readonly expected: string[][] = [];

  add(command: Uint8Array, expected: readonly string[]): void {
    this.commands.push(command);
    this.expected.push([...expected]);
  }
}

/**
 * Holds an operator to a script: in frames of any sizes; and with a restore after each of the first events.
 * At the end nothing is left of its state, unless `keys` says what is.
 */
export function hold(module: KernelModule, script: Script, random: Random, sorted = false, keys = 0): void {
  const order = (texts: string[]) => sorted ? texts.toSorted() : texts;
  const expected = script.expected.map(order);
  const kernel = module.instantiate();
  assert.deepEqual(run(kernel, script.commands, random).map(order), expected);
  assert.deepEqual(settle(kernel), []);
  assert.equal(kernel.keys, keys, "keys with state in the end");
  let again = module.instantiate();
  for (const [i, one] of script.commands.slice(0, 80).entries()) {
    assert.deepEqual(run(again, [one]).map(order), [expected[i]], `event ${i}, after restores`);
    again = restored(module, again);
  }
}
