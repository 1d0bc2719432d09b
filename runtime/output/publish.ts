/**
 * Outputs of a pipeline as messages of a JetStream stream: `millrace.{pipeline}.out.{key}`, in order per
 * partition while the server answers, each with its position and an id of its own, `<chain>-<frame>-<output>`.
 *
 * The output stream is its own memory. Before it publishes, it reads the stream's tail and leaves out what is
 * there already, so that a crash between two messages neither loses nor doubles one: the server's dedupe
 * window, which is only a time, is not relied on.
 */
import type { Output, Position, Runtime } from "../runtime.ts";
import type { Network, StreamMessage } from "../world/network.ts";
import { keyToken, outputSubject } from "../ingress/subject.ts";

export interface PublishOptions {
  readonly runtime: Runtime;
  readonly pipeline: string;
  readonly network: Network;
  /** The stream that captures `millrace.{pipeline}.out.>`. */
  readonly stream: string;
  /** Newest sequence of that stream; 0 = it is empty. Asked once, before anything is published. */
  lastSequence(): Promise<number>;
}

/** How far the newest message on its way may be ahead of the oldest: a crash leaves no gap farther back. */
const IN_FLIGHT_MAX = 256;
/** Messages of the tail read first; doubled until every partition's own tail is long enough. */
const TAIL = 1024;

export const OUTPUT_HEADERS = { position: "Millrace-Position", output: "Millrace-Output", id: "Millrace-Id" };

/** Runs until the signal; throws where the server refuses: started again, it goes on where it was. */
export async function publishOutputs(options: PublishOptions, signal: AbortSignal): Promise<void> {
  const { runtime, pipeline, network } = options;
  const { from, seen } = await published(options, await options.lastSequence(), signal);
  const inFlight = new Map<number, Promise<void>>(); // by index, oldest first
  let failure: unknown;
  let index = 0;
  for await (const output of runtime.outputs(pipeline, from, signal)) {
    const at = index++;
    // Those left out count as well: what `published` trusts is that no gap is farther back than this.
    for (const [oldest, sent] of inFlight) {
      if (at - oldest < IN_FLIGHT_MAX) break;
      await sent;
    }
    if (failure) break;
    const id = outputId(pipeline, output);
    if (seen.delete(id)) continue;
    const subject = outputSubject(pipeline, keyToken(output.key));
    const sent = network.publish(subject, output.payload, headersOf(id, output), id)
      .catch((error) => void (failure ??= error))
      .finally(() => inFlight.delete(at));
    inFlight.set(at, sent);
  }
  await Promise.all(inFlight.values());
  if (failure) {
    throw new Error(`Cannot publish the outputs of ${pipeline}: the output stream refused one.`, {
      cause: failure,
    });
  }
}

export function outputId(pipeline: string, { position, output }: Output): string {
  return `${pipeline}-${position.partition}-${position.frame}-${output}`;
}

function headersOf(
  id: string,
  { position: { partition, frame, event }, output }: Output,
): Record<string, string> {
  return {
    [OUTPUT_HEADERS.id]: id,
    [OUTPUT_HEADERS.position]: `${partition}.${frame}.${event}`,
    [OUTPUT_HEADERS.output]: String(output),
  };
}

interface Resume {
  readonly from: "start" | readonly Position[];
  /** Ids at or after `from` that the stream already holds. */
  readonly seen: Set<string>;
}

/**
 * Where to go on. Of a partition, everything more than IN_FLIGHT_MAX messages before its last one is certainly
 * there; from that message's frame on, ids tell.
 */
async function published(options: PublishOptions, last: number, signal: AbortSignal): Promise<Resume> {
  const { pipeline, runtime } = options;
  if (last === 0) return { from: "start", seen: new Set() };
  const partitions = runtime.topology.pipelines.find(({ name }) => name === pipeline)?.partitions ?? 1;
  for (let size = TAIL;; size *= 2) {
    const first = Math.max(1, last - size + 1);
    const tails = await readTail(options, first, last, signal);
    const isLongEnough = (partition: number) => (tails.get(partition)?.length ?? 0) > IN_FLIGHT_MAX;
    const all = Array.from({ length: partitions }, (_, partition) => isLongEnough(partition)).every(Boolean);
    if (first > 1 && !all && !signal.aborted) continue;
    const from: Position[] = [];
    const seen = new Set<string>();
    for (const [partition, tail] of tails) {
      // Not the whole history but still too short can only mean that the signal came.
      const certain = tail[tail.length - 1 - IN_FLIGHT_MAX];
      if (certain !== undefined) from.push({ partition, frame: certain.frame, event: -1 });
      for (const { id } of tail) seen.add(id);
    }
    return { from, seen };
  }
}

/** Messages of this pipeline from a sequence to the last, by partition, in the order of their frames. */
async function readTail(
  { network, stream, pipeline }: PublishOptions,
  first: number,
  last: number,
  signal: AbortSignal,
) {
  const tails = new Map<number, { frame: number; output: number; id: string }[]>();
  const enough = new AbortController();
  const stop = () => enough.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const reader = await network.stream({ stream, from: { sequence: first }, signal: enough.signal });
    for await (const message of reader) {
      note(tails, pipeline, message);
      if (message.sequence >= last || reader.pending === 0) break;
    }
  } finally {
    enough.abort();
    signal.removeEventListener("abort", stop);
  }
  for (const tail of tails.values()) tail.sort((a, b) => a.frame - b.frame || a.output - b.output);
  return tails;
}

function note(
  tails: Map<number, { frame: number; output: number; id: string }[]>,
  pipeline: string,
  message: StreamMessage,
): void {
  const id = message.header(OUTPUT_HEADERS.id);
  const match = id?.startsWith(`${pipeline}-`)
    ? /^(\d+)-(\d+)-(\d+)$/.exec(id.slice(pipeline.length + 1))
    : null;
  if (!id || !match) return; // somebody else's message
  const partition = Number(match[1]);
  let tail = tails.get(partition);
  if (tail === undefined) tails.set(partition, tail = []);
  tail.push({ frame: Number(match[2]), output: Number(match[3]), id });
}
