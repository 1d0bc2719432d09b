/** The sink contract on SQLite tables, and what only tables have to show. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sqliteSink } from "../../runtime/adapters/sinks/sqlite.ts";
import type { Output } from "../../runtime/mod.ts";
import { openSink } from "./sink_places.ts";
import { batches, payloadText, sinkContract, type SinkPlace } from "./sinks.ts";

const STEPS = ["begin", "rows", "position", "commit", "committed"];

for (const rows of ["key", "output"] as const) {
  sinkContract(`an SQLite table with a row for each ${rows}`, {
    rows,
    steps: STEPS,
    atomic: true,
    make: () => place(rows),
  });
}

async function place(rows: "key" | "output"): Promise<SinkPlace> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-sink-"));
  const file = join(folder, "out.db");
  const options = { file, pipeline: "tally", table: "totals", rows, value: "protobuf", sync: true } as const;
  const config = { kind: "sqlite", options } as const;
  return {
    config,
    open: (step) => openSink(config, step),
    seen() {
      const database = new DatabaseSync(file);
      const found = database.prepare(`SELECT key, value, "partition", frame, output FROM totals`).all();
      database.close();
      return Promise.resolve(found.map(({ key, value, partition, frame, output }) => ({
        partition: Number(partition),
        frame: Number(frame),
        output: Number(output),
        key: String(key),
        payload: payloadText(value as Uint8Array),
      })));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

describe("an SQLite sink", () => {
  it("keeps JSON where it is asked to, and the positions of two tables of one file apart", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-sink-"));
    const file = join(folder, "out.db");
    const json = ({ payload }: Output) => JSON.stringify({ text: new TextDecoder().decode(payload) });
    const common = { file, pipeline: "tally", rows: "key", value: "json", json, sync: false } as const;
    const one = await sqliteSink({ ...common, table: "one" }),
      two = await sqliteSink({ ...common, table: "two" });
    const [batch] = batches(0, [1]);
    await one.commit(batch);
    assert.equal(await two.position(0), undefined);
    await two.commit(batch);
    await one.close();
    await two.close();
    const database = new DatabaseSync(file);
    const text = database.prepare("SELECT value ->> 'text' AS text FROM one ORDER BY text").all();
    assert.deepEqual(text.map((row) => row.text), [1, 2, 3, 4].map((output) => `payload 0.1.${output}`));
    database.close();
    await rm(folder, { recursive: true });
  });

  it("removes the row of a key that is taken back last", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-sink-"));
    const retracted = ({ position, output }: Output) => position.frame === 2 && output < 2;
    const options = {
      pipeline: "tally",
      table: "shrinking",
      rows: "key",
      value: "protobuf",
      retracted,
    } as const;
    const sink = await sqliteSink({ ...options, file: join(folder, "out.db"), sync: false });
    // Keys 0.2 and 0.3 are the first two outputs of frame 2; 0.2 comes again as its fifth.
    for (const batch of batches(0, [1, 2])) await sink.commit(batch);
    await sink.close();
    const database = new DatabaseSync(join(folder, "out.db"));
    const found = database.prepare("SELECT key FROM shrinking").all();
    database.close();
    await rm(folder, { recursive: true });
    assert.deepEqual(found.map(({ key }) => key).sort(), ["k0.0", "k0.1", "k0.2"]);
  });

  it("says what is wrong with a table's name, and with a file it cannot open", async () => {
    const common = { pipeline: "tally", rows: "key", value: "protobuf", sync: false } as const;
    await assert.rejects(
      sqliteSink({ ...common, file: ":memory:", table: "a; drop" }),
      /Cannot use "a; drop" as a table: .* For example/,
    );
    await assert.rejects(
      sqliteSink({ ...common, file: "/nowhere/at/all.db", table: "totals" }),
      /Cannot open sqlite \/nowhere.*Check the file/,
    );
  });
});
