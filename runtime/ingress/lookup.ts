/**
 * Asks a source for rows by their keys, for all partitions of a pipeline. Keys are asked in batches, each key
 * once at a time however many events wait for it, and what was answered is remembered for as long as declared.
 * What fails is asked again, ever later; an event that is not to wait so long is told that there is no answer.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import type { LookupSpec } from "../declare.ts";
import type { LookupStatus } from "../runtime.ts";
import type { Micros } from "../world/clock.ts";
import type { LookupKey, LookupRows, OpenedLookup } from "../world/lookup.ts";
import type { World } from "../world/mod.ts";
import { LookupCache } from "./lookup_cache.ts";
import { ABSENT, type Answer, foundRow, noAnswer } from "./lookup_event.ts";

/** Calls of the source under way at once. */
const CALLS_MAX = 4;
/** Wait before a key that failed is asked for again, doubled from the first to the last. */
const BACKOFF_MS = { first: 20, last: 5_000 };
/** A source that fails is named in the log this often at most. */
const TELL_MICROS = 10_000_000;

/** One key that is asked for, from its first event until it has an answer or nobody waits any more. */
interface Ask {
  readonly key: LookupKey;
  readonly waiting: Set<Waiter>;
  tries: number;
}

interface Waiter {
  readonly ask: Ask;
  readonly until: Micros;
  readonly tell: (answer: Answer) => void;
}

export class Lookup {
  readonly #spec: LookupSpec;
  readonly #none: Answer;
  readonly #opened: OpenedLookup;
  readonly #world: World;
  readonly #pipeline: string;
  readonly #cache: LookupCache;
  /** Every row there is, encoded. */
  readonly #table: ReadonlyMap<LookupKey, Answer> | undefined;
  readonly #asks = new Map<LookupKey, Ask>();
  /** In the order in which they are to be asked. */
  #queue: Ask[] = [];
  #calls = 0;
  #cancelFlush: (() => void) | undefined;
  /** Whoever does not wait for ever, in the order in which they give up. */
  readonly #patience = new Set<Waiter>();
  #cancelPatience: (() => void) | undefined;
  readonly #resting = new Set<() => void>();
  readonly #over = new AbortController();
  readonly #counts = {
    lookups: 0,
    hits: 0,
    absent: 0,
    keys: 0,
    calls: 0,
    timeouts: 0,
    failures: 0,
    unanswered: 0,
  };
  #lastError: string | undefined;
  #told = -Infinity;

  constructor(pipeline: string, spec: LookupSpec, opened: OpenedLookup, world: World) {
    this.#pipeline = pipeline;
    this.#spec = spec;
    this.#none = noAnswer(spec);
    this.#opened = opened;
    this.#world = world;
    this.#cache = new LookupCache(spec.entriesMax, spec.bytesMax);
    if (opened.rows) this.#table = answersOf(spec, opened.rows);
  }

  /** What is known of a key now; where nothing is, it is asked for and `tell` is called once, later. */
  ask(key: LookupKey, tell: (answer: Answer) => void): Answer | undefined {
    this.#counts.lookups++;
    const { clock } = this.#world;
    const known = this.#table ? this.#table.get(key) ?? ABSENT : this.#cache.get(key, clock.monotonic());
    if (known) {
      this.#counts.hits++;
      if (known === ABSENT) this.#counts.absent++;
      return known;
    }
    const asked = this.#asks.get(key);
    const ask = asked ?? { key, waiting: new Set(), tries: 0 };
    const waiter = { ask, tell, until: clock.monotonic() + this.#spec.timeoutMs * 1000 };
    ask.waiting.add(waiter);
    if (!asked) {
      this.#asks.set(key, ask);
      this.#enqueue(ask);
    }
    if (this.#spec.fallback !== "retry") {
      this.#patience.add(waiter);
      this.#watchPatience();
    }
    return undefined;
  }

  status(waiting: number): LookupStatus {
    return {
      pipeline: this.#pipeline,
      name: this.#spec.name,
      source: this.#opened.name,
      ...this.#counts,
      waiting,
      cached: this.#table?.size ?? this.#cache.entries,
      cachedBytes: this.#cache.bytes,
      lastError: this.#lastError,
    };
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#cancelFlush?.();
    this.#cancelPatience?.();
    for (const cancel of this.#resting) cancel();
    await this.#opened.close?.();
  }

  // ---- batches ----

  #enqueue(ask: Ask): void {
    this.#queue.push(ask);
    if (this.#queue.length >= this.#spec.batchMax) this.#flush();
    else this.#cancelFlush ??= this.#world.clock.after(this.#spec.waitMs, () => this.#flush());
  }

  /** Asks for what has gathered, as far as calls may be under way; a call that ends goes on with the rest. */
  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    while (this.#queue.length > 0 && this.#calls < CALLS_MAX && !this.#over.signal.aborted) {
      const asks: Ask[] = [];
      let taken = 0;
      while (taken < this.#queue.length && asks.length < this.#spec.batchMax) {
        const ask = this.#queue[taken++];
        if (ask.waiting.size > 0) asks.push(ask);
        else this.#asks.delete(ask.key); // all that waited for it gave up
      }
      this.#queue = this.#queue.slice(taken);
      if (asks.length > 0) this.#call(asks);
    }
  }

  #call(asks: readonly Ask[]): void {
    this.#calls++;
    this.#counts.calls++;
    this.#counts.keys += asks.length;
    const { timeoutMs } = this.#spec;
    const life = new AbortController();
    const stop = () => {
      cancel();
      life.abort();
    };
    this.#over.signal.addEventListener("abort", stop, { once: true });
    let ended = false;
    const end = (settle: () => void) => {
      if (ended) return; // it was given up, and answers after all: nobody waits for it
      ended = true;
      cancel();
      this.#over.signal.removeEventListener("abort", stop);
      this.#calls--;
      if (this.#over.signal.aborted) return;
      settle();
      this.#flush();
    };
    const cancel = this.#world.clock.after(timeoutMs, () => {
      end(() => {
        life.abort();
        this.#failed(asks, new Error(`there was no answer within ${timeoutMs} ms`), "timeouts");
      });
    });
    this.#load(asks.map(({ key }) => key), life.signal).then(
      (answers) => end(() => this.#answered(asks, answers)),
      (error) => end(() => this.#failed(asks, error, "failures")),
    );
  }

  async #load(keys: readonly LookupKey[], signal: AbortSignal): Promise<ReadonlyMap<LookupKey, Answer>> {
    return answersOf(this.#spec, await this.#opened.load!(keys, signal));
  }

  #answered(asks: readonly Ask[], answers: ReadonlyMap<LookupKey, Answer>): void {
    const { ttl, absentTtl } = this.#spec;
    const now = this.#world.clock.monotonic();
    this.#lastError = undefined;
    for (const ask of asks) {
      const answer = answers.get(ask.key) ?? ABSENT;
      const lasts = answer === ABSENT ? absentTtl : ttl;
      if (lasts > 0) this.#cache.put(ask.key, answer, now + lasts);
      if (answer === ABSENT) this.#counts.absent += ask.waiting.size;
      this.#asks.delete(ask.key);
      for (const waiter of ask.waiting) this.#tell(waiter, answer);
    }
  }

  /** Its keys are asked for again after a while, together, where anybody still waits for them. */
  #failed(asks: readonly Ask[], cause: unknown, what: "timeouts" | "failures"): void {
    this.#counts[what]++;
    this.#lastError = cause instanceof Error ? cause.message : String(cause);
    this.#tellFailure();
    for (const ask of asks) ask.tries++;
    const tries = Math.max(...asks.map((ask) => ask.tries));
    const { first, last } = BACKOFF_MS;
    const ms = Math.min(last, first * 2 ** Math.min(tries - 1, 20)) * (0.5 + this.#world.random.next() / 2);
    const cancel = this.#world.clock.after(ms, () => {
      this.#resting.delete(cancel);
      for (const ask of asks) {
        if (ask.waiting.size > 0) this.#queue.push(ask);
        else this.#asks.delete(ask.key);
      }
      this.#flush();
    });
    this.#resting.add(cancel);
  }

  #tellFailure(): void {
    const now = this.#world.clock.monotonic();
    if (now - this.#told < TELL_MICROS) return;
    this.#told = now;
    const { timeouts, failures } = this.#counts;
    this.#world.log.warn(`${this.#pipeline} cannot look up ${this.#spec.name} in ${this.#opened.name}`, {
      error: this.#lastError,
      timeouts,
      failures,
    });
  }

  // ---- whoever waits ----

  #tell(waiter: Waiter, answer: Answer): void {
    this.#patience.delete(waiter);
    waiter.tell(answer);
  }

  /** All wait equally long: the first is the next to give up. */
  #watchPatience(): void {
    if (this.#cancelPatience || this.#patience.size === 0) return;
    const { clock } = this.#world;
    const [first] = this.#patience;
    const ms = Math.max(0, first.until - clock.monotonic()) / 1000;
    this.#cancelPatience = clock.after(ms, () => {
      this.#cancelPatience = undefined;
      const now = clock.monotonic();
      for (const waiter of this.#patience) {
        if (waiter.until > now) break;
        this.#counts.unanswered++;
        waiter.ask.waiting.delete(waiter);
        this.#tell(waiter, this.#none);
      }
      this.#watchPatience();
    });
  }
}

/** Rows as they are recorded, by their keys. Throws where one is no row of its message. */
function answersOf(spec: LookupSpec, rows: LookupRows): Map<LookupKey, Answer> {
  const { message, key } = spec.source;
  const answers = new Map<LookupKey, Answer>();
  const isMap = rows instanceof Map;
  for (const each of rows) {
    const [given, row] = isMap ? each as unknown as [LookupKey, never] : [undefined, each as never];
    const made = create(message, row);
    const own = given ?? (made as unknown as Record<string, LookupKey | number>)[key.field.localName];
    answers.set(key.type === "i64" ? BigInt(own) : String(own), foundRow(spec, toBinary(message, made)));
  }
  return answers;
}
