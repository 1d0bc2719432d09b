import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "@std/testing/bdd";
import { create, toBinary } from "@bufbuild/protobuf";
import { ProfileSchema } from "../../actors/profiles/gen/profile_pb.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { openLookup } from "../../deploy/lookups.ts";
import { lookupAt, type LookupKey, type LookupPlace, type LookupSource, start } from "../../runtime/mod.ts";
import { begin, cities, recordedRows, tally } from "../support/lookups.ts";
import type { Postgres } from "../../runtime/adapters/postgres.ts";
import { connectTo, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { kept, memoryWorld } from "../support/world.ts";

const BIG = 2n ** 60n + 1n;
const ODD = `o'dd "key" \\ {x} ü`;
const SIGNAL = new AbortController().signal;

/** Profiles by user, and tallies by an integer, at one address. */
interface Place {
  readonly profiles: LookupSource<typeof ProfileSchema, string>;
  readonly tallies: LookupSource<typeof TallySchema, bigint>;
}

function placeOf(address: string, profiles: Omit<LookupPlace, "address">, tallies = profiles): Place {
  return {
    profiles: lookupAt(ProfileSchema, address, { ...profiles, name: "profiles", key: (row) => row.user }),
    tallies: lookupAt(TallySchema, address, { ...tallies, name: "tallies", key: (row) => row.amount }),
  };
}

async function rowsFor(source: unknown, keys: readonly LookupKey[]): Promise<unknown[]> {
  const { from, message } = source as LookupSource;
  assert.ok(from.kind === "place");
  const opened = await openLookup(source as LookupSource, from.place);
  const rows = [...opened.rows ?? await opened.load!(keys, SIGNAL)] as never[];
  await opened.close?.();
  return rows.map((row) => Array.from(toBinary(message, create(message, row)))).sort();
}

function bytesOf(...rows: readonly (readonly [typeof ProfileSchema | typeof TallySchema, object])[]) {
  return rows.map(([schema, row]) => Array.from(toBinary(schema, create(schema, row as never)))).sort();
}

const ANN = [ProfileSchema, { user: "ann", city: "Oslo", level: 3, at: BIG }] as const;
const ODD_ROW = [ProfileSchema, { user: ODD, city: "", level: -1, at: 0n }] as const;
const TEA = [TallySchema, { key: "tea", amount: BIG, at: 5n, note: "n" }] as const;

function answers(make: () => Place): void {
  it("gives the rows of keys that have one", async () => {
    const { profiles, tallies } = make();
    assert.deepEqual(await rowsFor(profiles, ["ann", ODD, "nobody"]), bytesOf(ANN, ODD_ROW));
    assert.deepEqual(await rowsFor(tallies, [BIG, 7n]), bytesOf(TEA));
  });
}

const TABLES = (bigint: string) => `
  CREATE TABLE profiles ("user" text PRIMARY KEY, town text, level integer, at ${bigint});
  CREATE TABLE tallies (key text, amount ${bigint} PRIMARY KEY, at ${bigint}, note text);
  INSERT INTO profiles VALUES ('ann', 'Oslo', 3, ${BIG}), ('${
  ODD.replace("'", "''")
}', NULL, -1, 0), ('bob', 'Rom', 1, 1);
  INSERT INTO tallies VALUES ('tea', ${BIG}, 5, 'n'), ('coffee', 8, 5, 'n')`;
const OF_TABLES = [{ table: "profiles", columns: { city: "town" } }, { table: "tallies" }] as const;

describe("a lookup in a file", () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "millrace-lookup-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  it("has all of its rows, NDJSON or CSV", async () => {
    const csv = join(folder, "profiles.csv"), ndjson = join(folder, "tallies.ndjson");
    await writeFile(csv, `user,city,level,at\nann,Oslo,3,${BIG}\n"${ODD.replaceAll('"', '""')}",,-1,0\n`);
    await writeFile(ndjson, `{"key":"tea","amount":"${BIG}","at":5,"note":"n"}\n`);
    assert.deepEqual(await rowsFor(placeOf(`file:${csv}`, {}).profiles, []), bytesOf(ANN, ODD_ROW));
    assert.deepEqual(await rowsFor(placeOf(`file:${ndjson}`, {}).tallies, []), bytesOf(TEA));
  });

  it("is refused at start where it cannot be read, by pipeline, lookup, line and fix", async () => {
    const bad = join(folder, "bad.ndjson");
    await writeFile(bad, '{"user":"ann"}\n{"usr":"bob"}\n');
    const opening = async (address: string) => {
      const { pipeline, wasm } = await declared(cities({ source: placeOf(address, {}).profiles }));
      await start({ pipelines: [pipeline] }, memoryWorld(), SIGNAL, {
        kernels: () => Promise.resolve(wasm),
        lookups: openLookup,
      });
    };
    await assert.rejects(
      opening(`file:${bad}`),
      /Cannot start pipeline "cities" \(lookup "profile" in profiles\): .*bad\.ndjson, line 2: .*usr/,
    );
    await assert.rejects(opening("file:/nowhere.csv"), /\/nowhere\.csv cannot be read/);
    await assert.rejects(opening("$NO_SUCH_VARIABLE"), /the environment has no NO_SUCH_VARIABLE/);
    await assert.rejects(opening("gopher://x"), /must begin with postgres:, sqlite:, https:, http: or file:/);
    await assert.rejects(opening("postgres://h/db"), /it names no table\. Say which/);
  });
});

describe("a lookup in an SQLite table", () => {
  let folder: string, place: Place;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-lookup-"));
    const file = join(folder, "shop.db"), database = new DatabaseSync(file);
    database.exec(TABLES("integer"));
    database.close();
    place = placeOf(`sqlite:${file}`, ...OF_TABLES);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  answers(() => place);
});

describe("a lookup at an endpoint", () => {
  let server: Server, place: Place;
  const asked: unknown[] = [];
  before(async () => {
    server = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      const { keys } = JSON.parse(body) as { keys: string[] };
      asked.push([request.method, request.headers.authorization, keys]);
      if (keys.includes("fail")) return void response.writeHead(503).end("no");
      const rows = [
        { user: "ann", city: "Oslo", level: 3, at: String(BIG), other: true },
        { user: ODD, level: -1 },
        { key: "tea", amount: String(BIG), at: 5, note: "n" },
      ];
      response.end(JSON.stringify(rows.filter((row) => keys.includes(row.user ?? row.amount!))));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    process.env.MILLRACE_TEST_TOKEN = "Bearer t";
    const { port } = server.address() as AddressInfo;
    place = placeOf(`http://127.0.0.1:${port}/rows`, { headers: { authorization: "$MILLRACE_TEST_TOKEN" } });
  });
  after(() => {
    delete process.env.MILLRACE_TEST_TOKEN;
    server.close();
  });

  answers(() => place);

  it("fails where the endpoint does, and sends what it is told to", async () => {
    await assert.rejects(rowsFor(place.profiles, ["fail"]), /it answered 503/);
    assert.deepEqual(asked.at(-1), ["POST", "Bearer t", ["fail"]]);
  });
});

describe("a lookup in a table of a real PostgreSQL", () => {
  let server: PostgresServer, client: Postgres;
  before(async () => {
    server = await startPostgres();
    client = connectTo(server.url);
    await client.query(TABLES("bigint"));
  });
  after(async () => {
    await client?.close(1_000);
    await server?.close();
  });

  answers(() => placeOf(server.url, ...OF_TABLES));

  it("sees what changed when an answer has become too old", async () => {
    const { profiles } = placeOf(server.url, ...OF_TABLES);
    const memory = kept(), built = await declared(cities({ source: profiles }, { ttl: "1ms" }));
    const runtime = await begin(built, memory, memoryWorld(memory), { lookups: openLookup });
    await runtime.submit("cities", tally("bob", 1));
    await client.query(`UPDATE profiles SET town = 'Turin' WHERE "user" = 'bob'`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runtime.submit("cities", tally("bob", 2));
    await runtime.stop();
    const rows = await recordedRows(built, memory);
    assert.deepEqual(rows, ["bob 1 Rom true false", "bob 2 Turin true false"]);
  });

  it("loses nothing and keeps the order while the server is killed under it", async () => {
    const { profiles } = placeOf(server.url, ...OF_TABLES);
    const memory = kept(), built = await declared(cities({ source: profiles }, { ttl: 0, batch: 8 }));
    const runtime = await begin(built, memory, memoryWorld(memory), { lookups: openLookup });
    const done: Promise<unknown>[] = [];
    for (let i = 0; i < 400; i++) {
      const key = ["ann", "bob", "nobody"][i % 3];
      done.push(runtime.submit("cities", tally(key, i)));
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (i === 100) await server.kill();
      if (i === 300) await server.restart();
    }
    await Promise.all(done);
    const [{ failures, timeouts, unanswered }] = runtime.status().lookups!;
    await runtime.stop();
    assert.ok(failures + timeouts > 0);
    assert.equal(unanswered, 0);
    const expected = done.map((_, i) => {
      const [key, city] = [["ann", "Oslo"], ["bob", "Turin"], ["nobody", ""]][i % 3];
      return `${key} ${i} ${city} ${city !== ""} false`;
    });
    assert.deepEqual(await recordedRows(built, memory), expected);
  });
});
