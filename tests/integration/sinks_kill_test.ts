/** kill -9 of a process that decides and delivers at once: every sink ends with each output of the ledger, once. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { openLedger } from "../../deploy/world.ts";
import { decodeFrame, EFFECT_KIND, EffectCursor } from "../../runtime/mod.ts";
import { OutputRecordSchema } from "../../runtime/proto/gen/output_pb.ts";
import { type PostgresServer, rowsIn, startPostgres } from "../support/postgres.ts";

const KILLS = 5;

describe("sinks of a process that is killed", () => {
  let server: PostgresServer;
  let folder: string;
  before(async () => {
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), "millrace-sinks-"));
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("hold every output of the ledger once, in a table, in files and in PostgreSQL", async () => {
    const config = {
      data: join(folder, "data"),
      ledger: "sqlite",
      natsUrl: "",
      natsCredentials: "",
      natsSync: "default",
      prefix: "kill",
      durability: "process",
      logLevel: "silent",
    } as const;
    const sinks = [
      { pipeline: "tally", sink: `sqlite:${join(folder, "out.db")}`, rows: "output" },
      { pipeline: "tally", sink: `file:${join(folder, "files")}`, format: "protobuf" },
      { pipeline: "tally", sink: server.url, table: "totals" },
    ];
    const run = (order: object) => live({ config, sinks, ...order });
    for (let kill = 0; kill < KILLS; kill++) {
      const life = run({});
      await life.decided(500 + 700 * kill);
      life.kill();
      assert.equal(await life.ended, "SIGKILL");
    }
    assert.equal(await run({ drain: true }).ended, 0);

    const wanted = await outputsOf(config);
    assert.ok(wanted.size > KILLS * 100, `${wanted.size} outputs were put out`);

    const database = new DatabaseSync(join(folder, "out.db"));
    const rows = database.prepare(`SELECT "partition", frame, output, value ->> 'count' AS count FROM tally`)
      .all();
    database.close();
    const table = rows.map((
      { partition, frame, output, count },
    ) => [`${partition}.${frame}.${output}`, String(count)]);
    assert.equal(table.length, wanted.size);
    assert.deepEqual(new Map(table as [string, string][]), sorted(table, wanted));

    const records = await fileRecords(join(folder, "files"));
    assert.equal(records.length, wanted.size);
    assert.deepEqual(new Map(records), sorted(records, wanted));

    const totals = await rowsIn(server.url, "SELECT key, value ->> 'count' AS count FROM totals");
    // The newest of each key is the largest: a tally counts up.
    const newest = new Map<string, bigint>();
    for (const text of wanted.values()) {
      const [key, count] = text.split("=");
      if (BigInt(count) > (newest.get(key) ?? 0n)) newest.set(key, BigInt(count));
    }
    assert.deepEqual(new Map(totals.map(({ key, count }) => [key, BigInt(count)])).size, newest.size);
    for (const { key, count } of totals) assert.equal(BigInt(count), newest.get(key), key);
  });
});

function live(order: object) {
  const file = fileURLToPath(new URL("./sinks_process.ts", import.meta.url));
  const deno = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  const child = spawn(process.execPath, [...deno, file, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? code ?? -1));
  });
  /** Until it has decided so many. */
  const decided = (count: number) =>
    new Promise<void>((resolve, reject) => {
      const lines = createInterface({ input: child.stdout! });
      lines.on("line", (line) => Number(line) >= count && resolve());
      void ended.then((code) => reject(new Error(`the process ended with ${code}`)));
    });
  return { decided, ended, kill: () => child.kill("SIGKILL") };
}

/** "partition.frame.output" → "key=count", from the ledger itself. */
async function outputsOf(config: Parameters<typeof openLedger>[0]): Promise<Map<string, string>> {
  const ledger = await openLedger(config);
  const found = new Map<string, string>();
  for (const partition of [0, 1]) {
    const chain = await ledger.open(`tally-${partition}`);
    for await (const { sequence, message } of chain.read(1)) {
      const cursor = new EffectCursor(decodeFrame(message, `frame ${sequence}`).effects);
      for (let output = 0; cursor.next();) {
        if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
        const { key, count } = fromBinary(TallyStateSchema, cursor.payload);
        found.set(`${partition}.${sequence}.${output++}`, `${key}=${count}`);
      }
    }
    await chain.close();
  }
  await ledger.close();
  return found;
}

async function fileRecords(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".pb"));
  const records: [string, string][] = [];
  for (const name of names) {
    const reader = new BinaryReader(await readFile(join(folder, name)));
    while (reader.pos < reader.len) {
      const { partition, frame, output, payload } = fromBinary(OutputRecordSchema, reader.bytes());
      records.push([`${partition}.${frame}.${output}`, String(fromBinary(TallyStateSchema, payload).count)]);
    }
  }
  return records;
}

/** What is wanted, in the order of what was found, so that a difference reads well: place → count. */
function sorted(found: readonly (readonly string[])[], wanted: Map<string, string>): Map<string, string> {
  const counts = new Map([...wanted].map(([place, text]) => [place, text.split("=")[1]]));
  return new Map(found.map(([place]) => [place, counts.get(place) ?? "not in the ledger"]));
}
