/**
 * Publishing to JetStream without the library's cost per message (a token, a map entry, several promises, a
 * timer and a JSON parse each): one wildcard inbox, integer reply tokens, acknowledgements read as bytes, and
 * one sweeper for all timeouts. The library ignores the socket's back-pressure: callers bound what is in
 * flight.
 */
import type { Msg, MsgHdrs } from "@nats-io/nats-core";
import { createInbox } from "@nats-io/nats-core";
import type { Clock } from "../../world/clock.ts";
import type { NatsLink } from "./connection.ts";

export type PublishAnswer =
  | { readonly kind: "stored"; readonly sequence: number }
  /** The server's refusal: nothing was stored. `code` is JetStream's error code, 503 for "nobody there". */
  | { readonly kind: "refused"; readonly code: number; readonly detail: string }
  /** No answer: it may or may not be stored. */
  | { readonly kind: "unknown"; readonly cause: Error };

interface InFlight {
  readonly settle: (answer: PublishAnswer) => void;
  readonly deadline: number;
}

export const NO_RESPONDERS = 503;

/** An append that waits so long makes the connection be probed. */
const PROBE_MS = 1_500;

export class Publisher {
  readonly #inbox = createInbox() + ".";
  readonly #inFlight = new Map<number, InFlight>();
  readonly #stop: () => void;
  #token = 0;
  #cancelSweep: (() => void) | undefined;
  #cancelProbe: (() => void) | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {
    const subscription = link.nc.subscribe(this.#inbox + "*", {
      callback: (_, answer) => this.#answered(answer),
    });
    const forget = link.onBreak((cause) => this.#abandon(cause));
    this.#stop = () => {
      forget();
      subscription.unsubscribe();
    };
  }

  /** Sends a message that must follow sequence `after` of its stream. */
  publish(
    subject: string,
    after: number,
    message: Uint8Array,
    settle: (answer: PublishAnswer) => void,
  ): void {
    if (!this.link.connected) {
      // What the library would queue until it is connected again nobody could call stored or not stored.
      const detail = `there is no connection to ${this.link.name} at the moment`;
      return settle({ kind: "refused", code: NO_RESPONDERS, detail });
    }
    const token = ++this.#token;
    try {
      this.link.nc.publish(subject, message, { reply: this.#inbox + token, headers: fence(after) });
    } catch (cause) {
      return settle({ kind: "refused", code: 0, detail: (cause as Error).message });
    }
    this.#inFlight.set(token, { settle, deadline: this.clock.monotonic() + this.timeoutMs * 1000 });
    this.#cancelSweep ??= this.clock.after(this.timeoutMs, () => this.#sweep());
    this.#cancelProbe ??= this.clock.after(PROBE_MS, () => this.#probe());
  }

  /** An append that waits long may wait for a connection that is gone without a word. */
  #probe(): void {
    this.#cancelProbe = undefined;
    const [oldest] = this.#inFlight.values();
    if (!oldest) return;
    const waited = this.clock.monotonic() - (oldest.deadline - this.timeoutMs * 1000);
    if (waited >= PROBE_MS * 1000) void this.link.probe();
    this.#cancelProbe = this.clock.after(PROBE_MS, () => this.#probe());
  }

  close(): void {
    this.#abandon(new Error("Cannot await the ledger's answer: it was closed."));
    if (!this.link.nc.isClosed()) this.#stop();
  }

  #answered(answer: Msg): void {
    const token = Number(answer.subject.slice(this.#inbox.length));
    const inFlight = this.#inFlight.get(token);
    if (!inFlight) return;
    this.#inFlight.delete(token);
    inFlight.settle(readAnswer(answer));
  }

  /** Tokens rise and Maps keep their order: the oldest come first. */
  #sweep(): void {
    const now = this.clock.monotonic();
    this.#cancelSweep = undefined;
    for (const [token, { settle, deadline }] of this.#inFlight) {
      if (deadline > now) {
        this.#cancelSweep = this.clock.after(Math.ceil((deadline - now) / 1000), () => this.#sweep());
        return;
      }
      this.#inFlight.delete(token);
      settle({
        kind: "unknown",
        cause: new Error(
          `No answer from ${this.link.name} in ${this.timeoutMs} ms. If that lasts, look at the server's log: one ` +
            "whose disk was full answers no appends until there is space and it is started again.",
        ),
      });
    }
  }

  #abandon(cause: Error): void {
    const all = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
    for (const { settle } of all) settle({ kind: "unknown", cause });
  }
}

const encoder = new TextEncoder();

/** The library asks headers for nothing but their encoding, and its own takes longer to make it. */
function fence(after: number): MsgHdrs {
  const encoded = encoder.encode(`NATS/1.0\r\nNats-Expected-Last-Sequence: ${after}\r\n\r\n`);
  return { encode: () => encoded } as unknown as MsgHdrs;
}

const SEQ = encoder.encode('"seq":');

/** `{"stream":"…","seq":12}`, or `{"error":{"code":…,"err_code":…,"description":"…"},…}`. */
export function readAnswer(answer: Pick<Msg, "data" | "headers">): PublishAnswer {
  const data = answer.data;
  if (data.length === 0) {
    const code = answer.headers?.code || NO_RESPONDERS;
    return { kind: "refused", code, detail: "no server answers for this stream" };
  }
  const sequence = data[2] === 0x65 /* "e" of error */ ? undefined : findSequence(data);
  if (sequence !== undefined) return { kind: "stored", sequence };
  try {
    const { error, seq } = JSON.parse(new TextDecoder().decode(data));
    if (error) {
      return { kind: "refused", code: error.err_code ?? error.code, detail: String(error.description) };
    }
    if (Number.isSafeInteger(seq) && seq > 0) return { kind: "stored", sequence: seq };
    throw new Error(`no sequence in ${new TextDecoder().decode(data)}`);
  } catch (cause) {
    return { kind: "unknown", cause: new Error("Cannot read the server's answer.", { cause }) };
  }
}

function findSequence(data: Uint8Array): number | undefined {
  // Stream names hold no quotes, so the first `"seq":` is the field.
  search: for (let at = 0; at + SEQ.length < data.length; at++) {
    for (let i = 0; i < SEQ.length; i++) if (data[at + i] !== SEQ[i]) continue search;
    let sequence = 0;
    for (let i = at + SEQ.length; i < data.length; i++) {
      const digit = data[i] - 48;
      if (digit < 0 || digit > 9) break;
      sequence = sequence * 10 + digit;
    }
    return sequence > 0 ? sequence : undefined;
  }
  return undefined;
}
