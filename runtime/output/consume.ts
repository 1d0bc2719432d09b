/**
 * Reads the outputs of a pipeline from another program: in order per partition, each once, over any number of
 * broken connections and restarts of either side.
 *
 *   for await (const output of consume({ source, after, clock }, signal)) {
 *     // do something with output.payload, and keep output.resume together with what was done
 *   }
 *
 * The consumer keeps its own position: `resume` of the last output it is done with. Given back as `after`, it
 * goes on behind it. Kept in the same transaction as what was done, each output is done once; kept after it, an
 * output may be done again after a crash; kept before it, one may be left out.
 */
import type { Output } from "../runtime.ts";
import type { Clock } from "../world/clock.ts";
import { compareMarks, formatMark, type SinkMark } from "../world/sink.ts";

/** Where outputs are read from. */
export interface OutputSource {
  /** For messages to people. */
  readonly name: string;
  /**
   * Outputs behind the marks (the first wanted of each partition; none: from its beginning), in order per
   * partition, as they come; those before may come too. Ends or throws when the connection does. `hint` is
   * where the source said that it was, with the last output that was had. By `clock` it notices that nobody is
   * there any more, where the connection does not say so.
   */
  read(
    marks: ReadonlyMap<number, SinkMark>,
    hint: string,
    signal: AbortSignal,
    clock: Clock,
  ): AsyncIterable<Sourced>;
}

export interface Sourced {
  readonly output: Output;
  readonly hint: string;
}

export interface Consumed extends Output {
  /** Given as `after`, reading goes on behind this output. */
  readonly resume: string;
}

export interface ConsumeOptions {
  readonly source: OutputSource;
  readonly clock: Clock;
  /** `resume` of the last output that was done with. Default: from the beginning. */
  readonly after?: string;
  /** Told when reading broke off and is begun again. */
  onBreak?(error: Error): void;
}

/** Reading cannot go on, whatever is tried again: what was to come next is gone, or the question is wrong. */
export class CannotConsume extends Error {
  override name = "CannotConsume";
}

const BACKOFF = { firstMs: 50, lastMs: 5_000 };

export async function* consume(options: ConsumeOptions, signal: AbortSignal): AsyncGenerator<Consumed> {
  const { source, clock, after = "" } = options;
  let { marks, hint } = parseResume(after);
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for await (const sourced of source.read(marks, hint, signal, clock)) {
        if (signal.aborted) return;
        const { output } = sourced;
        if (!isNext(marks, output, source.name)) continue;
        failures = 0;
        marks = new Map(marks).set(output.position.partition, {
          frame: output.position.frame,
          output: output.output + 1,
        });
        hint = sourced.hint;
        yield { ...output, resume: formatResume(marks, hint) };
      }
      if (signal.aborted) return;
      options.onBreak?.(new Error(`${source.name} ended`));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CannotConsume) throw error;
      options.onBreak?.(error as Error);
    }
    await clock.sleep(Math.min(BACKOFF.lastMs, BACKOFF.firstMs * 2 ** Math.min(failures, 20)), signal);
  }
}

/** Whether an output is the next of its partition; one that was had is passed over, a gap is an error. */
function isNext(marks: ReadonlyMap<number, SinkMark>, { position, output }: Output, name: string): boolean {
  const { partition, frame } = position;
  const mark = marks.get(partition);
  const here = { frame, output };
  if (!mark) return true;
  if (compareMarks(here, mark) < 0) return false;
  const expected = mark.frame === frame ? mark.output : 0;
  if (output === expected) return true;
  throw new Error(
    `Cannot go on with ${name}: of partition ${partition}, ${frame}.${expected} was to come, and ` +
      `${formatMark(here)} came`,
  );
}

/** "0=17.4 1=3.0@1234": by partition the first output that is wanted next, and where the source was. */
function formatResume(marks: ReadonlyMap<number, SinkMark>, hint: string): string {
  return `${formatMarks(marks)}@${hint}`;
}

export function formatMarks(marks: ReadonlyMap<number, SinkMark>): string {
  return [...marks].map(([partition, mark]) => `${partition}=${formatMark(mark)}`).join(" ");
}

/** The other way about; undefined when it is none. */
export function parseMarks(text: string): Map<number, SinkMark> | undefined {
  const marks = new Map<number, SinkMark>();
  for (const each of text.split(" ").filter(Boolean)) {
    const match = /^(\d{1,9})=(\d{1,15})\.(\d{1,9})$/.exec(each);
    if (!match) return undefined;
    marks.set(Number(match[1]), { frame: Number(match[2]), output: Number(match[3]) });
  }
  return marks;
}

function parseResume(text: string): { marks: ReadonlyMap<number, SinkMark>; hint: string } {
  const at = text.indexOf("@");
  const marks = parseMarks(at < 0 ? text : text.slice(0, at));
  if (!marks) {
    throw new CannotConsume(
      `Cannot go on after ${
        JSON.stringify(text)
      }: it is no \`resume\` of an output. Leave it out to begin anew.`,
    );
  }
  return { marks, hint: at < 0 ? "" : text.slice(at + 1) };
}
