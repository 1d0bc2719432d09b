import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { bounded, pipeline, type Runtime, source } from "../../runtime/mod.ts";
import { type FileOptions, runFiles } from "../../runtime/ingress/files.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { plain } from "../support/declared.ts";
import { kept, memoryWorld, running } from "../support/world.ts";

const clock = systemClock();
const SECOND = 1_000_000, ROWS = 4_000, WITHIN = 60 * SECOND;

const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") });

/** Each order with its payment, which has a key of its own and is at the same second. */
const paid = pipeline(
  "paid",
  { orders: timed(), payments: timed() },
  ({ orders, payments }) =>
    orders.key((e) => e.key)
      .join(payments.key((e) => e.key), { before: "5s", after: "5s", type: "full" }, (o, p, there) => ({
        key: o.key,
        amount: p.amount,
        both: there.left.and(there.right),
      }))
      .to("paid"),
);

/** A row for each second, in parts; `pause` before each part. */
async function* rows(from: number, to: number, pause: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += 50) {
    if (pause) await clock.sleep(pause);
    const lines = Array.from({ length: Math.min(50, to - at) }, (_, i) => {
      const second = at + i;
      return JSON.stringify({ key: `key-${second}`, amount: second, at: String(second * SECOND) });
    });
    yield new TextEncoder().encode(`${lines.join("\n")}\n`);
  }
}

const file = (of: string | undefined, name: string, input: AsyncIterable<Uint8Array>): FileOptions => ({
  pipeline: "paid",
  of,
  source: name,
  format: "ndjson",
  input,
  write: () => {},
  clock,
  signal: new AbortController().signal,
});

async function inRuntime<T>(use: (runtime: Runtime) => Promise<T>, memory = kept()): Promise<T> {
  const built = await declared(paid);
  return await running({ pipelines: [built.pipeline] }, memoryWorld(memory), use, {
    kernels: () => Promise.resolve(built.wasm),
  });
}

async function pairs(runtime: Runtime): Promise<number> {
  await runtime.mark("paid", {});
  await runtime.settled("paid");
  const { message } = runtime.topology.pipelines[0].outputs![0], over = new AbortController();
  let count = 0;
  for await (const { payload } of runtime.outputs("paid", "start", over.signal)) {
    const { key, amount, both } = plain(message, payload);
    assert.equal(both, true, `${key}`);
    assert.equal(key, `key-${amount}`);
    if (++count === ROWS) break;
  }
  over.abort();
  return count;
}

describe("files of different sources", () => {
  it("are joined in event time, with no more in state than what lies between them", async () => {
    for (const [orders, payments] of [[0, 2], [2, 0]]) {
      await inRuntime(async (runtime) => {
        let most = 0, isOver = false;
        const watching = (async () => {
          while (!isOver) {
            most = Math.max(most, runtime.status().partitions[0].keys);
            await clock.sleep(1);
          }
        })();
        const summary = await runFiles(runtime, [
          file("orders", "orders", rows(0, ROWS, orders)),
          file("payments", "payments-1", rows(0, ROWS / 2, payments)),
          file("payments", "payments-2", rows(ROWS / 2, ROWS, payments)),
        ], WITHIN);
        isOver = true;
        await watching;
        assert.deepEqual([summary.events, summary.applied, summary.invalid], [2 * ROWS, 2 * ROWS, 0]);
        assert.equal(await pairs(runtime), ROWS);
        assert.equal(runtime.status().partitions[0].counts.late, 0);
        // A minute, what the join keeps, and what was under way when it was looked at, on either side.
        assert.ok(most > 0 && most < 60 + 20 + 2 * 512, `${most} keys at once`);
      });
    }
  });

  it("do not wait for one that has ended, and go on where they stopped", async () => {
    const memory = kept();
    const files = (orders: number) => [
      file("orders", "orders", rows(0, orders, 0)),
      file("payments", "payments", rows(0, ROWS, 0)),
    ];
    await inRuntime((runtime) => runFiles(runtime, files(50), WITHIN), memory);
    await inRuntime(async (runtime) => {
      await runFiles(runtime, files(ROWS), WITHIN);
      assert.equal(runtime.status().partitions[0].counts.events, 2 * ROWS);
      // Orders came long after payments that the watermark, which waits for them, had not passed.
      assert.equal(await pairs(runtime), ROWS);
    }, memory);
  });

  it("are refused for a source that is not there, and end together when one fails", async () => {
    await inRuntime(async (runtime) => {
      await assert.rejects(
        runFiles(runtime, [
          file("orders", "orders", rows(0, ROWS, 1)),
          file("refunds", "refunds.ndjson", rows(0, 10, 0)),
        ], WITHIN),
        /Cannot run refunds\.ndjson: pipeline "paid" has no source "refunds"\. Choose one of orders, payments/,
      );
    });
  });
});
