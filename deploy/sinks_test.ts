/** Sinks as they are configured: what is understood, what is refused, and that they get what they were told to. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { tally } from "../actors/tally/tally.ts";
import { memoryWorld, running, tallyEvent } from "../tests/support/world.ts";
import { sinksOption } from "./sink_option.ts";
import { sinkSpecs } from "./sinks.ts";

const topology = { pipelines: [{ ...tally, partitions: 2 }] };

describe("sinks of the configuration", () => {
  it("are read from the config file, from JSON as text, and from pairs", () => {
    const sinks = [{ pipeline: "tally", sink: "sqlite:out.db", rows: "output" }];
    assert.deepEqual(sinksOption.fromJson(sinks), sinks);
    assert.deepEqual(sinksOption.fromText(JSON.stringify(sinks)), sinks);
    assert.deepEqual(sinksOption.fromText("tally=sqlite:a=b.db  other=file:out"), [
      { pipeline: "tally", sink: "sqlite:a=b.db" },
      { pipeline: "other", sink: "file:out" },
    ]);
    for (
      const wrong of [[{ pipeline: "tally" }], [{ pipeline: "a", sink: "b", tabel: "c" }], {}, ["x"], "x"]
    ) {
      assert.equal(sinksOption.fromJson(wrong), undefined, JSON.stringify(wrong));
    }
    for (const wrong of ["tally", "=x", "[", "[1]"]) {
      assert.equal(sinksOption.fromText(wrong), undefined, wrong);
    }
  });

  it("say which one is wrong and how, and keep passwords to themselves", () => {
    const problems: [Record<string, string>, RegExp][] = [
      [
        { pipeline: "taly", sink: "file:x" },
        /outputs of taly to file:x: there is no such pipeline\. .* tally\?/,
      ],
      [{ pipeline: "tally", sink: "kafka:x" }, /must begin with postgres:, sqlite:, file:, https: or http:/],
      [
        { pipeline: "tally", sink: "https://u:pw@host/x?token=pw" },
        /to https:\/\/host\/x: it has no "secret"/,
      ],
      [{ pipeline: "tally", sink: "file:x", format: "csv" }, /"format" must be one of ndjson, protobuf/],
      [{ pipeline: "tally", sink: "file:x", name: "A b" }, /its name "A b" must be/],
      [{ pipeline: "tally", sink: "file:x", output: "late" }, /has no output "late"; it has only one/],
      [
        { pipeline: "tally", sink: "$NO_SUCH_THING" },
        /the environment has no NO_SUCH_THING, which "sink" names/,
      ],
    ];
    for (const [config, expected] of problems) {
      assert.throws(() => sinkSpecs([config as never], topology, memoryWorld()), (error: Error) => {
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /pw/);
        return true;
      });
    }
  });

  it("get the outputs of their pipeline: rows of a table and lines of files, as JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-sinks-"));
    process.env.MILLRACE_TEST_TABLE = "newest";
    const configs = [
      { pipeline: "tally", sink: `sqlite:${join(folder, "made/out.db")}`, table: "$MILLRACE_TEST_TABLE" },
      { pipeline: "tally", sink: `file:${join(folder, "files")}`, name: "lines" },
    ];
    const world = memoryWorld();
    await running(topology, world, async (runtime) => {
      for (let i = 1; i <= 30; i++) await runtime.submit("tally", tallyEvent(`k${i % 3}`, i));
      const behind = () => runtime.status().sinks!.some((s) => s.partitions.some((p) => p.lagFrames > 0));
      while (behind()) await world.clock.sleep(5);
      const { sinks } = runtime.status();
      assert.deepEqual(sinks!.map(({ name, state }) => [name, state]), [
        ["tally-sqlite", "running"],
        ["lines", "running"],
      ]);
      for (const { partitions } of sinks!) {
        assert.equal(partitions.reduce((sum, { outputs }) => sum + outputs, 0), 30);
      }
    }, { sinks: sinkSpecs(configs, topology, world) });

    const database = new DatabaseSync(join(folder, "made/out.db"));
    const rows = database.prepare("SELECT key, value ->> 'count' AS count FROM newest ORDER BY key").all();
    database.close();
    assert.deepEqual(rows.map(({ key, count }) => [key, Number(count)]), [["k0", 10], ["k1", 10], [
      "k2",
      10,
    ]]);
    const names = (await readdir(join(folder, "files"), { recursive: true })).filter((n) =>
      n.endsWith(".ndjson")
    );
    const texts = await Promise.all(names.map((name) => readFile(join(folder, "files", name), "utf8")));
    const lines = texts.flatMap((text) => text.trimEnd().split("\n").map((line) => JSON.parse(line)));
    assert.equal(lines.length, 30);
    assert.equal(lines.filter(({ key }) => key === "k1").at(-1).value.key, "k1");
    await rm(folder, { recursive: true });
  });
});
