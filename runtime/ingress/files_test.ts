import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { schema } from "../../tests/support/schema.ts";
import { kept, memoryWorld, running } from "../../tests/support/world.ts";
import type { Runtime } from "../mod.ts";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import { csvColumns } from "./csv.ts";
import { type FileOptions, runFile } from "./files.ts";
import { ProblemError } from "./problem.ts";

const topology = {
  pipelines: [{ ...tally, partitions: 2 }, { ...tally, name: "other" }],
  decisions: { both: ["tally", "other"] },
};

/** The text in parts of 7 bytes: no part ends where a line does, but by chance. */
async function* parts(text: string): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  await Promise.resolve();
}

async function run(runtime: Runtime, text: string, options: Partial<FileOptions> = {}) {
  let out = "";
  const summary = await runFile(runtime, {
    pipeline: "tally",
    source: "test.ndjson",
    format: "ndjson",
    input: parts(text),
    write: (records) => void (out += records),
    clock: memoryWorld().clock,
    signal: new AbortController().signal,
    ...options,
  });
  const records = out.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return { summary, records };
}

describe("a file as a source of events", () => {
  it("answers each line in order, bad ones with their line number and problem", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const text =
        '{"key":"a","amount":1}\n\n{"key":"b","amount":2}\nnonsense\n{"amount":1}\n{"key":"a","amount":3}';
      const { summary, records } = await run(runtime, text);
      assert.deepEqual(records.map(({ line, status }) => [line, status]), [
        [1, "decided"],
        [3, "decided"],
        [4, "invalid"],
        [5, "invalid"],
        [6, "decided"],
      ]);
      assert.deepEqual(records[4].figures, { COUNT: 2, SUM: 4 });
      assert.match(records[2].problem.type, /invalid-json$/);
      assert.match(records[3].problem.type, /no-key$/);
      assert.deepEqual(summary, {
        bytes: text.length,
        events: 5,
        decided: 3,
        applied: 0,
        rejected: 0,
        invalid: 2,
      });
    });
  });

  it("keeps bad lines, and lines that are too long, as dead letters with their numbers", async () => {
    const store = kept();
    const long = `{"key":"a","note":"${"x".repeat(3000)}"}`;
    const text = `{"key":"a","amount":1}\nnonsense\n${long}\n{"amount":1}\n{"key":"a","amount":"many"}\n` +
      `{"key":"a","amount":3}\n${long}`;
    for (let round = 0; round < 2; round++) {
      await running(topology, memoryWorld(store), async (runtime) => {
        const { summary, records } = await run(runtime, text, { lineBytesMax: 1000 });
        assert.equal(summary.invalid, 5);
        const bad = records.filter(({ status }) => status === "invalid");
        assert.deepEqual(
          bad.map(({ line, position }) => [line, position !== undefined]),
          [2, 3, 4, 5, 7].map((line) => [line, round === 0]),
        );
        assert.match(records[2].problem.detail, /A line may hold 1000 bytes/);
        const letters = await runtime.deadLetters("tally");
        assert.deepEqual(letters.map(({ sequence, reason }) => [sequence, RejectReason[reason]]), [
          [2, "MALFORMED"],
          [3, "TOO_LARGE"],
          [4, "NO_KEY"],
          [5, "MALFORMED"],
          [7, "TOO_LARGE"],
        ]);
        assert.equal(new TextDecoder().decode(letters[0].payload), "nonsense");
        assert.ok(
          letters[1].payload.length > 1000 && long.startsWith(new TextDecoder().decode(letters[1].payload)),
        );
        assert.deepEqual([letters[0].source, letters[0].type], ["test.ndjson", "application/json"]);
        await assert.rejects(
          runtime.redrive("tally", letters[0].position),
          (error) => error instanceof ProblemError && error.problem.code === "invalid-json",
        );
        const cut = await runtime.redrive("tally", letters[1].position);
        assert.equal(cut.kind === "refused" && cut.admission, "too-large");
      });
    }
  });

  it("goes on behind a CSV line that is too long, with the right line numbers", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const text = `key,amount,note\na,1,\na,1,${"x".repeat(2000)}\na,x,\na,5,"two\nlines"\nb,1,end\n`;
      const { records } = await run(runtime, text, { format: "csv", source: "test.csv", lineBytesMax: 1000 });
      assert.deepEqual(records.map(({ line, status }) => [line, status]), [
        [2, "decided"],
        [3, "invalid"],
        [4, "invalid"],
        [6, "decided"],
        [7, "decided"],
      ]);
      const letters = await runtime.deadLetters("tally");
      assert.deepEqual(letters.map(({ sequence, type }) => [sequence, type]), [
        [3, "text/csv"],
        [4, "application/json"],
      ]);
    });
  });

  it("changes nothing when it is run again, also after a restart, and goes on where it was cut", async () => {
    const store = kept();
    const text = Array.from({ length: 2000 }, (_, i) => `{"key":"k${i % 5}","amount":1}`).join("\n");
    const half = text.slice(0, text.length / 2 | 0);
    const whole = half.slice(0, half.lastIndexOf("\n") + 1);
    const linesOfHalf = whole.split("\n").length - 1;
    await running(topology, memoryWorld(store), async (runtime) => {
      assert.equal((await run(runtime, whole)).summary.decided, linesOfHalf);
    });
    await running(topology, memoryWorld(store), async (runtime) => {
      const { summary } = await run(runtime, text);
      assert.deepEqual([summary.applied, summary.decided], [linesOfHalf, 2000 - linesOfHalf]);
      const again = await run(runtime, text);
      assert.deepEqual([again.summary.applied, again.summary.decided], [2000, 0]);
      const other = await run(runtime, '{"key":"k0","amount":0}', { source: "another" });
      assert.deepEqual(other.records[0].figures, { COUNT: 401, SUM: 400 });
    });
  });

  it("feeds a decision group", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const { records } = await run(runtime, '{"key":"a","amount":1}', { pipeline: "both" });
      assert.equal(records[0].answers.length, 2);
    });
  });

  it("waits for room in a small mailbox and for a slow writer, and loses nothing", async () => {
    const world = memoryWorld();
    await running(topology, world, async (runtime) => {
      const text = '{"key":"a","amount":1}\n'.repeat(20_000);
      let out = "";
      const write = async (records: string) => {
        await world.clock.sleep(1);
        out += records;
      };
      const { summary } = await run(runtime, text, { write });
      assert.equal(summary.decided, 20_000);
      const numbers = out.trimEnd().split("\n").map((record) => JSON.parse(record).line);
      assert.ok(numbers.every((line, i) => line === i + 1));
    }, { mailboxEventsMax: 64 });
  });

  it("stops with what the writer threw", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const write = () => Promise.reject(new Error("disk full"));
      await assert.rejects(run(runtime, '{"key":"a","amount":1}\n'.repeat(10), { write }), /disk full/);
    });
  });

  it("names an unknown pipeline and those there are", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      await assert.rejects(run(runtime, "", { pipeline: "taly" }), /no pipeline "taly".*tally, other/);
    });
  });

  it("reads CSV: quoted cells, empty cells, bad records with their line", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const text =
        '\ufeffkey, amount ,note\r\na,1,"says ""hi"", twice\nand more"\r\na,,\r\na,1\r\na,x,\r\na,5,end\r\n';
      const { records } = await run(runtime, text, { format: "csv", source: "test.csv" });
      assert.deepEqual(records.map(({ line, status }) => [line, status]), [
        [3, "decided"],
        [4, "decided"],
        [5, "invalid"],
        [6, "invalid"],
        [7, "decided"],
      ]);
      assert.match(records[2].problem.detail, /2 cells and the header 3/);
      assert.deepEqual(records[4].figures, { COUNT: 3, SUM: 6 });
    });
  });

  it("refuses a CSV header that does not fit, with the fields there are", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const csv = { format: "csv" } as const;
      await assert.rejects(
        run(runtime, "key,amont\na,1\n", csv),
        /"amont" names no field.*key, amount, at, note/,
      );
      await assert.rejects(run(runtime, "key,note.x\na,1\n", csv), /"note" has no fields of its own/);
    });
  });
});

describe("CSV columns", () => {
  it("take the types of nested fields, enums and booleans from the schema", () => {
    const test = schema({
      Outer: [
        { name: "inner_part", number: 1, type: "Inner" },
        { name: "colour", number: 2, type: "enum Colour" },
        { name: "on", number: 3, type: "BOOL" },
        { name: "tags", number: 4, type: "STRING", repeated: true },
      ],
      Inner: [{ name: "big_number", number: 1, type: "INT64" }],
    }, { Colour: { NONE: 0, RED: 1 } });
    const columns = csvColumns(test.message("Outer"), ["inner_part.big_number", "colour", "on"]);
    assert.deepEqual(columns.event(["9007199254740993", "RED", "1"]), {
      innerPart: { bigNumber: "9007199254740993" },
      colour: "RED",
      on: true,
    });
    assert.deepEqual(columns.event(["", "1", "false"]), { colour: 1, on: false });
    assert.throws(() => csvColumns(test.message("Outer"), ["tags"]), /"tags" is not one value.*NDJSON/);
    assert.throws(() => csvColumns(test.message("Outer"), ["inner_part"]), /is not one value/);
  });
});
