/**
 * The embedded ledger: all chains in one SQLite file, `ledger.db` under a data folder.
 *
 * Appends made in the same turn of the event loop are one transaction. The fence is read inside that
 * transaction, under SQLite's write lock, so it holds against writers in other processes too.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../../world/clock.ts";
import type { Appended, Chain, Durability, Extent, Ledger, Stored } from "../../world/ledger.ts";
import { checkChainName } from "../names.ts";
import { openDatabase, worded } from "./database.ts";
import { Notes } from "./notes.ts";
import { Pages } from "./pages.ts";
import { LogSync, type Sync } from "./sync.ts";
import { WalKeeper } from "./wal.ts";

export interface SqliteLedgerOptions {
  /** The data folder; made when it does not exist. */
  readonly folder: string;
  readonly clock: Clock;
  /** Default: process. */
  readonly durability?: Durability;
  readonly messageBytesMax?: number;
  /** Appends per chain that may usefully be in flight. */
  readonly inFlightMax?: number;
  /** Size of the write-ahead log at which it is checkpointed; at eight times that, appends wait for it. */
  readonly walBytes?: number;
  /** What syncs the log: node's fsync, unless it is to fail. */
  readonly sync?: Sync;
}

const MESSAGE_BYTES_MAX = 8 << 20;
const IN_FLIGHT_MAX = 8;
const WAL_BYTES = 32 << 20;
/** A read takes about this much from the database at a time, so that no read transaction lasts. */
const READ_BYTES = 4 << 20;
/** A purge goes in steps of this many messages, with a turn for others between them. */
const PURGE_MESSAGES = 256;
/** What a commit adds to the log beside its messages: the pages it touches. */
const COMMIT_BYTES = 16 << 10;

export function sqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  return Promise.resolve().then(() => new SqliteLedger(options));
}

interface Pending {
  readonly chain: SqliteChain;
  readonly after: number;
  readonly message: Uint8Array;
  readonly resolve: (outcome: Appended) => void;
}

class SqliteLedger implements Ledger {
  readonly name: string;
  readonly durability: Durability;
  readonly file: string;
  readonly database: DatabaseSync;
  closed = false;
  readonly #clock: Clock;
  readonly #sync: LogSync;
  readonly #wal: WalKeeper;
  readonly #pages: Pages;
  readonly notes: Notes;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #pending: Pending[] = [];
  #unsettled = 0;
  #drained: (() => void)[] = [];

  constructor(readonly options: SqliteLedgerOptions) {
    this.durability = options.durability ?? "process";
    if (this.durability === "quorum-fsync") {
      throw new Error(
        "Cannot give durability quorum-fsync with SQLite: one file has no quorum. " +
          "Choose fsync, or a JetStream ledger with three replicas.",
      );
    }
    const { file, database } = openDatabase(options.folder);
    this.name = `sqlite ${file}`;
    this.file = file;
    this.database = database;
    this.#clock = options.clock;
    try {
      if (this.durability !== "process") rewriteLog(database);
      this.#sync = new LogSync(file, this.durability, options.clock, options.sync);
      this.#pages = new Pages(file);
    } catch (cause) {
      database.close();
      throw worded(`open the write-ahead log of ${file}`, file, cause);
    }
    this.notes = new Notes(`${file}-acknowledged`);
    const checkpointBytes = options.walBytes ?? WAL_BYTES;
    const bounds = { checkpointBytes, bytesMax: checkpointBytes * 8 };
    this.#wal = new WalKeeper(file, database, this.#pages, bounds, options.clock, () => this.#flush());
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
  }

  open(name: string, first = 1): Promise<Chain> {
    return this.run(`open chain ${name} of the ledger ${this.file}`, () => {
      checkChainName(name);
      const find = this.database.prepare("SELECT id FROM chains WHERE name = ?");
      if (!find.get(name)) this.#create(name, first);
      return new SqliteChain(this, name, Number(find.get(name)!.id));
    });
  }

  chains(): Promise<string[]> {
    return this.run(`list the chains of the ledger ${this.file}`, () => {
      const rows = this.database.prepare("SELECT name FROM chains ORDER BY name").all();
      return rows.map((row) => String(row.name));
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    await this.#sync.close();
    await this.#wal.close();
    this.database.close();
    this.#pages.close();
    this.notes.close();
  }

  append(chain: SqliteChain, after: number, message: Uint8Array): Promise<Appended> {
    return new Promise((resolve) => {
      this.#unsettled++;
      this.#pending.push({ chain, after, message, resolve });
      if (this.#pending.length === 1) this.#clock.soon(() => this.#flush());
    });
  }

  /** Runs a read or a rare write, and words what goes wrong. */
  run<T>(action: string, body: () => T): Promise<T> {
    return Promise.resolve().then(() => {
      if (this.closed) throw new Error(`Cannot ${action}: the ledger is closed.`);
      // What would be read may be in memory only: taken for durable, it would be acknowledged, and then be gone.
      if (this.#sync.broken) throw new Error(`Cannot ${action}. ${this.#sync.broken.message}`);
      try {
        return body();
      } catch (cause) {
        if (cause instanceof Error && cause.message.startsWith("Cannot ")) throw cause;
        throw worded(action, this.file, cause);
      }
    });
  }

  transaction(body: () => void): void {
    this.#begin.run();
    try {
      body();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #create(name: string, first: number): void {
    this.transaction(() => {
      this.database.prepare("INSERT INTO chains (name, purged) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .run(name, first - 1);
      const { id } = this.database.prepare("SELECT id FROM chains WHERE name = ?").get(name)!;
      this.database.exec(
        `CREATE TABLE IF NOT EXISTS chain_${id} (sequence INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT`,
      );
    });
  }

  #flush(): void {
    if (this.#wal.held || this.#pending.length === 0) return;
    const batch = this.#pending.splice(0); // the array stays, as in the mailbox
    if (this.#sync.broken) {
      return this.#settleAll(batch, { kind: "failed", cause: this.#sync.broken, lasting: true });
    }
    let outcomes: Appended[] = [];
    let bytes = COMMIT_BYTES;
    try {
      this.transaction(() => {
        const lasts = new Map<number, number>();
        outcomes = batch.map((append) => {
          bytes += append.message.length;
          return store(append, lasts);
        });
      });
    } catch (cause) {
      const error = worded(`append to the ledger ${this.file}`, this.file, cause);
      for (const { chain } of batch) chain.failure = error;
      return this.#settleAll(batch, { kind: "failed", cause: error });
    }
    this.#sync.committed((broken) => {
      if (!broken) this.#note(batch, outcomes);
      batch.forEach((append, i) => {
        const unknown = broken && outcomes[i].kind === "stored";
        this.#settle(append, unknown ? { kind: "unknown", cause: broken } : outcomes[i]);
      });
    });
    this.#wal.wrote(bytes);
  }

  /** Before anybody is told. */
  #note(batch: readonly Pending[], outcomes: readonly Appended[]): void {
    const newest = new Map<number, number>();
    outcomes.forEach((outcome, i) => {
      if (outcome.kind === "stored") newest.set(batch[i].chain.id, outcome.sequence);
    });
    for (const [chain, sequence] of newest) this.notes.write(chain, sequence);
  }

  #settleAll(batch: Pending[], outcome: Appended): void {
    for (const append of batch) this.#settle(append, outcome);
  }

  #settle(append: Pending, outcome: Appended): void {
    append.resolve(outcome);
    if (--this.#unsettled === 0) { for (const resolve of this.#drained.splice(0)) resolve(); }
  }

  #rollback(): void {
    try {
      this.database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself (it does when the disk is full); the first error is the one to tell.
    }
  }
}

/**
 * Moves what the log holds into the database file, which is synced: pages of a log whose sync failed in an earlier
 * process can be read, but no later sync would write them. Where others use the ledger it moves what it can.
 */
function rewriteLog(database: DatabaseSync): void {
  database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
}

/** Within the transaction: `lasts` holds each chain's last sequence as of this point in it. */
function store({ chain, after, message }: Pending, lasts: Map<number, number>): Appended {
  const last = lasts.get(chain.id) ?? chain.last();
  lasts.set(chain.id, last);
  if (after > last && chain.failure) return { kind: "failed", cause: chain.failure };
  if (after !== last) {
    return { kind: "fenced", detail: `the last sequence of ${chain.name} is ${last}, not ${after}` };
  }
  chain.insert.run(after + 1, message);
  lasts.set(chain.id, after + 1);
  chain.failure = undefined;
  return { kind: "stored", sequence: after + 1 };
}

class SqliteChain implements Chain {
  readonly messageBytesMax: number;
  readonly inFlightMax: number;
  readonly insert: StatementSync;
  /** Why the newest append failed: those in flight behind it failed with it, and were not fenced off. */
  failure: Error | undefined;
  readonly #bounds: StatementSync;
  readonly #last: StatementSync;
  readonly #purged: StatementSync;
  #closed = false;

  constructor(private readonly ledger: SqliteLedger, readonly name: string, readonly id: number) {
    this.messageBytesMax = ledger.options.messageBytesMax ?? MESSAGE_BYTES_MAX;
    this.inFlightMax = ledger.options.inFlightMax ?? IN_FLIGHT_MAX;
    const { database } = ledger;
    this.insert = database.prepare(`INSERT INTO chain_${id} (sequence, message) VALUES (?, ?)`);
    this.#last = database.prepare(`SELECT max(sequence) AS last FROM chain_${id}`);
    this.#purged = database.prepare(`SELECT purged FROM chains WHERE id = ${id}`);
    this.#bounds = database.prepare(
      `SELECT (SELECT min(sequence) FROM chain_${id}) AS first, (SELECT max(sequence) FROM chain_${id}) AS last,
        (SELECT purged FROM chains WHERE id = ${id}) AS purged`,
    );
  }

  extent(): Promise<Extent> {
    return this.#run("read the extent", () => {
      // Before the bounds: somebody else may append between the two.
      const acknowledged = this.ledger.notes.read(this.id);
      const { first, last, purged } = this.#bounds.get()!;
      const extent = { first: Number(first ?? Number(purged) + 1), last: Number(last ?? purged) };
      return acknowledged > extent.last ? { ...extent, acknowledged } : extent;
    });
  }

  append(after: number, message: Uint8Array): Promise<Appended> {
    const refusal = this.#closed || this.ledger.closed
      ? "it is closed."
      : message.length > this.messageBytesMax
      ? `${message.length} bytes exceed the ${this.messageBytesMax} a message may have.`
      : undefined;
    if (!refusal) return this.ledger.append(this, after, message);
    const cause = new Error(
      `Cannot append ${after + 1} to chain ${this.name} of ${this.ledger.name}: ${refusal}`,
    );
    return Promise.resolve({ kind: "failed", cause, lasting: true });
  }

  get(sequence: number): Promise<Uint8Array | undefined> {
    return this.#run(`read message ${sequence}`, () => {
      const find = this.ledger.database.prepare(`SELECT message FROM chain_${this.id} WHERE sequence = ?`);
      const row = find.get(sequence);
      return row && this.#message(sequence, row.message);
    });
  }

  async *read(from: number, to?: number): AsyncIterable<Stored> {
    const end = to ?? (await this.extent()).last;
    let next = from;
    while (next <= end) {
      const batch = await this.#run(`read from message ${next}`, () => this.#batch(next, end));
      if (batch.length === 0) return;
      yield* batch;
      next = batch[batch.length - 1].sequence + 1;
      // Reading is synchronous here: without a turn for others a long walk would hold up the whole process.
      if (next <= end) await new Promise<void>((resolve) => this.ledger.options.clock.soon(resolve));
    }
  }

  async purge(sequence: number): Promise<void> {
    for (let from = (await this.extent()).first;;) {
      const upTo = Math.min(sequence, from + PURGE_MESSAGES - 1);
      const last = await this.#run(`purge up to ${sequence}`, () => this.#purgeTo(upTo));
      if (upTo >= Math.min(sequence, last)) return;
      from = upTo + 1;
      await new Promise<void>((resolve) => this.ledger.options.clock.soon(resolve));
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** The last sequence ever stored; called within transactions, where it is the fence. */
  last(): number {
    return Number(this.#last.get()?.last ?? this.#purged.get()?.purged);
  }

  #run<T>(action: string, body: () => T): Promise<T> {
    return this.ledger.run(`${action} of chain ${this.name} in the ledger ${this.ledger.file}`, body);
  }

  /** A damaged page may give anything. */
  #message(sequence: number, message: unknown): Uint8Array {
    if (message instanceof Uint8Array) return message;
    throw new Error(`database disk image is malformed: message ${sequence} has no bytes`);
  }

  #purgeTo(sequence: number): number {
    const { database } = this.ledger;
    let last = 0;
    this.ledger.transaction(() => {
      last = this.last();
      const upTo = Math.min(sequence, last);
      database.prepare(`UPDATE chains SET purged = max(purged, ?) WHERE id = ${this.id}`).run(upTo);
      database.prepare(`DELETE FROM chain_${this.id} WHERE sequence <= ?`).run(upTo);
    });
    return last;
  }

  /** As many messages as fit the bound, at least one; the statement is finished when this returns. */
  #batch(from: number, to: number): Stored[] {
    const select =
      `SELECT sequence, message FROM chain_${this.id} WHERE sequence BETWEEN ? AND ? ORDER BY sequence`;
    const batch: Stored[] = [];
    let bytes = 0;
    for (const row of this.ledger.database.prepare(select).iterate(from, to)) {
      const message = this.#message(Number(row.sequence), row.message);
      batch.push({ sequence: Number(row.sequence), message });
      if ((bytes += message.length) >= READ_BYTES) break;
    }
    return batch;
  }
}
