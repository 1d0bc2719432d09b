/** The sink contract on tables of a real PostgreSQL, and what only a database server has to show. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { postgresSink } from "../../runtime/adapters/sinks/postgres.ts";
import type { Output } from "../../runtime/mod.ts";
import { type PostgresServer, rowsIn, startPostgres } from "../support/postgres.ts";
import { openSink } from "./sink_places.ts";
import { batches, goOn, payloadText, sinkContract, type SinkPlace } from "./sinks.ts";

const STEPS = ["begin", "position", "rows", "commit", "committed"];

let server: PostgresServer | undefined;
let tables = 0;

describe("on a real PostgreSQL", () => {
  before(async () => void (server = await startPostgres()));
  after(() => server?.close());

  for (const rows of ["key", "output"] as const) {
    sinkContract(`a PostgreSQL table with a row for each ${rows}`, {
      rows,
      steps: STEPS,
      atomic: true,
      make: () => Promise.resolve(place(rows)),
    });
  }

  describe("a PostgreSQL sink", () => {
    it("goes on after the server was killed under it, again and again", async () => {
      const { open, seen } = place("output");
      const all = batches(0, Array.from({ length: 200 }, (_, frame) => frame + 1));
      let kills = 0, done = false;
      const killer = (async () => {
        while (!done && kills < 3) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          await server!.restart();
          kills++;
        }
      })();
      while (kills < 2 || !done) {
        try {
          const sink = await open();
          try {
            await goOn(sink, all);
            done = kills >= 2;
          } finally {
            await sink.close();
          }
        } catch {
          // Away: opened again, it goes on.
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await killer;
      const ids = (await seen()).map(({ frame, output }) => frame * 10 + output).sort((a, b) => a - b);
      assert.deepEqual(
        ids,
        all.flatMap(({ outputs }) => outputs.map((o) => o.position.frame * 10 + o.output)),
      );
    });

    it("keeps JSON that can be queried, also where a text holds what jsonb cannot", async () => {
      const json = ({ output }: Output) => JSON.stringify({ output, text: `a\0b\\u0000` });
      const options = {
        url: server!.url,
        pipeline: "tally",
        table: "as_json",
        rows: "output",
        json,
      } as const;
      const sink = await postgresSink({ ...options, value: "json" });
      await sink.commit(batches(0, [1])[0]);
      await sink.close();
      const found = await rowsIn(
        server!.url,
        "SELECT (value ->> 'output')::int AS output, value ->> 'text' AS text FROM as_json",
      );
      assert.deepEqual(found.map(({ output }) => output).sort(), [0, 1, 2, 3, 4]);
      assert.equal(found[0].text, "a\ufffdb\\u0000");
    });

    it("removes the row of a key that is taken back last", async () => {
      const retracted = ({ position, output }: Output) => position.frame === 2 && output < 2;
      const options = {
        pipeline: "tally",
        table: "shrinking",
        rows: "key",
        value: "protobuf",
        retracted,
      } as const;
      const sink = await postgresSink({ ...options, url: server!.url });
      // Keys 0.2 and 0.3 are the first two outputs of frame 2; 0.2 comes again as its fifth.
      for (const batch of batches(0, [1, 2])) await sink.commit(batch);
      await sink.close();
      const found = await rowsIn(server!.url, "SELECT key FROM shrinking");
      assert.deepEqual(found.map(({ key }) => key).sort(), ["k0.0", "k0.1", "k0.2"]);
    });

    it("says what to check when it cannot connect, and names no password", async () => {
      const options = { pipeline: "tally", table: "t", rows: "key", value: "protobuf" } as const;
      const url = server!.url.replace("of-a-test", "a-wrong-one");
      await assert.rejects(postgresSink({ ...options, url }), (error: Error) => {
        assert.match(error.message, /Cannot open postgres 127\.0\.0\.1:.*Check that the server answers/);
        assert.doesNotMatch(error.message, /a-wrong-one/);
        return true;
      });
    });
  });
});

function place(rows: "key" | "output"): SinkPlace {
  const table = `totals_${++tables}`;
  const options = { url: server!.url, pipeline: "tally", table, rows, value: "protobuf" } as const;
  const config = { kind: "postgres", options } as const;
  return {
    config,
    open: (step) => openSink(config, step),
    async seen() {
      const found = await rowsIn(server!.url, `SELECT key, value, "partition", frame, output FROM ${table}`);
      return found.map(({ key, value, partition, frame, output }) => ({
        partition: Number(partition),
        frame: Number(frame),
        output: Number(output),
        key: String(key),
        payload: payloadText(Uint8Array.from(value as Uint8Array)),
      }));
    },
    remove: () => Promise.resolve(),
  };
}
