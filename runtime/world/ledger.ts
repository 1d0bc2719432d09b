/**
 * The durable log. One chain of messages per partition, sequences 1, 2, 3 … without gaps; one writer at a
 * time, enforced by the fence: an append names the sequence it follows and is refused when that is not the
 * last one. Contract suite: tests/contracts/ledger.ts.
 */

/**
 * What an acknowledgement survives:
 * - `process`: a crash of the process that wrote, or of the ledger's server process;
 * - `bounded`: the same; and an OS crash or power loss but for at most the last 20 ms (plus one sync);
 * - `fsync`: an OS crash or power loss, on a disk that honours fsync;
 * - `quorum-fsync`: the above, and the loss of any one of three servers (JetStream R3 only).
 */
export type Durability = "process" | "bounded" | "fsync" | "quorum-fsync";

export interface Ledger {
  /** For messages to people: "sqlite ./data/ledger.db", "jetstream nats://127.0.0.1:4222". */
  readonly name: string;
  readonly durability: Durability;
  /**
   * Opens the chain of a partition, creating it when it does not exist. `name`: `[a-z0-9-]+`. `first` (default
   * 1): the sequence that a chain created by this call begins at, as if what is before had been purged.
   */
  open(name: string, first?: number): Promise<Chain>;
  /** Names of the chains that exist, sorted. */
  chains(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Chain {
  readonly name: string;
  /** Largest message it takes, bytes. */
  readonly messageBytesMax: number;
  /** Appends that may usefully be in flight at once. */
  readonly inFlightMax: number;
  /** First and last sequence stored, read from the ledger itself; `last: 0` when nothing was ever stored. */
  extent(): Promise<Extent>;
  /**
   * Appends `message` as sequence `after + 1`. Several may be in flight; they are ordered by call, and when
   * one is refused or unknown so are all that follow it.
   *
   * Never throws for what the world does: the outcome is data.
   * The bytes must not change until the promise settles.
   */
  append(after: number, message: Uint8Array): Promise<Appended>;
  /** One message, from the authoritative copy; undefined when it is not there. */
  get(sequence: number): Promise<Uint8Array | undefined>;
  /** Messages from `from` on, in order, up to `to` (inclusive; default: the last at the time of the call). */
  read(from: number, to?: number): AsyncIterable<Stored>;
  /**
   * Messages from `from` on, in order, as they come, until the signal; `last` is the newest sequence that is known
   * of. Absent where a reader does as well by asking now and then.
   */
  follow?(from: number, signal: AbortSignal): AsyncIterable<Stored & { readonly last: number }>;
  /** Drops messages up to `sequence`, inclusive. */
  purge(sequence: number): Promise<void>;
  close(): Promise<void>;
}

export interface Extent {
  readonly first: number;
  readonly last: number;
  /**
   * Present when the ledger knows of a sequence that was acknowledged and is beyond `last`: the end of the
   * chain is lost. Appending goes on behind `last` all the same; whether it may is the reader's to say.
   */
  readonly acknowledged?: number;
}

export interface Stored {
  readonly sequence: number;
  readonly message: Uint8Array;
}

export type Appended =
  /** Durable, in the ledger's profile, as this sequence. */
  | { readonly kind: "stored"; readonly sequence: number }
  /** The fence refused it: somebody else appended. Verify or step down. */
  | { readonly kind: "fenced"; readonly detail: string }
  /** No answer: it may or may not be stored. Read the tail back. */
  | { readonly kind: "unknown"; readonly cause: Error }
  /**
   * Certainly not stored: the disk is full, the ledger is read-only, the message is too large. `lasting`: no later
   * one will be either, until the ledger is opened anew.
   */
  | { readonly kind: "failed"; readonly cause: Error; readonly lasting?: boolean };
