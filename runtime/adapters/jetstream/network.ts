/** The network on NATS: requests by queue group on core NATS, streams by ordered consumers of JetStream. */
import { type ConsumerMessages, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { headers as newHeaders, Match, type MsgHdrs } from "@nats-io/nats-core";
import type { Network, StreamMessage, StreamOptions, StreamReader } from "../../world/network.ts";
import type { NatsLink } from "./connection.ts";

/** A publish is sent again this often when no answer comes; its id makes the repeats harmless. */
const PUBLISH_TRIES_MAX = 3;
const READ_AHEAD = 256;
/** When two of these are missed a reader begins anew: its server was another one, or forgot it. */
const HEARTBEAT_MS = 1_000;

export function jetstreamNetwork(link: NatsLink): Network {
  return {
    get connected() {
      return link.connected;
    },
    async serve(subject, queue, handle) {
      const subscription = link.nc.subscribe(subject, {
        queue,
        callback: (error, message) => {
          if (error) return;
          handle({
            subject: message.subject,
            payload: message.data,
            header: (name) => headerOf(message.headers, name),
            respond: (payload, fields) =>
              void message.respond(payload, fields && { headers: encoded(fields) }),
          });
        },
      });
      // The server has it when this returns: a request right after must not find nobody.
      await link.nc.flush();
      return { close: () => subscription.drain() };
    },
    stream: (options) => openStream(link, options),
    async publish(subject, payload, fields, id) {
      const options = { msgID: id, headers: encoded(fields), retries: PUBLISH_TRIES_MAX };
      await link.ready();
      try {
        await link.js.publish(subject, payload, options);
      } catch (cause) {
        throw new Error(
          `Cannot publish on ${subject} at ${link.name}: ${
            (cause as Error).message
          }. Check that a stream keeps ` +
            `this subject and has space.`,
          { cause },
        );
      }
    },
  };
}

async function openStream(link: NatsLink, options: StreamOptions): Promise<StreamReader> {
  await link.ready();
  try {
    const consumer = await link.js.consumers.get(options.stream, {
      ...start(options.from),
      ...(options.subject === undefined ? {} : { filter_subjects: options.subject }),
    });
    const { num_pending } = await consumer.info();
    const messages = await consumer.consume({ max_messages: READ_AHEAD, idle_heartbeat: HEARTBEAT_MS });
    return new Reader(link, options, messages, num_pending);
  } catch (cause) {
    throw new Error(`Cannot read stream ${options.stream} at ${link.name}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

class Reader implements StreamReader {
  pending: number;

  constructor(
    private readonly link: NatsLink,
    private readonly options: StreamOptions,
    private readonly messages: ConsumerMessages,
    pending: number,
  ) {
    this.pending = pending;
    const { signal } = options;
    // Whether it is read or not: what was asked of the server ends with the signal.
    const stop = () => this.messages.stop();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  }

  async extent() {
    await this.link.ready();
    const { state } = await this.link.jsm.streams.info(this.options.stream);
    return { first: Math.max(1, state.first_seq), last: state.last_seq };
  }

  async newest() {
    await this.link.ready();
    const last_by_subj = this.options.subject ?? ">";
    const message = await this.link.jsm.streams.getMessage(this.options.stream, { last_by_subj });
    return message?.seq ?? 0;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<StreamMessage> {
    try {
      for await (const message of this.messages) {
        if (this.options.signal.aborted) return;
        this.pending = message.info.pending;
        yield received(message);
      }
    } finally {
      this.messages.stop();
    }
  }
}

/** However it is spelt: to NATS the names of headers differ by case, to those who send them they do not. */
function headerOf(headers: MsgHdrs | undefined, name: string): string | undefined {
  return headers?.get(name) || headers?.get(name, Match.IgnoreCase) || undefined;
}

function received(message: JsMsg): StreamMessage {
  return {
    subject: message.subject,
    payload: message.data,
    sequence: message.seq,
    // Nanoseconds exceed what a number holds exactly; to the microsecond it does not matter.
    time: Math.floor(message.info.timestampNanos / 1000),
    header: (name) => headerOf(message.headers, name),
  };
}

function start(from: StreamOptions["from"]) {
  if (from === "start") return { deliver_policy: DeliverPolicy.All };
  if ("sequence" in from) {
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from.sequence) };
  }
  const time = new Date(Math.floor(from.time / 1000)).toISOString();
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: time };
}

function encoded(fields: Record<string, string>) {
  const result = newHeaders();
  for (const [name, value] of Object.entries(fields)) result.set(name, value);
  return result;
}
