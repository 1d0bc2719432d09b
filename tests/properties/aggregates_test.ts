import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Aggregates } from "../models/aggregates.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import { command, loadOperator, restored, run } from "./operator_under_test.ts";

const MOST = 5;

/** What the kernel says of a key's aggregates. */
interface Said {
  readonly distinct: bigint;
  readonly texts: bigint;
  readonly estimate: number;
  readonly quantile: number;
  readonly least: bigint;
  readonly greatest: bigint;
  readonly numbers: bigint;
  readonly top: readonly [count: bigint, mixed: bigint];
  readonly left: bigint;
  readonly collected: string[];
  readonly heavy: (readonly [text: string, times: bigint])[];
}

function said(result: string): Said {
  const rows = [...result.matchAll(/(\w)\((-?\d+),(-?\d+),(-?\d+),([^)]*)\)/g)];
  const of = (which: string) => rows.filter((row) => row[1] === which);
  const [d] = of("D"), [o] = of("O"), [t] = of("T"), [c] = of("C");
  const bits = new DataView(new ArrayBuffer(8));
  bits.setBigInt64(0, BigInt(d[4]));
  return {
    distinct: BigInt(result.split(" ")[0].split(":")[2]),
    texts: BigInt(d[2]),
    estimate: Number(d[3]),
    quantile: bits.getFloat64(0),
    least: BigInt(o[2]),
    greatest: BigInt(o[3]),
    numbers: BigInt(o[4]),
    top: [BigInt(t[2]), BigInt(t[3])],
    left: BigInt(c[3]),
    collected: of("c").map((row) => row[5]),
    heavy: of("H").map((row) => [row[5], BigInt(row[2])] as const),
  };
}

function agrees(it: Said, model: Aggregates, q: number): void {
  const sorted = model.sorted(), exact = model.quantile(q);
  assert.equal(it.distinct, BigInt(model.numbers.size));
  assert.equal(it.texts, BigInt(model.texts.size));
  assert.equal(it.numbers, BigInt(model.numbers.size));
  assert.equal(it.least, sorted[0] ?? 0n);
  assert.equal(it.greatest, sorted.at(-1) ?? 0n);
  assert.ok(Math.abs(it.quantile - exact) <= Math.abs(exact) / 256, `${it.quantile} for ${exact}`);
  const top = model.largest(MOST);
  const mixed = BigInt.asIntN(64, top.reduce((all, value) => all * 31n + value, 0n));
  assert.deepEqual(it.top, [BigInt(top.length), mixed]);
  assert.deepEqual(it.collected, model.collected(MOST));
  assert.equal(it.left, BigInt(Math.max(0, model.seen.length - MOST)));
  const different = new Set(model.seen.map(({ value }) => value)).size;
  assert.ok(
    Math.abs(it.estimate - different) <= Math.max(2, different * 0.1),
    `${it.estimate} of ${different}`,
  );
  const times = model.frequencies();
  for (const [text, count] of it.heavy) {
    assert.ok(count >= times.get(text)!, "Count-Min never counts too little");
  }
  for (let i = 1; i < it.heavy.length; i++) assert.ok(it.heavy[i - 1][1] >= it.heavy[i][1]);
}

interface Step {
  readonly command: Uint8Array;
  check(result: string): void;
}

/** Changes, merges, unmerges and frees over a few keys. */
function steps(random: Random, count: number): Step[] {
  const models = new Map<string, Aggregates>();
  const of = (key: string) => models.get(key) ?? (models.set(key, new Aggregates()), models.get(key)!);
  const wide = random.below(2) === 1;
  return Array.from({ length: count }, () => {
    const key = `k${random.below(4)}`, model = of(key), kind = random.below(40);
    const q = random.below(1001), c = BigInt(q);
    if (kind === 0) {
      models.delete(key);
      return { command: command(4, key, { time: 0n, a: 0n, c }), check: () => {} };
    }
    const other = `k${random.below(4)}`;
    if (kind < 3 && other !== key && of(other).seen.length < 300 && model.seen.length < 300) {
      model.merge(of(other));
      return checked(command(2, key, { time: 0n, a: 0n, c, name: other }), model, q);
    }
    const value = random.below(9) ? BigInt(random.below(wide ? 1_000_000 : 60)) - 20n : random.i64();
    const known = [...model.numbers.keys()], text = `t${random.below(12)}`;
    const takesBack = kind < 10 && known.length > 0;
    const time = BigInt(random.below(50)), a = takesBack ? random.pick(known) : value;
    const name = takesBack ? [...model.texts.keys()][0] ?? text : text;
    const times = takesBack ? -1n : BigInt(1 + random.below(3));
    model.change(time, a, name, times);
    return checked(command(1, key, { time, a, b: times, c, name }), model, q);
  });
}

function snapshot(model: Aggregates): Aggregates {
  const copy = new Aggregates();
  copy.merge(model);
  return copy;
}

function checked(bytes: Uint8Array, model: Aggregates, q: number): Step {
  const then = snapshot(model);
  return { command: bytes, check: (result) => agrees(said(result), then, q / 1000) };
}

describe("aggregates with storage of their own", () => {
  it("say what the naive ones say, within their bounds, through merging and taking back", async () => {
    const random = seeded("aggregates");
    const module = await loadOperator("aggregates", []);
    for (let round = 0; round < 3; round++) {
      const all = steps(random, 200), kernel = module.instantiate();
      const results = run(kernel, all.map((step) => step.command), random);
      results.forEach(([result], i) => all[i].check(result));
    }
  });

  it("go on after a restore at any event", async () => {
    const random = seeded("aggregates, restores");
    const module = await loadOperator("aggregates", []);
    const all = steps(random, 120);
    let kernel = module.instantiate();
    for (const step of all) {
      const [[result]] = run(kernel, [step.command]);
      step.check(result);
      kernel = restored(module, kernel);
    }
  });

  it("take back a merge: what stays is what was there before", async () => {
    const random = seeded("aggregates, unmerge");
    const kernel = (await loadOperator("aggregates", [])).instantiate();
    const row = () => ({ time: 0n, a: random.i64(), b: 1n, c: 500n, name: `t${random.below(50)}` });
    for (let round = 0; round < 5; round++) {
      for (const key of ["a", "b"]) {
        run(
          kernel,
          Array.from({ length: 80 }, () => command(1, key, row())),
          random,
        );
      }
      const at = { time: 0n, a: 0n, c: 500n, name: "b" };
      const [[before], [merged], [after]] = [[command(1, "a", row())], [command(2, "a", at)], [
        command(3, "a", at),
      ]]
        .map((some) => run(kernel, some)[0]);
      const then = said(before), now = said(after);
      assert.notEqual(said(merged).numbers, then.numbers);
      for (const field of ["distinct", "texts", "numbers", "least", "greatest", "quantile"] as const) {
        assert.equal(now[field], then[field], field);
      }
    }
  });

  it("estimate large numbers of values, and give their memory back", async () => {
    const kernel = (await loadOperator("aggregates", [])).instantiate();
    let bytes = 0;
    for (let round = 0; round < 3; round++) {
      let last = "";
      for (let done = 0; done < 20_000; done += 1000) {
        const some = Array.from({ length: 1000 }, (_, i) => BigInt(done + i) * 7919n);
        const results = run(
          kernel,
          some.map((a) => command(1, "k", { time: 0n, a, b: 1n, c: 990n, name: "x" })),
        );
        last = results.at(-1)![0];
      }
      const { estimate, distinct, quantile, heavy } = said(last);
      assert.equal(distinct, 20_000n);
      assert.ok(Math.abs(estimate - 20_000) < 20_000 * 0.0163 * 4, `${estimate}`);
      assert.ok(Math.abs(quantile / (19_799 * 7919) - 1) < 1 / 256, `${quantile}`);
      assert.deepEqual(heavy, [["x", 20_000n]]);
      run(kernel, [command(4, "k", { time: 0n, a: 0n })]);
      assert.equal(kernel.keys, 0);
      if (round > 0) assert.equal(kernel.stateBytes, bytes, "nothing is lost from round to round");
      bytes = kernel.stateBytes;
    }
  });
});
