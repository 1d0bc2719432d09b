/**
 * Between stages: every row of `counts` stands in the partition of its new key, once and as it was, but for none;
 * what `totals` is told of event time is what `spans` told, and stands behind the rows that it speaks of.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { partitionOf } from "../../../runtime/ingress/partition.ts";
import { EVENT_KIND } from "../../../runtime/mod.ts";
import { feedSequence } from "../../../runtime/output/feed.ts";
import { WatermarkSchema } from "../../../runtime/proto/gen/frame_pb.ts";
import type { Announced } from "../announcer.ts";
import { sameAnswer } from "./history.ts";
import type { TimedHistory } from "./timed_history.ts";

const TEXT = new TextEncoder();

interface Sent {
  readonly source: string;
  readonly frame: number;
  readonly payload: Uint8Array;
  readonly to: number;
}

export function checkTravel(
  spans: readonly TimedHistory[],
  totals: readonly TimedHistory[],
  violations: string[],
): void {
  const sent = new Map<string, Sent>();
  const told = new Map<string, number[]>();
  for (const { name, timed } of spans) {
    for (const { number, entries, advance } of timed) {
      for (const { output, channel, payload, fields } of entries.flatMap(({ rows }) => rows)) {
        if (channel !== 0) continue;
        const to = partitionOf(TEXT.encode(String(fields.get(2))), totals.length);
        sent.set(`${name}/${feedSequence(number, output)}`, { source: name, frame: number, payload, to });
      }
      if (!advance) continue;
      const mark = `${name} ${advance.time} ${advance.idle}`;
      const frames = told.get(mark);
      if (frames) frames.push(number); // idle, not idle, idle: at the same time
      else told.set(mark, [number]);
    }
  }
  checkInTime(spans, totals, violations);
  const taken = new Set<string>();
  for (const history of totals) checkReceiver(history, spans, sent, told, taken, violations);
  for (const id of sent.keys()) {
    if (!taken.has(id)) return void violations.push(`travel: row ${id} never came to totals`);
  }
}

function checkReceiver(
  { name, partition, timed }: TimedHistory,
  spans: readonly TimedHistory[],
  sent: ReadonlyMap<string, Sent>,
  told: ReadonlyMap<string, readonly number[]>,
  taken: Set<string>,
  violations: string[],
): void {
  const complain = (what: string) => void violations.push(`travel: ${name}: ${what}`);
  /** The frame of each sender whose mark came last. */
  const heard = new Map<string, number>();
  /** Frames of each sender whose rows for this partition are not here yet, by sender. */
  const missing = new Map(spans.map((sender) => [sender.name, [] as number[]]));
  for (const { source, frame, to } of sent.values()) if (to === partition) missing.get(source)!.push(frame);
  for (const { source, sequence, applied, kind, payload } of timed.flatMap(({ entries }) => entries)) {
    if (!applied && kind !== EVENT_KIND.QUARANTINED) continue;
    if (kind === EVENT_KIND.WATERMARK) {
      const mark = fromBinary(WatermarkSchema, payload), sender = spans[mark.partition]?.name;
      const frames = told.get(`${sender} ${mark.time} ${mark.idle}`) ?? [];
      const frame = frames.find((number) => number > (heard.get(sender) ?? 0));
      if (frame === undefined) {
        return complain(`was told ${mark.time} of ${sender}, which never said so, or not so late`);
      }
      heard.set(sender, frame);
      const first = missing.get(sender)![0];
      if (first !== undefined && first <= frame) {
        return complain(`was told of frame ${frame} of ${sender} before it had the rows of frame ${first}`);
      }
      continue;
    }
    if (source === "") continue;
    const id = `${source}/${sequence}`, row = sent.get(id);
    if (!row || !sameAnswer(row.payload, payload)) return complain(`holds ${id}, which was never put out so`);
    if (row.to !== partition) return complain(`holds ${id}, which belongs to partition ${row.to}`);
    if (taken.has(id)) return complain(`holds ${id} a second time`);
    taken.add(id);
    missing.get(source)!.shift();
  }
}

/** While no partition is idle, no row comes to the next stage after its time. */
function checkInTime(
  spans: readonly TimedHistory[],
  totals: readonly TimedHistory[],
  violations: string[],
): void {
  if (spans.some(({ timed }) => timed.some(({ advance }) => advance?.idle))) return;
  for (const { name, timed } of totals) {
    const late = timed.flatMap(({ entries }) => entries).find((entry) => entry.late.length > 0);
    if (late) violations.push(`travel: ${name} has row ${late.frame}.${late.event} too late`);
  }
}

/** A mark that was acknowledged stands in every partition. */
export function checkAnnounced(
  spans: readonly TimedHistory[],
  announced: readonly Announced[],
  violations: string[],
): void {
  const nameOf = (input: number, time: bigint | undefined) => `${input} ${time ?? "idle"}`;
  for (const { name, timed } of spans) {
    const told = new Map<string, number>();
    for (const { kind, payload } of timed.flatMap(({ entries }) => entries)) {
      if (kind !== EVENT_KIND.WATERMARK) continue;
      const { input, time, idle } = fromBinary(WatermarkSchema, payload);
      const mark = nameOf(input, idle ? undefined : time);
      told.set(mark, (told.get(mark) ?? 0) + 1);
    }
    for (const { input, time } of announced) {
      const at = time === undefined ? undefined : time === Infinity ? 2n ** 63n - 1n : BigInt(time);
      const mark = nameOf(input, at), left = told.get(mark) ?? 0;
      if (left === 0) {
        violations.push(`travel: ${name} does not hold the mark "${mark}", which was acknowledged`);
        return;
      }
      told.set(mark, left - 1);
    }
  }
}
