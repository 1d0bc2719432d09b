/**
 * HTTP load from a process of its own, over raw sockets with one request at a time on each.
 *
 * closed: each connection asks again as soon as it is answered: throughput.
 * open:   requests have intended send times at a fixed rate, whatever the server does; latency counts from
 *         that time, so a stall is seen by every request it delays. Requests that find no free connection
 *         wait, and their waiting counts.
 *
 * Takes one JSON object on standard input (LoadOptions) and prints one (LoadResult).
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { setTimeout } from "node:timers";
import { build } from "hdr-histogram-js";

export interface LoadOptions {
  readonly mode: "closed" | "open";
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  /** Bodies, base64, used in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** open: requests a second. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly offeredPerSecond: number;
  readonly perSecond: number;
  readonly requests: number;
  /** Answers other than 200. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** open: how late this generator itself was to send what was due; the latencies above contain it. */
  readonly lateP50Ms?: number;
  readonly lateP99Ms?: number;
  /** open: from when a request was in fact sent: what is left without that lateness. Not what a client sees. */
  readonly fromSentP99Ms?: number;
  /** Its own processor time for a request, microseconds. */
  readonly cpuMicros: number;
}

export async function load(options: LoadOptions): Promise<LoadResult> {
  const { mode, warmUpSeconds, seconds, rate = 0 } = options;
  const requests = options.bodies.map((body) => requestOf(options, Buffer.from(body, "base64")));
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  const connections = await Promise.all(
    Array.from({ length: options.connections }, () => Connection.open(options.port)),
  );
  const begin = performance.now() + warmUpSeconds * 1000;
  const end = begin + seconds * 1000;
  const late = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  const fromSent = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  let answered = 0;
  let failed = 0;
  let turn = 0;
  let asked = 0;
  const next = () => {
    asked++;
    return requests[turn++ % requests.length];
  };
  const record = (intended: number, ok: boolean) => {
    const now = performance.now();
    if (!ok) failed++;
    if (intended < begin || intended >= end) return;
    if (now < end) answered++;
    histogram.recordValue(Math.max(1, Math.round((now - intended) * 1000)));
  };
  if (mode === "closed") {
    for (const connection of connections) {
      const again = () => {
        const sent = performance.now();
        if (sent >= end) return;
        connection.ask(next(), (ok) => {
          record(sent, ok);
          again();
        });
      };
      again();
    }
    await sleep(end - performance.now() + 200);
  } else {
    const sent = (intended: number, now: number) => {
      if (intended >= begin) late.recordValue(Math.max(1, Math.round((now - intended) * 1000)));
    };
    await openLoop(connections, rate, end, next, (intended, sentAt, ok) => {
      record(intended, ok);
      const micros = Math.round((performance.now() - sentAt) * 1000);
      if (intended >= begin) fromSent.recordValue(Math.max(1, micros));
    }, sent);
  }
  for (const connection of connections) connection.close();
  const { user, system } = process.cpuUsage();
  const ms = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    offeredPerSecond: mode === "open" ? rate : Math.round(answered / seconds),
    perSecond: Math.round(answered / seconds),
    requests: histogram.totalCount,
    failed,
    p50Ms: ms(50),
    p90Ms: ms(90),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    maxMs: histogram.maxValue / 1000,
    ...(mode === "open"
      ? {
        lateP50Ms: late.getValueAtPercentile(50) / 1000,
        lateP99Ms: late.getValueAtPercentile(99) / 1000,
        fromSentP99Ms: fromSent.getValueAtPercentile(99) / 1000,
      }
      : {}),
    cpuMicros: Math.round((user + system) / Math.max(1, asked)),
  };
}

/** Sends what is due every millisecond (the lateness counts against the server, never for it); answers still missing at the end are waited for. */
async function openLoop(
  idle: Connection[],
  rate: number,
  end: number,
  next: () => Buffer,
  record: (intended: number, sentAt: number, ok: boolean) => void,
  sent: (intended: number, now: number) => void,
): Promise<void> {
  const start = performance.now();
  const due: number[] = [];
  let planned = 0;
  let waiting = 0;
  const send = () => {
    while (due.length > 0 && idle.length > 0) {
      const intended = due.shift()!;
      // In turn: one that is left unused would be cut as a client that says nothing.
      const connection = idle.shift()!;
      const sentAt = performance.now();
      waiting++;
      connection.ask(next(), (ok) => {
        waiting--;
        record(intended, sentAt, ok);
        idle.push(connection);
        send();
      });
    }
  };
  for (let now = start; now < end; now = performance.now()) {
    for (let at = start + planned * 1000 / rate; at <= now && at < end; at = start + planned * 1000 / rate) {
      due.push(at);
      sent(at, now);
      planned++;
    }
    send();
    await sleep(0.5);
  }
  for (let i = 0; (waiting > 0 || due.length > 0) && i < 500; i++) await sleep(10);
}

function requestOf({ path, contentType }: LoadOptions, body: Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: ${contentType}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** One keep-alive connection; reads answers that have a Content-Length or are chunked. */
class Connection {
  #done: ((ok: boolean) => void) | undefined;
  #read: Buffer = NOTHING;

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.setNoDelay(true);
        resolve(new Connection(socket));
      });
      socket.once("error", reject);
    });
  }

  private constructor(private readonly socket: Socket) {
    socket.on("data", (part: Buffer) => this.#take(part));
    socket.on("error", () => {});
    socket.on("close", () => this.#finish(false));
  }

  ask(request: Buffer, done: (ok: boolean) => void): void {
    this.#done = done;
    this.socket.write(request);
  }

  close(): void {
    this.#done = undefined;
    this.socket.destroy();
  }

  /** Looks at no more of an answer than it must: the load shares the machine with what it measures. */
  #take(part: Buffer): void {
    const read = this.#read.length === 0 ? part : Buffer.concat([this.#read, part]);
    const end = endOfAnswer(read);
    if (end < 0 || read.length < end) {
      this.#read = read;
      return;
    }
    this.#read = NOTHING;
    this.#finish(read[9] === 0x32 && read[10] === 0x30 && read[11] === 0x30); // HTTP/1.1 200
  }

  #finish(ok: boolean): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(ok);
  }
}

const NOTHING = Buffer.alloc(0);

/** Length of the whole answer that begins the bytes, or -1 when its headers are not all there. */
function endOfAnswer(read: Buffer): number {
  const body = read.indexOf("\r\n\r\n") + 4;
  if (body < 4) return -1;
  let at = read.indexOf("ontent-Length: ");
  if (at < 0) at = read.indexOf("ontent-length: ");
  if (at < 0 || at > body) {
    throw new Error(
      `Cannot measure: an answer came without Content-Length: ${read.subarray(0, 200).toString()}`,
    );
  }
  let length = 0;
  for (at += 15; read[at] >= 0x30; at++) length = length * 10 + read[at] - 0x30;
  return body + length;
}

async function readAll(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part);
  return Buffer.concat(parts).toString();
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));

if (import.meta.main) {
  const result = await load(JSON.parse(await readAll()));
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
