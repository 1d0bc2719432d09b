/**
 * Outputs as requests to somebody's web server, one each, signed as Standard Webhooks asks. A web server keeps
 * no position for us and no transaction with us: so the position is kept beside the checkpoints, moved after the
 * server has taken a batch, and every request carries the output's id (`webhook-id`, and the same as
 * `idempotency-key`). After a crash between the two some requests come again, with the same id and the same
 * body: a receiver that remembers ids, as Standard Webhooks tells it to, has each output once.
 *
 * Outputs of one key are sent one after the other. What is not taken after the last try waits as a dead letter,
 * beside the position, until it is driven again; the outputs after it go on.
 */
import { Webhook } from "standardwebhooks";
import type { Output } from "../../runtime.ts";
import { keyText, outputId } from "../../output/identity.ts";
import type { CheckpointStore } from "../../world/checkpoints.ts";
import type { Clock } from "../../world/clock.ts";
import type { Random } from "../../world/random.ts";
import {
  FIRST,
  sameMark,
  type Sink,
  type SinkBatch,
  type SinkDeadLetter,
  type SinkDeadLetters,
  SinkFenced,
  type SinkMark,
  type Step,
} from "../../world/sink.ts";

export interface WebhookSinkOptions {
  /** Under this name position and dead letters are kept: `[a-z0-9-]+`. */
  readonly name: string;
  readonly pipeline: string;
  readonly url: string;
  /** `whsec_…`; several, separated by spaces, while they are exchanged: each signs. */
  readonly secret: string;
  readonly json: (output: Output) => string;
  readonly store: CheckpointStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Requests of one output before it is a dead letter. Default 10. */
  readonly triesMax?: number;
  /** Wait before the second try, doubled to the last. Default 200 ms, 60 s. */
  readonly backoff?: { readonly firstMs: number; readonly lastMs: number };
  readonly step?: Step;
}

/** So many may come again after a crash, with the ids they had. */
const BOUNDS = { outputsMax: 1_000, bytesMax: 1 << 20, lingerMs: 0 };
/** Requests under way at once, for one partition. */
const SENDERS = 16;
const TRIES_MAX = 10;
const BACKOFF = { firstMs: 200, lastMs: 60_000 };
const ANSWER_MS_MAX = 15_000;
/** When this many wait, the sink waits too: outputs are not to be poured into dead letters without end. */
const DEAD_LETTERS_MAX = 10_000;
/** Answers that another try can mend, beside all of 500 and above: busy, in flight, too early, too many. */
const PASSING = new Set([408, 409, 425, 429]);

interface Letter extends SinkDeadLetter {
  readonly body: string;
}

export async function webhookSink(options: WebhookSinkOptions): Promise<Sink> {
  const sink = new WebhookSink(options);
  await sink.open();
  return sink;
}

class WebhookSink implements Sink, SinkDeadLetters {
  readonly name: string;
  readonly bounds = BOUNDS;
  readonly keepsEmpty = true;
  readonly deadLetters = this;
  readonly #signers: Webhook[];
  readonly #closed = new AbortController();
  /** Ids of dead letters. */
  readonly #dead = new Set<string>();

  constructor(private readonly options: WebhookSinkOptions) {
    const { origin, pathname } = addressOf(options.url);
    // What stands behind `?` may be a secret, and this is for messages.
    this.name = `webhook ${origin}${pathname}`;
    this.#signers = signersOf(options.secret, this.name);
  }

  async open(): Promise<void> {
    for (const name of await this.options.store.list(this.#key("dead/"))) this.#dead.add(idOf(name));
  }

  async position(partition: number): Promise<SinkMark | undefined> {
    const text = await this.#read(this.#key(`position/${partition}`));
    if (text === undefined) return undefined;
    const [frame, output] = text.split(".").map(Number);
    return { frame, output };
  }

  async commit(batch: SinkBatch): Promise<void> {
    const { step } = this.options;
    const { partition, after, next, outputs } = batch;
    const found = await this.position(partition);
    if (!sameMark(found ?? FIRST, after)) throw new SinkFenced(this.name, batch, found);
    const byKey = new Map<string, Output[]>();
    for (const output of outputs) {
      const key = keyText(output.key), waiting = byKey.get(key);
      if (waiting) waiting.push(output);
      else byKey.set(key, [output]);
    }
    // Each sender takes a key with all its outputs, then the next key that nobody has taken.
    const keys = byKey.values();
    const ended = await Promise.allSettled(Array.from({ length: SENDERS }, async () => {
      for (const waiting of keys) for (const output of waiting) await this.#deliver(output);
    }));
    for (const each of ended) if (each.status === "rejected") throw each.reason;
    await step?.("position");
    await this.#write(this.#key(`position/${partition}`), `${next.frame}.${next.output}`);
    await step?.("stored");
  }

  get count(): number {
    return this.#dead.size;
  }

  async list(limit: number): Promise<SinkDeadLetter[]> {
    const letters: SinkDeadLetter[] = [];
    for (const id of [...this.#dead].sort(byPlace).slice(0, limit)) {
      const letter = await this.#letter(id);
      if (letter) letters.push({ id, reason: letter.reason, tries: letter.tries });
    }
    return letters;
  }

  async redrive(id: string): Promise<"taken" | "refused" | "unknown"> {
    const letter = this.#dead.has(id) ? await this.#letter(id) : undefined;
    if (!letter) return "unknown";
    const answer = await this.#send(id, letter.body);
    if (answer === "taken") {
      await this.#bury(id);
      return "taken";
    }
    await this.#keep({ ...letter, tries: letter.tries + 1, reason: answer.reason });
    return "refused";
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }

  /** Sends until it is taken, or given up and kept. */
  async #deliver(output: Output): Promise<void> {
    const { step, clock, random, pipeline, json, triesMax = TRIES_MAX, backoff = BACKOFF } = this.options;
    const id = outputId(pipeline, output);
    const body = bodyOf(pipeline, output, json(output));
    for (let tries = 1;; tries++) {
      await step?.("send");
      if (this.#closed.signal.aborted) {
        throw new Error(`Cannot send ${id} to ${this.name}: it is being closed.`);
      }
      const answer = await this.#send(id, body);
      if (answer === "taken") {
        if (this.#dead.has(id)) await this.#bury(id);
        return;
      }
      if (!answer.passing || tries >= triesMax) {
        if (this.#dead.size >= DEAD_LETTERS_MAX) {
          throw new Error(
            `Cannot give up ${id} to ${this.name}: ${this.#dead.size} dead letters wait already. ` +
              `Drive them again; until then this sink waits.`,
          );
        }
        return await this.#keep({ id, tries, reason: answer.reason, body });
      }
      const wait = Math.min(backoff.lastMs, backoff.firstMs * 2 ** Math.min(tries - 1, 30));
      await clock.sleep(Math.max(answer.afterMs, wait * (0.5 + random.next() / 2)), this.#closed.signal);
    }
  }

  async #send(id: string, body: string): Promise<"taken" | Refusal> {
    const { url, clock } = this.options;
    const at = new Date(clock.now() / 1000);
    const late = new AbortController();
    const stop = () => late.abort();
    this.#closed.signal.addEventListener("abort", stop, { once: true });
    const cancel = clock.after(ANSWER_MS_MAX, stop);
    try {
      const response = await fetch(url, {
        method: "POST",
        redirect: "manual",
        signal: late.signal,
        headers: {
          "content-type": "application/json",
          "idempotency-key": id,
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
          "webhook-signature": this.#signers.map((signer) => signer.sign(id, at, body)).join(" "),
        },
        body,
      });
      await response.body?.cancel();
      if (response.ok) return "taken";
      return {
        reason: `it answered ${response.status}`,
        passing: PASSING.has(response.status) || response.status >= 500,
        afterMs: retryAfter(response.headers.get("retry-after")),
      };
    } catch (error) {
      return { reason: late.signal.aborted ? "no answer in time" : String(error), passing: true, afterMs: 0 };
    } finally {
      cancel();
      this.#closed.signal.removeEventListener("abort", stop);
    }
  }

  async #keep(letter: Letter): Promise<void> {
    await this.#write(this.#key(`dead/${letter.id}`), JSON.stringify(letter));
    this.#dead.add(letter.id);
  }

  async #bury(id: string): Promise<void> {
    await this.options.store.delete(this.#key(`dead/${id}`));
    this.#dead.delete(id);
  }

  async #letter(id: string): Promise<Letter | undefined> {
    const text = await this.#read(this.#key(`dead/${id}`));
    return text === undefined ? undefined : JSON.parse(text);
  }

  #key(rest: string): string {
    return `sinks/${this.options.name}/${rest}`;
  }

  #write(name: string, text: string): Promise<void> {
    return this.options.store.put(name, [new TextEncoder().encode(text)]);
  }

  async #read(name: string): Promise<string | undefined> {
    const parts = await this.options.store.get(name);
    if (!parts) return undefined;
    const decoder = new TextDecoder();
    let text = "";
    for await (const part of parts) text += decoder.decode(part, { stream: true });
    return text;
  }
}

interface Refusal {
  readonly reason: string;
  /** Whether another try may be taken. */
  readonly passing: boolean;
  readonly afterMs: number;
}

function addressOf(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (!address || !/^https?:$/.test(address.protocol)) {
    throw new Error(`Cannot use ${JSON.stringify(url)} as a webhook: it must be an http or https address.`);
  }
  return address;
}

function signersOf(secret: string, name: string): Webhook[] {
  try {
    const secrets = secret.split(/\s+/).filter(Boolean);
    if (secrets.length === 0) throw new Error("there is none");
    return secrets.map((each) => new Webhook(each));
  } catch (cause) {
    throw new Error(
      `Cannot use the secret of ${name}: ${(cause as Error).message}. It is "whsec_" and 24 to 64 bytes in ` +
        `base64: openssl rand -base64 32`,
      { cause },
    );
  }
}

/** The same at every try: a receiver may compare. */
function bodyOf(pipeline: string, { position, output, key }: Output, data: string): string {
  const place = JSON.stringify({ ...position, output });
  return `{"type":"${pipeline}.output","key":${
    JSON.stringify(keyText(key))
  },"position":${place},"data":${data}}`;
}

/** Seconds, as Retry-After gives them, bounded by the longest wait; a date is left to the backoff. */
function retryAfter(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1000, BACKOFF.lastMs) : 0;
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** By partition, frame and output: the last three numbers of an id. */
function byPlace(one: string, other: string): number {
  const [a, b] = [one, other].map((id) => id.split("-").slice(-3).map(Number));
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
