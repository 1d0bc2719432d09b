/**
 * Keeps the write-ahead log bounded without stopping the event loop: the checkpoint runs in a worker thread,
 * on a connection of its own, beside the appends. A log that is written all the time never becomes empty that
 * way, so once the worker has nearly caught up, appends are held (queued, not blocked) for the moment it takes
 * to finish and let the log restart from its beginning.
 */
import { Worker } from "node:worker_threads";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../world/clock.ts";

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

/** So few pages left are moved in about a millisecond. */
const CAUGHT_UP_PAGES = 256;
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
  /** Bytes in the log at which to try next: rises when somebody else's reading prevents a restart. */
  #next: number;
  #closed: (() => void) | undefined;
  #inline = false;
  #cancelStart: (() => void) | undefined;

  constructor(
    private readonly file: string,
    private readonly database: DatabaseSync,
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
    this.#worker!.ref();
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
    if (reply.pagesLeft <= CAUGHT_UP_PAGES || this.held) {
      this.#state = "restarting";
      this.held = true;
      this.#ask({ kind: "restart" });
    } else this.#ask({ kind: "pass" });
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
