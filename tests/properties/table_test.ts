import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Table } from "../models/table.ts";
import { CLOCK, command, loadForTest, run, seeded } from "./kernel_under_test.ts";

const TTL = 60_000_000n;
const utf8 = new TextEncoder();

describe("table", () => {
  it("answers as a Map does over inserts, updates, removals, reaping and growth", async () => {
    const random = seeded("table");
    const kernel = (await loadForTest("operators")).instantiate();
    const model = new Table(TTL);
    let clock = CLOCK;
    for (let round = 0; round < 150; round++) {
      const keys = 20 << (round % 12);
      const commands: Uint8Array[] = [], expected: unknown[] = [];
      for (let i = 0; i < 200; i++) {
        const n = random.below(keys);
        const key = `k${n}`.padEnd(1 + n % 40, "x"); // some stand in the entry, some in the arena
        const op = random.below(10);
        if (op < 7) {
          const amount = random.i64(), { sum, fresh } = model.upsert(key, amount, BigInt(clock));
          commands.push(command(1, utf8.encode(key), amount));
          expected.push({ 1: sum, 2: fresh ? 1n : 0n, 3: BigInt(model.count), reason: 0 });
        } else if (op < 9) {
          const removed = model.remove(key);
          commands.push(command(2, utf8.encode(key)));
          expected.push({ 1: removed ? 1n : 0n, 2: 0n, 3: BigInt(model.count), reason: 0 });
        } else {
          const sum = model.find(key);
          commands.push(command(3, utf8.encode(key)));
          expected.push({ 1: sum ?? 0n, 2: sum === undefined ? 0n : 1n, 3: BigInt(model.count), reason: 0 });
        }
      }
      assert.deepEqual(run(kernel, commands, clock).map(filled), expected);
      clock += 7_000_000;
      if (round % 10 === 9) {
        const { removed, xor } = model.reap(BigInt(clock));
        const [reaped] = run(kernel, [command(4, new Uint8Array(), 200_000n)], clock).map(filled);
        assert.deepEqual(reaped, { 1: BigInt(removed), 2: xor, 3: BigInt(model.count), reason: 0 });
        const [scan] = run(kernel, [command(5, new Uint8Array())], clock).map(filled);
        assert.equal(scan[1], BigInt(model.count));
        assert.equal(scan[2], model.sum());
      }
    }
  });

  it("keeps integer keys and pairs of them apart", async () => {
    const random = seeded("integer keys");
    const kernel = (await loadForTest("operators")).instantiate();
    const model = new Map<string, bigint>();
    const commands: Uint8Array[] = [], expected: bigint[] = [];
    for (let i = 0; i < 5000; i++) {
      const a = BigInt(random.below(60)) << BigInt(random.below(3) * 20), b = BigInt(random.below(30));
      const pair = random.below(2) === 1, name = pair ? `${a},${b}` : `${a}`;
      model.set(name, (model.get(name) ?? 0n) + 1n);
      commands.push(command(10, new Uint8Array(), a, b, pair ? 1n : 0n));
      expected.push(model.get(name)!);
    }
    const answers = run(kernel, commands);
    assert.deepEqual(answers.map((answer) => answer[1]), expected);
    assert.ok(answers.every((answer) => answer[2] === 1n));
    assert.equal(answers.at(-1)![3], BigInt(model.size));
  });

  it("refuses a new key at the bound on state, and goes on with the old ones", async () => {
    const kernel = (await loadForTest("operators", { stateBytesMax: 600_000n })).instantiate();
    const commands = Array.from({ length: 20_000 }, (_, i) => command(1, utf8.encode(`key ${i}`), 1n));
    const answers = run(kernel, commands);
    const held = answers.findIndex((answer) => answer.reason === 8);
    assert.ok(held > 1000, `full after ${held} keys`);
    assert.ok(answers.slice(held).every((answer) => answer.reason === 8));
    assert.ok(kernel.stateBytes <= 600_000);
    assert.deepEqual(run(kernel, commands.slice(0, held)).map((answer) => answer[1]), Array(held).fill(2n));
  });

  it("does not grow while keys come and go at a constant number", async () => {
    const kernel = (await loadForTest("operators")).instantiate();
    const turn = (round: number) => {
      const commands: Uint8Array[] = [];
      for (let i = 0; i < 3000; i++) {
        commands.push(command(1, utf8.encode(`${10 + round}:${i}:${"y".repeat(i % 60)}`), 1n));
        commands.push(command(4, new Uint8Array(), 3n));
      }
      run(kernel, commands, CLOCK + round * 120_000_000);
    };
    for (let round = 0; round < 4; round++) turn(round);
    const before = kernel.stateBytes;
    for (let round = 4; round < 14; round++) turn(round);
    assert.equal(kernel.stateBytes, before);
  });
});

function filled(figures: { [code: number]: bigint; reason: number }) {
  return { 1: figures[1] ?? 0n, 2: figures[2] ?? 0n, 3: figures[3] ?? 0n, reason: figures.reason };
}
