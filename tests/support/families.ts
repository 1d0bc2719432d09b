/** Rows for ordinary declarations, in any order of arrival, and their answers compared with those of naive twins. */
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Seeded, seeded } from "../../actors/random.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { bounded, type Declaration, source } from "../../runtime/mod.ts";
import { byTime, type Item } from "../models/families.ts";
import { type DeclaredRun, openDeclared, type OutputRow } from "./declared.ts";

export const SECOND = 1_000_000n;
/** How far rows may be out of order. */
const DISORDER = 10n * SECOND;

export const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") });

/** Some keys busy, some rare; gaps of all lengths; equal times, whose rows have one note. */
export function items(
  random: Seeded,
  size: number,
  from = 1_700_000_000n * SECOND,
  span = 400n * SECOND,
): Item[] {
  let at = from;
  return Array.from({ length: size }, () => {
    const step = Number(span) / size;
    at += BigInt(random.chance(0.15) ? 0 : Math.floor(random.exponential() * step));
    if (random.chance(0.3)) at -= at % SECOND; // at the edges of windows
    if (at < from) at = from;
    const key = random.chance(0.6) ? "a" : random.pick(["b", "c", "d"]);
    return { key, amount: BigInt(random.int(-20, 100)), note: `n${at / (3n * SECOND) % 7n}`, at };
  });
}

/** No two at one time. */
export function apart(all: readonly Item[]): Item[] {
  const taken = new Set<bigint>();
  return all.map((item) => {
    let { at } = item;
    while (taken.has(at)) at++;
    taken.add(at);
    return { ...item, at };
  });
}

export const encode = ({ key, amount, note, at }: Item) =>
  toBinary(TallySchema, create(TallySchema, { key, amount, note, at }));

/** Each row comes up to the bound later than its time. */
export function shuffled<T extends { readonly at: bigint }>(
  all: readonly T[],
  random: Seeded,
  most = DISORDER,
): T[] {
  return all.map((item) => ({ item, at: Number(item.at) + random.int(0, Number(most) - 1) }))
    .sort((a, b) => a.at - b.at).map(({ item }) => item);
}

export async function inAnyOrder(
  seed: number | string,
  declaration: Declaration,
  output: string,
  answer: (all: readonly Item[]) => readonly OutputRow[],
  draw: (random: Seeded) => Item[],
  rounds = 4,
): Promise<void> {
  const random = seeded(`${seed} ${output}`);
  for (let round = 0; round < rounds; round++) {
    const all = draw(random), wanted = written(answer(all));
    for (let order = 0; order < 3; order++) {
      const life = await openDeclared(declaration, Number(all.at(-1)!.at));
      feed(life, order === 0 ? all.toSorted(byTime) : shuffled(all, random), random);
      life.end();
      same(written(life.standing(output)), wanted, `round ${round}, order ${order}`);
      assert.deepEqual([life.late, life.rejects], [[], []]);
    }
  }
}

/** In frames of any size, restored in between. */
export function feed(life: DeclaredRun, rows: readonly Item[], random: Seeded): void {
  for (let at = 0; at < rows.length;) {
    const frame = random.int(1, 40);
    life.apply(rows.slice(at, at += frame).map(encode), frame);
    if (random.chance(0.2)) life.restart();
  }
}

export function same(actual: readonly string[], wanted: readonly string[], what: string): void {
  const extra = actual.filter((row) => !wanted.includes(row)),
    missing = wanted.filter((row) => !actual.includes(row));
  assert.deepEqual(
    { extra: extra.slice(0, 3), missing: missing.slice(0, 3) },
    { extra: [], missing: [] },
    what,
  );
  assert.deepEqual(actual, wanted, what);
}

export function written(rows: readonly OutputRow[]): string[] {
  return rows.map((row) =>
    JSON.stringify(
      Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1),
      (_, value) => typeof value === "bigint" ? `${value}n` : value,
    )
  ).sort();
}
