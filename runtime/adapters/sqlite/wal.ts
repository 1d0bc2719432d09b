/**
 * Keeps the write-ahead log bounded without stopping the event loop: the checkpoint runs in a worker thread,
 * on a connection of its own, beside the appends. A log that is written all the time never becomes empty that
 * way, so once the worker has nearly caught up, appends are held (queued, not blocked) for the moment it takes
 * to finish and let the log restart from its beginning.
 *
 * SQLite syncs the database file only in a pass that ends where the log does, so all that the passes before had
 * written would be synced in that moment (10 ms [measured], and all that a busy disk adds). So it is brought to the
 * disk before, and what came meanwhile moved by another pass: the moment is left with a few pages (1 ms).
 */
import { Worker } from "node:worker_threads";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../world/clock.ts";
import type { Pages } from "./pages.ts";

export interface WalOptions {
  /** Bytes written to the log after which it is checkpointed. */
  readonly checkpointBytes: number;
  /** Bytes at which appends are held whether or not the worker has caught up. */
  readonly bytesMax: number;
}

export type WalRequest = { kind: "open"; file: string } | { kind: "pass" } | { kind: "restart" } | {
  kind: "close";
};

export type WalReply =
  /** Pages still in the log only; `busy`: somebody's read or write kept the checkpoint from finishing. */
  | { kind: "pass" | "restart"; busy: boolean; pagesLeft: number }
  | { kind: "closed" }
  | { kind: "error"; message: string };

/** The worker has caught up when this much came during a pass, and when somebody's reading left it so many pages. */
const CAUGHT_UP_BYTES = 512 << 10;
const CAUGHT_UP_PAGES = 256;
/** After so many passes it does not catch up. */
const PASSES_MAX = 8;
/**
 * Starting a thread holds up the one that starts it (24 ms under Deno [measured]): so it is done this long after
 * the first write, and not when the log is full, which is when load is high. Who writes only briefly needs none.
 */
const START_MS = 500;

export class WalKeeper {
  /** While true the ledger must not begin a transaction; `release` is called when it may again. */
  held = false;
  #worker: Worker | undefined;
  #state: "idle" | "passing" | "restarting" | "closing" = "idle";
  #bytes = 0;
  /** Passes under way, and what #bytes was when the newest one began. */
  #passes = 0;
  #passedBytes = 0;
  /** Bytes in the log at which to try next: rises when somebody else's reading prevents a restart. */
  #next: number;
  #closed: (() => void) | undefined;
  #inline = false;
  #cancelStart: (() => void) | undefined;

  constructor(
    private readonly file: string,
    private readonly database: DatabaseSync,
    private readonly pages: Pages,
    private readonly options: WalOptions,
    private readonly clock: Clock,
    private readonly release: () => void,
  ) {
    this.#next = options.checkpointBytes;
  }

  /** Called after each commit with about as many bytes as it wrote. */
  wrote(bytes: number): void {
    this.#cancelStart ??= this.clock.after(START_MS, () => {
      if (!this.#worker && !this.#inline) this.#start();
    });
    this.#bytes += bytes;
    if (this.#state === "idle" && this.#bytes >= this.#next) this.#begin();
    else if (this.#state === "passing" && this.#bytes >= this.options.bytesMax) this.held = true;
  }

  async close(): Promise<void> {
    this.#cancelStart?.();
    if (!this.#worker) return;
    const closed = new Promise<void>((resolve) => this.#closed = resolve);
    const idle = this.#state === "idle";
    this.#state = "closing";
    this.#worker.ref();
    if (idle) this.#ask({ kind: "close" });
    await closed;
    await this.#worker.terminate();
  }

  #begin(): void {
    if (this.#inline) return this.#restartInline();
    if (!this.#worker) this.#start();
    this.#state = "passing";
    this.#passes = 0;
    this.#worker!.ref();
    this.#pass();
  }

  #pass(): void {
    this.#passes++;
    this.#passedBytes = this.#bytes;
    this.#ask({ kind: "pass" });
  }

  #start(): void {
    this.#worker = new Worker(new URL("./wal_worker.ts", import.meta.url));
    this.#worker.on("message", (reply: WalReply) => this.#answered(reply));
    this.#worker.on("error", () => this.#failed());
    this.#worker.unref();
    this.#ask({ kind: "open", file: this.file });
  }

  #ask(request: WalRequest): void {
    this.#worker!.postMessage(request);
  }

  #answered(reply: WalReply): void {
    if (reply.kind === "closed") return this.#closed?.();
    if (reply.kind === "error") return this.#failed();
    if (this.#state === "closing") return this.#ask({ kind: "close" });
    if (reply.kind === "restart") return this.#settle(!reply.busy);
    this.pages.sync(() => this.#passed(reply.pagesLeft));
  }

  #passed(pagesLeft: number): void {
    if (!this.#worker) return; // it failed meanwhile
    if (this.#state === "closing") return this.#ask({ kind: "close" });
    const isRead = pagesLeft > CAUGHT_UP_PAGES, isBehind = this.#bytes - this.#passedBytes > CAUGHT_UP_BYTES;
    if (!this.held && (isRead || isBehind) && this.#passes < PASSES_MAX) return this.#pass();
    // Who reads an old state of the log would be waited for: later, when it is done.
    if (!this.held && isRead) return this.#settle(false);
    this.#state = "restarting";
    this.held = true;
    this.#ask({ kind: "restart" });
  }

  #settle(restarted: boolean): void {
    this.#state = "idle";
    // An idle worker must not keep the process alive; one at work must, since appends may wait for it.
    this.#worker?.unref();
    if (restarted) {
      this.#bytes = 0;
      this.#next = this.options.checkpointBytes;
    } else this.#next = this.#bytes + this.options.checkpointBytes;
    this.held = false;
    this.release();
  }

  /** Without a worker (none can be started, or its disk access failed) the log is still kept bounded. */
  #failed(): void {
    if (this.#state === "closing") return this.#closed?.();
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#inline = true;
    this.#restartInline();
    this.held = false;
    this.release();
  }

  #restartInline(): void {
    let restarted = false;
    try {
      restarted = this.database.prepare("PRAGMA wal_checkpoint(RESTART)").get()?.busy === 0;
    } catch {
      // The log goes on growing; the next append meets the same disk and reports what is wrong with it.
    }
    this.#state = "idle";
    this.#bytes = restarted ? 0 : this.#bytes;
    this.#next = restarted ? this.options.checkpointBytes : this.#bytes + this.options.checkpointBytes;
  }
}
