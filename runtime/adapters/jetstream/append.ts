/**
 * The raw publish path of the ledger. The library's `js.publish` makes a token, a timer, several promises and
 * a JSON parse for each message; here one wildcard inbox takes all acknowledgements, a token is an integer,
 * and one sweeper watches for answers that do not come. What is in flight is bounded by the caller.
 */
import { createInbox, headers, type Msg, type NatsConnection, type Subscription } from "@nats-io/nats-core";
import type { Appended } from "../../world/ledger.ts";
import type { Clock } from "../../world/clock.ts";

/** Without an answer for this long, an append is `unknown`. */
const ANSWER_TIMEOUT_MS = 5_000;
const SWEEP_MS = 250;

/** Error codes of the server. */
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);

interface Waiting {
  readonly subject: string;
  readonly sequence: number;
  readonly until: number;
  readonly settle: (outcome: Appended) => void;
}

export class AppendPath {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  /** By token, oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  #token = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(connection: NatsConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#answered(message);
      },
    });
    this.#watchConnection();
  }

  /** Publishes `message` as sequence `after + 1` of the stream that `subject` belongs to. */
  append(subject: string, after: number, message: Uint8Array): Promise<Appended> {
    return new Promise((settle) => {
      const token = ++this.#token;
      const fence = headers();
      fence.set("Nats-Expected-Last-Sequence", String(after));
      const until = this.#clock.monotonic() + ANSWER_TIMEOUT_MS * 1000;
      this.#waiting.set(token, { subject, sequence: after + 1, until, settle });
      this.#armSweep();
      try {
        this.#connection.publish(subject, message, { reply: `${this.#inbox}.${token}`, headers: fence });
      } catch (cause) {
        this.#waiting.delete(token);
        settle({ kind: "failed", cause: notAppended(after + 1, subject, (cause as Error).message, cause) });
      }
    });
  }

  /** Whatever waits is unknown from now on. */
  close(): void {
    this.#cancelSweep?.();
    this.#loseAll(() => true, "the connection was closed");
    this.#subscription.unsubscribe();
  }

  #answered(message: Msg): void {
    const token = Number(message.subject.slice(this.#inbox.length + 1));
    const waiting = this.#waiting.get(token);
    if (!waiting) return;
    this.#waiting.delete(token);
    waiting.settle(read(message, waiting));
  }

  /** A lost connection loses answers: nothing in flight will hear of its fate. */
  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === "disconnect" || type === "staleConnection" || type === "close") {
        this.#loseAll(() => true, "the connection to the server was lost");
      }
    }
  }

  #armSweep(): void {
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      const now = this.#clock.monotonic();
      const late = new Set<string>();
      for (const { until, subject } of this.#waiting.values()) {
        if (until > now) break;
        late.add(subject);
      }
      // What follows a lost append in its chain is as unknown as it is.
      if (late.size > 0) {
        this.#loseAll(({ subject }) => late.has(subject), `no answer for ${ANSWER_TIMEOUT_MS} ms`);
      }
      if (this.#waiting.size > 0) this.#armSweep();
    });
  }

  #loseAll(which: (waiting: Waiting) => boolean, why: string): void {
    for (const [token, waiting] of [...this.#waiting]) {
      if (!which(waiting)) continue;
      this.#waiting.delete(token);
      waiting.settle({ kind: "unknown", cause: notAppended(waiting.sequence, waiting.subject, why) });
    }
  }
}

interface Answer {
  readonly seq?: number;
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string };
}

const SEQUENCE = /^\{"stream":"[^"]*",(?:"domain":"[^"]*",)?\s*"seq":(\d+)/;
const TEXT = new TextDecoder();

function read(message: Msg, { sequence, subject }: Waiting): Appended {
  if (message.headers?.code === 503) {
    return { kind: "failed", cause: notAppended(sequence, subject, "no stream takes it; is JetStream on?") };
  }
  const text = TEXT.decode(message.data);
  const quick = SEQUENCE.exec(text);
  if (quick) return stored(Number(quick[1]), sequence, subject);
  let answer: Answer;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    return {
      kind: "unknown",
      cause: notAppended(sequence, subject, `the server answered ${text.slice(0, 80)}`, cause),
    };
  }
  if (answer.seq !== undefined && !answer.error) return stored(answer.seq, sequence, subject);
  const code = answer.error?.err_code ?? 0;
  const detail = `${answer.error?.description ?? "no reason given"} (${code})`;
  if (WRONG_LAST_SEQUENCE.has(code)) return { kind: "fenced", detail };
  // 503: the stream has no leader just now; an earlier try may still be under way.
  if (answer.error?.code === 503) return { kind: "unknown", cause: notAppended(sequence, subject, detail) };
  return { kind: "failed", cause: notAppended(sequence, subject, detail) };
}

function stored(found: number, sequence: number, subject: string): Appended {
  if (found === sequence) return { kind: "stored", sequence };
  return { kind: "fenced", detail: `${subject} stored it as ${found}, not ${sequence}` };
}

export function notAppended(sequence: number, subject: string, why: string, cause?: unknown): Error {
  return new Error(`Cannot append ${sequence} to ${subject}: ${why}`, { cause });
}
