/**
 * A network in memory: request and reply between the parties of one process, and streams that outlive their
 * writers. For tests and the simulator; and `noNetwork`, the embedded default, which refuses to serve.
 */
import type { Clock } from "../../world/clock.ts";
import type {
  Network,
  NetworkRequest,
  StreamMessage,
  StreamOptions,
  StreamReader,
} from "../../world/network.ts";

export interface MemoryNetwork extends Network {
  /** Sends a request and waits for its reply. */
  request(subject: string, payload: Uint8Array, headers?: Record<string, string>): Promise<MemoryReply>;
  /** Declares that what is published on these subjects is kept in this stream. */
  keep(stream: string, subjects: string[]): void;
  /** Drops the messages of a stream up to a sequence. */
  purge(stream: string, sequence: number): void;
}

export interface MemoryReply {
  readonly payload: Uint8Array;
  readonly headers: Record<string, string>;
}

interface Server {
  readonly subject: string;
  readonly queue: string;
  readonly handle: (request: NetworkRequest) => void;
}

interface KeptStream {
  readonly name: string;
  readonly subjects: string[];
  readonly messages: StreamMessage[];
  readonly ids: Set<string>;
  readonly waiting: Set<() => void>;
  /** Sequence of the first message that is kept. */
  first: number;
}

export function memoryNetwork(options: { clock: Clock }): MemoryNetwork {
  const { clock } = options;
  const servers: Server[] = [];
  const streams: KeptStream[] = [];
  let turn = 0;
  return {
    connected: true,
    serve(subject, queue, handle) {
      const server = { subject, queue, handle };
      servers.push(server);
      return Promise.resolve({
        close() {
          const at = servers.indexOf(server);
          if (at >= 0) servers.splice(at, 1);
          return Promise.resolve();
        },
      });
    },
    request(subject, payload, headers = {}) {
      const fitting = servers.filter((server) => subjectMatches(server.subject, subject));
      if (fitting.length === 0) {
        return Promise.reject(new Error(`Cannot request ${subject}: nobody serves it.`));
      }
      const server = fitting[turn++ % fitting.length];
      return new Promise((resolve) =>
        clock.soon(() =>
          server.handle({
            subject,
            payload: payload.slice(),
            header: reader(headers),
            respond: (reply, replyHeaders = {}) => {
              const copy = { payload: reply.slice(), headers: { ...replyHeaders } };
              clock.soon(() => resolve(copy));
            },
          })
        )
      );
    },
    keep(name, subjects) {
      if (streams.some((stream) => stream.name === name)) return;
      streams.push({ name, subjects, messages: [], ids: new Set(), waiting: new Set(), first: 1 });
    },
    purge(name, sequence) {
      const stream = streams.find((kept) => kept.name === name)!;
      stream.first = Math.max(stream.first, sequence + 1);
    },
    stream(wanted) {
      const stream = streams.find((kept) => kept.name === wanted.stream);
      if (!stream) return Promise.reject(new Error(`Cannot read stream ${wanted.stream}: there is none.`));
      return Promise.resolve(streamReader(stream, wanted));
    },
    publish(subject, payload, headers, id) {
      const stream = streams.find((kept) => kept.subjects.some((mask) => subjectMatches(mask, subject)));
      if (!stream) return Promise.reject(new Error(`Cannot publish on ${subject}: no stream keeps it.`));
      if (!stream.ids.has(id)) {
        stream.ids.add(id);
        stream.messages.push({
          subject,
          payload: payload.slice(),
          sequence: stream.messages.length + 1,
          time: clock.now(),
          header: reader({ ...headers, "Nats-Msg-Id": id }),
        });
        for (const wake of stream.waiting) wake();
        stream.waiting.clear();
      }
      return new Promise((resolve) => clock.soon(resolve));
    },
  };
}

/** Where there is no network: nothing to serve, and saying so beats waiting for ever. */
export function noNetwork(): Network {
  const refuse = (what: string) =>
    Promise.reject(
      new Error(`Cannot ${what}: this process has no network. Start it with a NATS server's address.`),
    );
  return {
    connected: false,
    serve: (subject) => refuse(`serve ${subject}`),
    stream: (options) => refuse(`read stream ${options.stream}`),
    publish: (subject) => refuse(`publish on ${subject}`),
  };
}

function streamReader(stream: KeptStream, options: StreamOptions): StreamReader {
  const from = options.from;
  let at = 0;
  if (from !== "start" && "sequence" in from) at = Math.max(0, from.sequence - 1);
  if (from !== "start" && "time" in from) {
    at = stream.messages.findIndex((message) => message.time >= from.time);
    if (at < 0) at = stream.messages.length;
  }
  const wanted = (message: StreamMessage) =>
    options.subject === undefined || subjectMatches(options.subject, message.subject);
  return {
    get pending() {
      return stream.messages.slice(at).filter(wanted).length;
    },
    extent: () => Promise.resolve({ first: stream.first, last: stream.messages.length }),
    newest() {
      const last = stream.messages.findLast((message) => message.sequence >= stream.first && wanted(message));
      return Promise.resolve(last?.sequence ?? 0);
    },
    async *[Symbol.asyncIterator]() {
      while (!options.signal.aborted) {
        at = Math.max(at, stream.first - 1);
        const message = stream.messages[at];
        if (!message) await arrival(stream, options.signal);
        else {
          at++;
          if (wanted(message)) yield message;
        }
      }
    },
  };
}

function arrival(stream: KeptStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      signal.removeEventListener("abort", wake);
      stream.waiting.delete(wake);
      resolve();
    };
    stream.waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
  });
}

/** Header names compare without regard to case in NATS clients' common use; values are as sent. */
function reader(headers: Record<string, string>): (name: string) => string | undefined {
  return (name) => {
    for (const key in headers) if (key.toLowerCase() === name.toLowerCase()) return headers[key];
  };
}

/** NATS subject matching: `*` is one token, `>` the rest (at least one). */
export function subjectMatches(mask: string, subject: string): boolean {
  const wanted = mask.split(".");
  const tokens = subject.split(".");
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === ">") return tokens.length > i;
    if (i >= tokens.length || (wanted[i] !== "*" && wanted[i] !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}
