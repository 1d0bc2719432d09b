import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TableJoin, type TableResult } from "../models/table_join.ts";
import { type Answer, TemporalJoin } from "../models/temporal_join.ts";
import { WindowJoin, type WindowResult } from "../models/window_join.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import {
  command,
  hold,
  loadOperator,
  MAX,
  restored,
  type Row,
  run,
  Scripted,
  settle,
  shown,
  watermark,
} from "./operator_under_test.ts";

interface Keyed extends Row {
  readonly key: string;
}

/** Event time that goes on, with rows out of order and a few far behind; the watermark follows. */
class Times {
  now = 1000n;
  mark = -(2n ** 63n);
  constructor(readonly random: Random) {}

  next(): bigint {
    this.now += BigInt(this.random.below(4));
    return this.now - BigInt(this.random.below(this.random.below(12) ? 25 : 90));
  }

  watermark(): bigint {
    const next = this.now - 25n + BigInt(this.random.below(8));
    if (next > this.mark) this.mark = next;
    return this.mark;
  }
}

function keyOf(random: Random): string {
  return `k${random.below(random.below(4) ? 4 : 40)}`.padEnd(1 + random.below(2) * 25, "x");
}

describe("windowed join", () => {
  const text = ({ left, right, start }: WindowResult<Keyed>) =>
    `:${(left ? 1 : 0) + (right ? 2 : 0)}:${start}` + (left ? ` ${shown("L", left)}` : "") +
    (right ? ` ${shown("R", right)}` : "");

  for (const [kind, name] of ["inner", "left", "right", "full"].entries()) {
    it(`${name}: gives what its twin gives, for tumbling and hopping windows`, async () => {
      const random = seeded(`windowed join, ${name}`);
      for (
        const [size, slide, offset, lateness] of [
          [10n, 10n, 0n, 0n],
          [12n, 5n, 3n, 0n],
          [20n, 4n, -7n, 6n],
          [5n, 8n, 1n, 0n],
        ]
      ) {
        const twin = new WindowJoin<Keyed>(kind, size, slide, offset, lateness);
        const times = new Times(random), script = new Scripted();
        for (let i = 0; i < 700; i++) {
          if (random.below(7) === 0) {
            const mark = times.watermark();
            script.add(watermark(mark), twin.advance(mark).map(text));
            continue;
          }
          const row: Keyed = { key: keyOf(random), time: times.next(), a: BigInt(i), name: `n${i}` };
          const left = random.below(2) === 0, { missed, partly } = twin.add(left, row);
          script.add(
            command(left ? 1 : 2, row.key, row),
            missed === undefined
              ? []
              : [`late ${row.time} ${missed}..${missed + size}${partly ? ` and ${partly} in all` : ""}`],
          );
        }
        script.add(watermark(MAX), twin.advance(MAX).map(text));
        assert.equal(twin.rows, 0);
        hold(await windowed(kind, size, slide, offset, lateness), script, random, true);
      }
    });
  }

  it("tells a large window a frame's worth at a time, and what comes meanwhile does not change it", async () => {
    const module = await windowed(3, 100n, 50n, 0n, 0n);
    let kernel = module.instantiate();
    const rows = Array.from(
      { length: 3000 },
      (_, i) => ({ key: `k${i % 1500}`, time: BigInt(i % 100), a: BigInt(i) }),
    );
    const twin = new WindowJoin<Keyed>(3, 100n, 50n, 0n, 0n);
    run(kernel, rows.map((row, i) => (twin.add(i % 3 > 0, row), command(i % 3 > 0 ? 1 : 2, row.key, row))));
    const results = run(kernel, [watermark(100n)]).flat();
    const all = twin.advance(100n).map(text).toSorted();
    assert.ok(results.length < all.length);
    // In time for the window that ends at 150 alone, though the one before has not all been told.
    const late: Keyed = { key: "k7", time: 60n, a: -1n };
    twin.add(true, late);
    kernel = restored(module, kernel);
    results.push(...run(kernel, [command(1, "k7", late)]).flat().filter((one) => !one.startsWith("late")));
    results.push(...settle(kernel));
    assert.deepEqual(results.toSorted(), all);
    assert.deepEqual(
      [...run(kernel, [watermark(MAX)]).flat(), ...settle(kernel)].toSorted(),
      twin.advance(MAX).map(text).toSorted(),
    );
    assert.equal(kernel.keys, 0);
  });

  function windowed(kind: number, size: bigint, slide: bigint, offset: bigint, lateness: bigint) {
    return loadOperator("join_window", [BigInt(kind), size, slide, offset, lateness, 0n]);
  }
});

describe("table-table join", () => {
  const text = (op: number) => ({ left, right }: TableResult<Row>) =>
    `:${(left ? 1 : 0) + (right ? 2 : 0)}:${op}` + (left ? ` ${shown("L", left)}` : "") +
    (right ? ` ${shown("R", right)}` : "");

  for (const [kind, name] of ["inner", "left", "right", "full"].entries()) {
    it(`${name}: takes back what is no longer so, and puts out what is`, async () => {
      const random = seeded(`table join, ${name}`);
      const twin = new TableJoin<Row>(kind), script = new Scripted();
      let before: string[] = [];
      for (let i = 0; i < 900; i++) {
        const remove = random.below(3) === 0, key = `product ${random.below(8)}`;
        const id = random.below(30),
          row: Row = { time: BigInt(i), a: BigInt(id), b: BigInt(i), op: remove ? 1 : 0 };
        const left = random.below(3) > 0;
        const known = left ? twin.keyOf(`${id}`) !== undefined : twin.hasRight(key);
        if (left) twin.left(`${id}`, key, remove ? undefined : row);
        else twin.right(key, remove ? undefined : row);
        const answer = twin.answer();
        const after = answer.map(text(0));
        const taken = before.filter((one) => !after.includes(one)).map((one) => one.replace(":0", ":1"));
        const given = after.filter((one) => !before.includes(one));
        script.add(command(left ? 1 : 2, key, row), remove && !known ? ["reject 3"] : [...taken, ...given]);
        before = after;
      }
      for (let id = 0; id < 30; id++) {
        if (twin.keyOf(`${id}`) === undefined) continue;
        twin.left(`${id}`, "", undefined);
        const after = twin.answer().map(text(0));
        const taken = before.filter((one) => !after.includes(one)).map((one) => one.replace(":0", ":1"));
        const given = after.filter((one) => !before.includes(one));
        script.add(command(1, "", { time: 0n, a: BigInt(id), op: 1 }), [...taken, ...given]);
        before = after;
      }
      for (let n = 0; n < 8; n++) {
        if (!twin.hasRight(`product ${n}`)) continue;
        twin.right(`product ${n}`, undefined);
        const after = twin.answer().map(text(0));
        const taken = before.filter((one) => !after.includes(one)).map((one) => one.replace(":0", ":1"));
        script.add(command(2, `product ${n}`, { time: 0n, a: 0n, op: 1 }), taken);
        before = after;
      }
      hold(await loadOperator("join_table", [BigInt(kind), 0n]), script, random, true);
    });
  }

  it("brings a price to all its orders a frame's worth at a time, whatever comes meanwhile", async () => {
    const random = seeded("table join, many orders");
    for (const kind of [0, 3]) {
      const twin = new TableJoin<Row>(kind);
      const module = await loadOperator("join_table", [BigInt(kind), 0n]);
      let kernel = module.instantiate();
      const holds = new Map<string, number>();
      const take = (texts: string[]) => {
        for (const one of texts) {
          assert.ok(!one.startsWith("reject"), one);
          const retract = /^:\d:1/.test(one), what = one.replace(/^(:\d):1/, "$1:0");
          const count = (holds.get(what) ?? 0) + (retract ? -1 : 1);
          if (count) holds.set(what, count);
          else holds.delete(what);
        }
        return texts.length;
      };
      const send = (op: number, key: string, row: Row) => {
        if (op === 1) twin.left(`${row.a}`, key, row.op ? undefined : row);
        else twin.right(key, row.op ? undefined : row);
        return take(run(kernel, [command(op, key, row)]).flat());
      };
      for (let i = 0; i < 1500; i++) send(1, "p", { time: 0n, a: BigInt(i) });
      for (let round = 0; round < 12; round++) {
        const price: Row = { time: BigInt(round), a: 0n, b: BigInt(round), op: random.below(4) ? 0 : 1 };
        if (price.op && !twin.hasRight("p")) continue;
        send(2, "p", price);
        if (random.below(2)) kernel = restored(module, kernel);
        for (let i = 0; i < random.below(30); i++) {
          const a = BigInt(random.below(1600)),
            remove = random.below(3) === 0 && twin.keyOf(`${a}`) !== undefined;
          send(1, random.below(3) ? "p" : "q", { time: 5n, a, b: BigInt(round), op: remove ? 1 : 0 });
        }
        if (random.below(2)) take(settle(kernel));
      }
      take(settle(kernel));
      assert.deepEqual([...holds.keys()].toSorted(), twin.answer().map(text(0)).toSorted());
      // None where the price is gone at the end, and orders alone are not told.
      assert.ok([...holds.values()].every((count) => count === 1));
    }
  });
});

describe("stream-table join", () => {
  it("joins each row with the newest of its key", async () => {
    const random = seeded("latest join");
    for (const kind of [0, 1]) {
      const table = new Map<string, Row>(), script = new Scripted();
      for (let i = 0; i < 600; i++) {
        const key = keyOf(random),
          row: Row = { time: BigInt(i), a: BigInt(i), name: "r".repeat(random.below(20)) };
        if (random.below(2)) {
          const right = table.get(key);
          script.add(
            command(1, key, row),
            right
              ? [`:3:0 ${shown("L", row)} ${shown("R", right)}`]
              : kind
              ? [`:1:0 ${shown("L", row)}`]
              : [],
          );
        } else {
          const op = random.below(3) === 0 ? 1 : 0;
          script.add(command(2, key, { ...row, op }), op && !table.has(key) ? ["reject 3"] : []);
          if (op) table.delete(key);
          else table.set(key, row);
        }
      }
      for (const key of table.keys()) script.add(command(2, key, { time: 0n, a: 0n, op: 1 }), []);
      hold(await loadOperator("join_latest", [BigInt(kind), 0n]), script, random);
    }
  });

  const text = ([left, right]: Answer<Keyed>) =>
    `:${right ? 3 : 1}:0 ${shown("L", left)}` + (right ? ` ${shown("R", right)}` : "");

  for (
    const [kind, history, tolerance, what] of [
      [0n, 0n, MAX, "inner, without history"],
      [1n, 40n, MAX, "left, with history"],
      [1n, 0n, 9n, "left, as of at most 9 before"],
      [0n, 15n, 4n, "inner, as of at most 4 before, with history"],
      [1n, 0n, 0n, "left, at the very time"],
    ] as const
  ) {
    it(`as of event time, ${what}: answers as its twin, which forgets nothing`, async () => {
      const random = seeded(`temporal join, ${what}`);
      const twin = new TemporalJoin<Keyed>(kind === 1n, history, tolerance);
      const times = new Times(random), script = new Scripted();
      const ended = new Map<string, Keyed>();
      for (let i = 0; i < 900; i++) {
        if (random.below(7) === 0) {
          const mark = times.watermark();
          script.add(watermark(mark), twin.advance(mark).map(text));
          continue;
        }
        const row: Keyed = { key: keyOf(random), time: times.next(), a: BigInt(i) };
        const late = [`late ${row.time} ${row.time}..${row.time}`];
        if (random.below(2)) {
          const answer = twin.stream(row);
          script.add(command(1, row.key, row), answer === "late" ? late : answer.map(text));
        } else {
          const version = { ...row, op: random.below(5) ? 0 : 1 };
          script.add(command(2, row.key, version), twin.version(version) ? [] : late);
          ended.set(row.key, row);
        }
      }
      for (const key of ended.keys()) {
        const end: Keyed = { key, time: times.now + 100n, a: 0n, op: 1 };
        twin.version(end);
        script.add(command(2, key, end), []);
      }
      script.add(watermark(MAX), twin.advance(MAX).map(text));
      hold(await loadOperator("join_temporal", [kind, history, tolerance, 0n]), script, random);
    });
  }

  it("gives an answer that does not depend on the order of arrival", async () => {
    const random = seeded("temporal join, orders");
    const module = await loadOperator("join_temporal", [1n, 0n, MAX, 0n]);
    // Versions at different times: of two at one time the later to arrive holds.
    const rows = Array.from({ length: 200 }, (_, i) => ({
      op: 1 + random.below(2),
      key: `k${random.below(5)}`,
      row: { time: BigInt(i * 3 + random.below(3)), a: BigInt(i) },
    }));
    let first: string[] | undefined;
    for (let round = 0; round < 5; round++) {
      rows.sort(() => random.below(3) - 1);
      const kernel = module.instantiate();
      const answer = run(kernel, [...rows.map(({ op, key, row }) => command(op, key, row)), watermark(MAX)])
        .flat();
      first ??= answer;
      assert.deepEqual([...answer, ...settle(kernel)], first);
    }
  });
});
