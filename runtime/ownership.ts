/**
 * Who of several processes serves a ledger. The owner shows itself; a standby follows the ledger, looks for the
 * owner with every heartbeat, and says when to try a takeover. One chain stands for all: whoever's epoch frame is
 * the next one there owns, and takes the others after it. The fence decides that; what is seen here only says
 * when to try.
 */
import { decodeFrame } from "./partition/frame.ts";
import { readTail } from "./partition/recover.ts";
import type { World } from "./world/mod.ts";
import type { Closable } from "./world/network.ts";
import type { Sign } from "./world/presence.ts";

export interface StandbyOptions {
  /** How often an owner gives a sign and a standby looks for it. */
  readonly heartbeatMs: number;
  /** How long an owner may give none before a standby takes over, where nobody can say that it has ended. */
  readonly patienceMs: number;
}

export const HEARTBEAT_MS = { fallback: 100, min: 10, max: 10_000 };
export const PATIENCE_MS = { fallback: 3_000, min: 100, max: 600_000 };
/** A patience of fewer heartbeats would take a busy owner for a dead one. */
export const HEARTBEATS_MIN = 3;
/** An owner whose process has ended is looked for once more: its connection may have been renewed meanwhile. */
const GONE_LOOKS = 2;
/** What could not be shown is tried again. */
const SHOW_RETRY_MS = 1_000;

export interface OwnerSeen {
  /** Of the owner that is looked for; 0 = there was none yet. */
  readonly epoch: number;
  readonly sign: Sign | "not looked";
  /** Since its last sign of life, as far as this process was awake to look. */
  readonly silentMs: number;
}

interface Taken {
  readonly epoch: number;
  readonly overtaken: (epoch: number) => void;
}

/** The ledger is another process's now: this one must begin anew, as a standby or not at all. */
export class Replaced extends Error {
  override name = "Replaced";
}

export class Ownership {
  /** The chain that stands for all. */
  readonly head: string;
  readonly #world: World;
  readonly #options: StandbyOptions;
  #standby: boolean;
  #seen: OwnerSeen = { epoch: 0, sign: "not looked", silentMs: 0 };
  /** By chain. */
  readonly #taken = new Map<string, Taken>();
  #shown: Promise<Closable | undefined> = Promise.resolve(undefined);
  #lost: Error | undefined;
  readonly #ended = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #lose: (error: Error) => void = () => {};

  constructor(world: World, head: string, standby: boolean, options: StandbyOptions) {
    if (standby && !world.presence) {
      throw new Error(
        `Cannot stand by: no other process can own ${world.ledger.name}. Choose a sqlite or jetstream ledger.`,
      );
    }
    if (options.patienceMs < HEARTBEATS_MIN * options.heartbeatMs) {
      throw new Error(
        `Cannot stand by with a patience of ${options.patienceMs} ms: it must be at least ${HEARTBEATS_MIN} heartbeats ` +
          `of ${options.heartbeatMs} ms. Raise the one or lower the other.`,
      );
    }
    this.#world = world;
    this.head = head;
    this.#standby = standby;
    this.#options = options;
  }

  /** Whether this process does not own the ledger and waits until it may. */
  get standsBy(): boolean {
    return this.#standby;
  }

  get seen(): OwnerSeen {
    return this.#seen;
  }

  /** Resolves when this process owns the head, or at the signal. */
  owned(signal: AbortSignal): Promise<void> {
    if (!this.#standby || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** A partition was taken over by this process. `overtaken` is told when another took it over after that. */
  taken(chain: string, epoch: number, overtaken: (epoch: number) => void): void {
    this.#taken.set(chain, { epoch, overtaken });
    if (chain !== this.head) return;
    this.#standby = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (this.#world.presence) this.#shown = this.#shown.then((before) => this.#show(before, epoch));
  }

  /** Resolves when a takeover from the owner of the newest epoch should be tried, or at the signal. */
  async ownerGone(epochOf: () => number, signal: AbortSignal): Promise<void> {
    const { clock, presence } = this.#world;
    const { heartbeatMs, patienceMs } = this.#options;
    let epoch = -1, known = false, goneLooks = 0, silentMs = 0, looked = clock.monotonic();
    while (!signal.aborted) {
      if (epochOf() !== epoch) {
        [epoch, known, goneLooks, silentMs, looked] = [epochOf(), false, 0, 0, clock.monotonic()];
      }
      if (epoch === 0) return; // nobody has ever owned it: the fence chooses among those who try
      const sign = await presence!.look(this.head, epoch, heartbeatMs);
      // Time in which this process slept is no silence of the owner's.
      const now = clock.monotonic();
      const passedMs = Math.min((now - looked) / 1000, 2 * heartbeatMs);
      looked = now;
      if (sign === "alive") [known, silentMs] = [true, 0];
      else if (sign === "unknown") [known, silentMs] = [false, 0];
      else silentMs += passedMs;
      goneLooks = sign === "gone" ? goneLooks + 1 : 0;
      this.#seen = { epoch, sign, silentMs: Math.round(silentMs) };
      // One that was never seen may be about to show itself.
      if ((known && goneLooks >= GONE_LOOKS) || silentMs >= patienceMs) {
        if (epochOf() !== epoch) continue;
        this.#world.log.warn(`the owner of epoch ${epoch} is ${sign}: taking over`, { silentMs });
        return;
      }
      await clock.sleep(heartbeatMs, signal);
    }
  }

  /** Another process owns the ledger now. */
  lost(error: Error): void {
    this.#lost ??= new Replaced(`Another process took over: ${error.message}`, { cause: error });
    this.#lose(this.#lost);
  }

  /** Runs until the signal; rejects when the ledger is lost to another process. */
  async keep(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    try {
      if (this.#lost) throw this.#lost;
      await new Promise<void>((resolve, reject) => {
        this.#lose = reject;
        signal.addEventListener("abort", () => resolve(), { once: true });
        if (signal.aborted) resolve();
        void this.#watch(over.signal);
      });
    } finally {
      over.abort();
    }
  }

  /**
   * An owner that is idle would not notice that it was replaced: it looks after its chains as often as a standby
   * waits. After each of them: who lost the head and does not know it yet may take another one back, and end then.
   */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#world.clock.sleep(this.#options.patienceMs, signal);
      if (this.#standby) continue;
      for (const name of [...this.#taken.keys()]) {
        if (signal.aborted) return;
        await this.#lookAfter(name).catch(() => {}); // what is wrong with the ledger shows where it is written
      }
    }
  }

  async #lookAfter(name: string): Promise<void> {
    const chain = await this.#world.ledger.open(name);
    try {
      const { last } = await chain.extent();
      const message = await chain.get(last);
      if (!message) return;
      const frame = decodeFrame(message, `frame ${last} of ${name}`);
      if (frame.epoch === this.#taken.get(name)!.epoch) return;
      // It may be void, and a newer epoch before it.
      const { epoch } = await readTail(chain, last);
      const own = this.#taken.get(name)!;
      if (epoch <= own.epoch) return;
      if (name !== this.head) own.overtaken(epoch);
      else this.lost(new Error(`epoch ${epoch} of ${name} has begun`));
    } finally {
      await chain.close();
    }
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await (await this.#shown)?.close();
  }

  async #show(before: Closable | undefined, epoch: number): Promise<Closable | undefined> {
    const { clock, log, presence } = this.#world;
    for (let told = false; !this.#ended.signal.aborted && this.#taken.get(this.head)?.epoch === epoch;) {
      try {
        const shown = await presence!.show(this.head, epoch, this.#options.heartbeatMs);
        await before?.close();
        return shown;
      } catch (error) {
        if (!told) log.warn("standbys cannot see that this process lives", { error: String(error) });
        told = true;
        await clock.sleep(SHOW_RETRY_MS, this.#ended.signal);
      }
    }
    return before;
  }
}
