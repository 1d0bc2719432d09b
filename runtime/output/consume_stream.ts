/** Outputs from the stream that a stream sink keeps (`millrace-out-{pipeline}`), for `consume`. */
import { OUTPUT_HEADERS } from "./identity.ts";
import type { Network, StreamMessage } from "../world/network.ts";
import { keyOfToken } from "../ingress/subject.ts";
import { CannotConsume, type OutputSource, type Sourced } from "./consume.ts";

export interface StreamOutputsOptions {
  readonly network: Network;
  readonly pipeline: string;
  /** Default `millrace-out-{pipeline}`. */
  readonly stream?: string;
}

export function streamOutputs(options: StreamOutputsOptions): OutputSource {
  const { network, pipeline, stream = `millrace-out-${pipeline}` } = options;
  return {
    name: `stream ${stream}`,
    async *read(_marks, hint, signal) {
      // The hint is the sequence of the last message that was had.
      const from = hint === "" ? "start" as const : { sequence: Number(hint) };
      let first = true;
      for await (const message of await network.stream({ stream, from, signal })) {
        if (first && from !== "start" && message.sequence > from.sequence) {
          throw new CannotConsume(
            `Cannot go on with stream ${stream} behind message ${hint}: it begins at ${message.sequence}, what is ` +
              `between was removed. Begin anew, without \`after\`, or read what is missing over HTTP.`,
          );
        }
        first = false;
        const sourced = sourcedOf(message);
        if (sourced) yield sourced;
      }
    },
  };
}

/** Undefined for a message that is no output. */
function sourcedOf({ subject, payload, sequence, header }: StreamMessage): Sourced | undefined {
  const place = /^(\d+)\.(\d+)\.(\d+)$/.exec(header(OUTPUT_HEADERS.position) ?? "");
  const index = header(OUTPUT_HEADERS.output);
  if (!place || index === undefined) return undefined;
  const [partition, frame, event] = place.slice(1).map(Number);
  return {
    output: {
      position: { partition, frame, event },
      output: Number(index),
      channel: Number(header(OUTPUT_HEADERS.channel) ?? 0),
      key: keyOfToken(subject.slice(subject.lastIndexOf(".") + 1)),
      payload,
    },
    hint: String(sequence),
  };
}
