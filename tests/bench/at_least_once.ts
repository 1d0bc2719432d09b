/**
 * What the sinks are measured against: the same writes, in the same batches, by somebody content with at least
 * once. No fence, no position in the transaction: it is put down beside, once a second, as consumers commonly do.
 */
import { Buffer } from "node:buffer";
import { type FileHandle, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StorageType } from "@nats-io/jetstream";
import { openPostgres } from "../../runtime/adapters/postgres.ts";
import type { NatsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamNetwork } from "../../runtime/adapters/jetstream/network.ts";
import { keyToken, outputSubject } from "../../runtime/ingress/subject.ts";
import { keyText, outputId } from "../../runtime/output/identity.ts";
import { recordBytesMax, writeRecord } from "../../runtime/output/record.ts";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";
import { type Output, type Sink, type SinkBatch } from "../../runtime/mod.ts";

type Bounds = Sink["bounds"];
const POSITION_EVERY_MS = 1_000;

/** A sink that writes, and keeps its position in a file now and then. */
function loose(
  bounds: Bounds,
  folder: string,
  write: (outputs: readonly Output[]) => Promise<void>,
  close: () => Promise<void> = () => Promise.resolve(),
): Sink {
  let kept = performance.now();
  return {
    name: "at least once",
    bounds,
    keepsEmpty: false,
    position: () => Promise.resolve(undefined),
    async commit({ outputs, next }: SinkBatch) {
      await write(outputs);
      if (performance.now() - kept < POSITION_EVERY_MS) return;
      kept = performance.now();
      await writeFile(join(folder, "position"), `${next.frame}.${next.output}`);
    },
    close,
  };
}

/** Of several outputs of a key the last: what an upsert in batches does either way. */
function newest(outputs: readonly Output[]): [string, Output][] {
  return [...new Map(outputs.map((output) => [keyText(output.key), output]))];
}

export function looseSqlite(bounds: Bounds, folder: string, file: string): Sink {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS loose (key TEXT PRIMARY KEY, value ANY, "partition" INTEGER, frame INTEGER,
      output INTEGER) STRICT, WITHOUT ROWID`);
  const upsert = database.prepare(`INSERT INTO loose VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    value = excluded.value, "partition" = excluded."partition", frame = excluded.frame, output = excluded.output`);
  return loose(bounds, folder, (outputs) => {
    database.exec("BEGIN IMMEDIATE");
    for (const [key, { payload, position, output }] of newest(outputs)) {
      upsert.run(key, payload, position.partition, position.frame, output);
    }
    database.exec("COMMIT");
    return Promise.resolve();
  }, () => Promise.resolve(database.close()));
}

export async function loosePostgres(bounds: Bounds, folder: string, url: string): Promise<Sink> {
  const server = openPostgres({ url, connections: 1, connectMs: 10_000, statementMs: 60_000 });
  await server.query(
    `CREATE TABLE IF NOT EXISTS loose (key text PRIMARY KEY, value bytea, "partition" integer,
    frame bigint, output integer)`,
  );
  const statement = `INSERT INTO loose SELECT k, decode(v, 'hex'), p, f, o
    FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::integer[]) AS r(k, v, p, f, o)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, "partition" = excluded."partition",
    frame = excluded.frame, output = excluded.output`;
  return loose(bounds, folder, async (outputs) => {
    const rows = newest(outputs);
    await server.query(statement, [
      rows.map(([key]) => key),
      rows.map(([, { payload }]) =>
        Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("hex")
      ),
      rows.map(([, { position }]) => position.partition),
      rows.map(([, { position }]) => position.frame),
      rows.map(([, { output }]) => output),
    ], "write");
  }, () => server.close(5_000));
}

/** Messages one by one, as many as go well under way at once. */
export async function looseStream(bounds: Bounds, folder: string, link: NatsLink): Promise<Sink> {
  const subjects = [outputSubject("loose", ">")];
  await link.jsm.streams.add({ name: "loose", subjects, storage: StorageType.File });
  const network = jetstreamNetwork(link);
  const IN_FLIGHT_MAX = 256;
  return loose(bounds, folder, async (outputs) => {
    const inFlight: Promise<void>[] = [];
    for (const output of outputs) {
      if (inFlight.length >= IN_FLIGHT_MAX) await inFlight.shift();
      const id = outputId("loose", output);
      const headers = { "Millrace-Id": id };
      inFlight.push(
        network.publish(outputSubject("loose", keyToken(output.key)), output.payload, headers, id),
      );
    }
    await Promise.all(inFlight);
  });
}

/** One file that is appended to, and synced after each batch. */
export async function looseFile(bounds: Bounds, folder: string): Promise<Sink> {
  await mkdir(folder, { recursive: true });
  const file: FileHandle = await open(join(folder, "outputs.pb"), "a");
  return loose(bounds, folder, async (outputs) => {
    const bytes = new Uint8Array(outputs.reduce((sum, output) => sum + recordBytesMax(output), 0));
    let at = 0;
    for (const output of outputs) at = writeRecord(output, bytes, at);
    await file.writeFile(bytes.subarray(0, at));
    await file.sync();
  }, () => file.close());
}

/** A place for positions that puts them down once a second: the same requests, without a sync a batch. */
export function looseStore(store: CheckpointStore): CheckpointStore {
  const newest = new Map<string, Uint8Array[]>();
  let kept = performance.now();
  return {
    ...store,
    async put(name, parts) {
      const all: Uint8Array[] = [];
      for await (const part of parts) all.push(part.slice());
      newest.set(name, all);
      if (performance.now() - kept < POSITION_EVERY_MS) return;
      kept = performance.now();
      await store.put(name, all);
    },
    // deno-lint-ignore require-await -- the parts are there already
    get: async (name) => {
      const parts = newest.get(name);
      return parts && (async function* () {
        yield* parts;
      })();
    },
  };
}
