/**
 * What declared pipelines did is the fold of the ledger by their naive twins: event for event the rows that were
 * put out and taken back, the late records, and how far event time was told to have come. A kernel may put off
 * rows that would make an event's effects too large; it owes them then, and those behind it wait.
 */
import { hex } from "../../../runtime/hash.ts";
import type { KernelModule } from "../../../runtime/kernel/host.ts";
import type { Pipeline } from "../../../runtime/mod.ts";
import type { Late } from "../../../runtime/proto/gen/frame_pb.ts";
import type { Entry, Row, TimedHistory } from "./timed_history.ts";
import {
  type Expected,
  type ExpectedLate,
  type Operator,
  PulseTwin,
  SpansTwin,
  TotalsTwin,
  type Twin,
} from "./twins.ts";

/** From so many bytes of effects on an event may leave the rest to the next. */
const PUT_OFF_BYTES = 30_000;
const ROW_OVERHEAD = 12;
const MIN = -(2n ** 63n);

function twinOf({ name, lookups }: Pipeline): Twin {
  switch (name) {
    case "spans":
      return new SpansTwin();
    case "totals":
      return new TotalsTwin(2);
    default:
      return new PulseTwin(lookups?.of[0].field);
  }
}

/** For one event a kernel lets go of no more rows than this, each moved so often before; it tells of time when done. */
const STEPS = 8192, MOVES = 4;

/** How many events left rows to the next one. */
export function checkFolded(
  { name, pipeline, timed }: TimedHistory,
  modules: readonly KernelModule[],
  violations: string[],
): number {
  const twin = twinOf(pipeline);
  let settled = false, told = advanceOf(twin), putOff = 0, waits = 0;
  for (const { number, entries, advance } of timed) {
    const version = versionOf(entries[0]?.kernel, modules);
    for (const entry of entries) {
      const complain = (what: string) =>
        violations.push(`folded: event ${number}.${entry.event} of ${name} ${what}`);
      const before = violations.length;
      const took = twin.take(entry);
      compareLate(entry.late, twin.late, complain);
      if (took) settled = fire(twin, entry, version, complain);
      else if (entry.rows.length > 0) complain("puts out rows and does not count");
      if (took && !settled) putOff++;
      if (violations.length > before) return putOff;
    }
    if (pipeline.name !== "pulse") {
      const now = advanceOf(twin);
      // While something is open the stage behind must wait, however silent the inputs are.
      const idle = now.idle && !twin.operators.some(({ open }) => open);
      const moved = settled && (now.time > told.time || idle !== told.idle);
      const should = moved ? shownAdvance(now.time - twin.delay, idle) : "nothing";
      const is = advance ? shownAdvance(advance.time, advance.idle) : "nothing";
      const works = moved && !advance && ++waits * STEPS <= MOVES * mostHeld(twin);
      if (is !== should && !works) {
        violations.push(`folded: frame ${number} of ${name} tells ${is} of event time, the twin ${should}`);
        return putOff;
      }
      if (advance) {
        told = { time: now.time, idle: advance.idle };
        waits = 0;
        for (const operator of twin.operators) operator.held = 0;
      }
    }
    settled = false;
  }
  const owed = twin.operators.reduce((sum, operator) => sum + operator.owed.length, 0);
  if (owed > 0) violations.push(`folded: ${name} never puts out ${owed} rows`);
  return putOff;
}

/** Of the kernel that wrote a frame. */
function versionOf(kernel: Uint8Array | undefined, modules: readonly KernelModule[]): number {
  const hash = kernel && hex(kernel);
  return modules.findIndex(({ hashHex }) => hashHex === hash);
}

function advanceOf({ time }: Twin): { time: bigint; idle: boolean } {
  return { time: time.watermark, idle: time.idle };
}

function mostHeld({ operators }: Twin): number {
  return Math.max(...operators.map(({ held }) => held));
}

function shownAdvance(time: bigint, idle: boolean): string {
  return `${time > MIN ? time : MIN}${idle ? " and that all is idle" : ""}`;
}

/** Lets operators fire in their order, as far as the kernel came; true when it came to the end. */
function fire(twin: Twin, entry: Entry, version: number, complain: (what: string) => void): boolean {
  const left = [...entry.rows];
  for (const operator of twin.operators) {
    operator.tell(twin.time.watermark);
    settle(operator, left, version);
    if (operator.owed.length === 0) continue;
    const bytes = entry.rows.reduce((sum, { bytes }) => sum + bytes + ROW_OVERHEAD, 0);
    if (bytes < PUT_OFF_BYTES) complain(`does not put out ${shown(operator.owed[0])}`);
    // What the operators behind it put out of themselves is theirs.
    for (const behind of twin.operators) settle(behind, left, version);
    if (left.length > 0) complain(`puts out what nobody asked for: ${written(left[0])}`);
    return false;
  }
  if (left.length > 0) complain(`puts out what nobody asked for: ${written(left[0])}`);
  return true;
}

/** Takes rows that an operator owes out of those that were put out. */
function settle(operator: Operator, left: Row[], version: number): void {
  if (operator.owed.length === 0) return;
  for (let i = 0; i < left.length;) {
    const at = operator.owed.findIndex((expected) => same(expected, left[i], version));
    if (at < 0) i++;
    else {
      operator.owed.splice(at, 1);
      left.splice(i, 1);
    }
  }
}

function same({ channel, retracted, fields, more }: Expected, row: Row, version: number): boolean {
  if (channel !== row.channel || retracted !== row.retracted) return false;
  const told = version > 0 && more !== undefined ? [...fields, more] : fields;
  let present = 0;
  for (const [index, field] of told.entries()) {
    const is = row.fields.get(index + 1);
    if (is !== undefined) present++;
    if ((is ?? (typeof field === "string" ? "" : 0n)) !== field) return false;
  }
  return present === row.fields.size - (retracted ? 1 : 0);
}

function compareLate(
  is: readonly Late[],
  should: readonly ExpectedLate[],
  complain: (what: string) => void,
): void {
  const found = is.map(({ operator, reason, time, watermark, windowStart, windowEnd, missed }) =>
    `${operator}: ${reason} ${time} at ${watermark}, ${windowStart} to ${windowEnd}, ${missed}`
  );
  const expected = should.map(({ operator, reason, time, watermark, start, end, missed = 0 }) =>
    `${operator}: ${reason} ${time} at ${watermark}, ${start} to ${end}, ${missed}`
  );
  if (found.join() === expected.join()) return;
  complain(`is late as [${found.join("; ")}], the twin says [${expected.join("; ")}]`);
}

function shown({ channel, retracted, fields, more }: Expected): string {
  return `${retracted ? "-" : "+"}${channel} ${fields.join(" ")} (${more})`;
}

function written({ channel, retracted, fields }: Row): string {
  return `${retracted ? "-" : "+"}${channel} ${[...fields.values()].join(" ")}`;
}
