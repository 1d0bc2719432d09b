/**
 * What the demo's page says, as sections of lines. Each section says how early it gives way where the terminal
 * is too low for all of them: the attack, the pace and the latencies stay.
 */
import { ATTACKED } from "../../actors/payments/generator.ts";
import { type Status, Verdict } from "../../runtime/mod.ts";
import { batches, clockOf } from "./batch.ts";
import { bytes, count, micros, percent, rupees, span, stopwatch, valueLeft } from "./figures.ts";
import type { AttackSeen, Numbers } from "./numbers.ts";
import { ATTACK_PER_MINUTE, ATTACK_RUPEES_MINOR } from "./story.ts";
import { bar, type Paint, sparkline, spread } from "./text.ts";

export interface View {
  readonly numbers: Numbers;
  readonly status: Status;
  readonly elapsedMs: number;
  readonly storyMs: number;
  readonly storyOpenedMs: number;
  readonly totalMs: number;
  readonly speed: number;
  readonly recovered: string;
  /** Whether this run carries on with what an earlier one left. */
  readonly carriesOn: boolean;
  /** Where its HTTP door is. */
  readonly url: string;
  readonly curl: readonly string[];
  readonly notes: readonly string[];
}

export interface Section {
  /** The highest goes first where there is no room; 0 stays. */
  readonly rank: number;
  /** Drawn before it, where there is room: an empty line or a rule. */
  readonly gap: "none" | "blank" | "rule";
  readonly lines: readonly string[];
}

const REASONS_SHOWN = 6;

export function sections(view: View, width: number, paint: Paint): Section[] {
  const { numbers, notes } = view;
  return [
    { rank: 0, gap: "none", lines: [heading(view, width, paint)] },
    { rank: 0, gap: "rule", lines: [timeLine(view, width, paint)] },
    { rank: 0, gap: "blank", lines: throughput(view, width, paint) },
    { rank: 1, gap: "blank", lines: latencies(numbers, paint) },
    { rank: 4, gap: "blank", lines: declines(numbers, width, paint) },
    { rank: 0, gap: "rule", lines: attack(view, width, paint) },
    { rank: 2, gap: "rule", lines: engine(view, paint) },
    { rank: 0, gap: "none", lines: notes.map((note) => paint("yellow", note)) },
    {
      rank: 5,
      gap: "none",
      lines: [paint("dim", `Open ${view.url} in a browser, or ask it from another terminal:`), ...view.curl],
    },
    {
      rank: 3,
      gap: "none",
      lines: [paint("dim", "Ctrl-\\ kills it. Start it again: it says what it recovered and carries on.")],
    },
  ];
}

function heading({ status }: View, width: number, paint: Paint): string {
  const right = `${status.ledger.split(" ")[0]} · ${status.durability}`;
  const what = "card payments and orders, decided as they come";
  return spread(`${paint("bold", "MILLRACE")}  ${what}`, paint("dim", right), width);
}

function timeLine(view: View, width: number, paint: Paint): string {
  const left = `Saturday ${clockOf(view.storyOpenedMs + view.storyMs)}`;
  const pace = view.speed > 1 ? `  (time runs ${view.speed.toFixed(1)}×)` : "";
  const label = ` ${stopwatch(view.elapsedMs)} of ${stopwatch(view.totalMs)}`;
  const room = Math.max(10, width - left.length - pace.length - label.length - 2);
  const full = Math.round(room * Math.min(1, view.elapsedMs / view.totalMs));
  const done = paint("cyan", "━".repeat(full)), rest = paint("dim", "─".repeat(room - full));
  return `${left}${pace}  ${done}${rest}${label}`;
}

function throughput({ numbers }: View, width: number, paint: Paint): string[] {
  const { events, decisions, approved, reviewed, declined, rejected, refused, perSecond } = numbers;
  const now = count(perSecond.at(-1) ?? 0).padStart(9);
  return [
    `${paint("bold", now)} decisions/s  ${
      paint("cyan", sparkline(perSecond.slice(-Math.max(10, width - 24))))
    }`,
    `${count(events).padStart(9)} events, ${count(decisions)} decided` +
    (rejected > 0 ? `, ${count(rejected)} rejected` : "") +
    (refused > 0 ? `, ${count(refused)} refused` : ""),
    [
      paint("green", `${count(approved).padStart(9)} approved`),
      paint("yellow", `${count(reviewed)} to review`),
      paint("red", `${count(declined)} declined`),
    ].join(" · "),
  ];
}

function latencies({ decide, durable }: Numbers, paint: Paint): string[] {
  const points = [50, 90, 99, 99.9];
  const row = (name: string, of: Numbers["decide"]) =>
    name + [...points.map((point) => micros(of.getValueAtPercentile(point))), micros(of.maxValue)]
      .map((cell) => cell.padStart(11)).join("");
  return [
    paint(
      "dim",
      " ".repeat(12) + ["p50", "p90", "p99", "p99.9", "max"].map((at) => at.padStart(11)).join(""),
    ),
    row("  decided   ", decide),
    row("  durable   ", durable),
  ];
}

function declines({ declinedBy, declined, decisions }: Numbers, width: number, paint: Paint): string[] {
  const rows = [...declinedBy].sort((a, b) => b[1] - a[1]).slice(0, REASONS_SHOWN);
  const most = rows[0]?.[1] ?? 1, room = Math.max(8, width - 46);
  const share = decisions > 0 ? paint("dim", `  ${percent(declined / decisions)} of all`) : "";
  const lines = rows.map(([name, number]) =>
    `  ${name.padEnd(30)} ${count(number).padStart(9)}  ${paint("red", bar(number / most, room))}`
  );
  while (lines.length < REASONS_SHOWN) lines.push("");
  return [`Declined by reason${share}`, ...lines];
}

function attack(view: View, width: number, paint: Paint): string[] {
  const { attack } = view.numbers;
  const title = `${paint("bold", "Saturday's attack")}  BIN ${ATTACKED.bin}, ` +
    `${ATTACK_PER_MINUTE} payments of ${rupees(ATTACK_RUPEES_MINOR)} a minute, no card present`;
  if (attack.startedAtMs === null) {
    const quiet = paint("dim", "  Quiet. It begins in a moment.");
    return [title, quiet, "", "", "", "", "", ""];
  }
  const blocked = attack.blockedAtMs !== null;
  const delayMs = (attack.blockedAtMs ?? view.storyMs) - attack.startedAtMs;
  const blockedAt = blocked ? clockOf(view.storyOpenedMs + attack.blockedAtMs!) : "";
  return [
    title,
    banner(view, delayMs, blockedAt, width, paint),
    fates(attack, width, paint),
    paint("dim", row("", "sees it at", "delay", "let through", "money", "value left")),
    paint(
      blocked ? "green" : "bold",
      row(
        "Millrace",
        blockedAt || "watching",
        span(delayMs),
        count(attack.letThrough),
        rupees(attack.letThroughMinor),
        percent(valueLeft(delayMs)),
      ),
    ),
    ...batches({
      startedAtMs: view.storyOpenedMs + attack.startedAtMs,
      perMinute: ATTACK_PER_MINUTE,
      amountMinor: ATTACK_RUPEES_MINOR,
    }).map(({ name, runsAt, delayMs, payments, minor, valueLeft }) =>
      row(name, runsAt, span(delayMs), count(payments), rupees(minor), percent(valueLeft))
    ),
  ];
}

/** The one line across the whole page: nobody should miss the moment it changes. */
function banner(view: View, delayMs: number, blockedAt: string, width: number, paint: Paint): string {
  const { attack } = view.numbers;
  if (blockedAt === "") {
    const text = ` UNDER ATTACK for ${span(delayMs)}: ${attack.letThrough} payments let through`;
    return paint("alarm", text.padEnd(width));
  }
  // The block of an earlier run is part of the state that was recovered.
  const after = attack.letThrough === 0 && view.carriesOn
    ? "from its first payment on: the run before is remembered"
    : `${span(delayMs)} after its first payment`;
  const text = ` BLOCKED at ${blockedAt}, ${after}`;
  return paint("blocked", spread(text, `${attack.declined} turned away `, width));
}

/** Each payment of the attack as a mark, in the order of the answers. */
function fates({ fates }: AttackSeen, width: number, paint: Paint): string {
  const legend = `${paint("yellow", "●")} let through ${paint("yellow", "◐")} to review ${
    paint("green", "✕")
  } declined`;
  const marks = fates.slice(0, width - 45).map((verdict) =>
    verdict === Verdict.DECLINE
      ? paint("green", "✕")
      : paint("yellow", verdict === Verdict.REVIEW ? "◐" : "●")
  );
  return spread(`  ${marks.join("")}`, legend, width);
}

function engine({ status, recovered }: View, paint: Paint): string[] {
  const sum = (pick: (partition: Status["partitions"][number]) => number) =>
    status.partitions.reduce((total, partition) => total + pick(partition), 0);
  const keys = count(sum((each) => each.keys)), state = bytes(sum((each) => each.stateBytes));
  const frames = count(sum((each) => each.counts.frames));
  const written = bytes(sum((each) => each.counts.frameBytes));
  const checkpoints = count(sum((each) => each.counts.checkpoints));
  return [
    `${keys} keys in ${state} · ${frames} frames, ${written} · ${checkpoints} checkpoints · ${status.state}`,
    paint("dim", recovered),
  ];
}

/** A line of the attack's table: 79 columns. */
function row(name: string, sees: string, delay: string, through: string, money: string, left: string) {
  const cells = [delay.padStart(11), through.padStart(12), money.padStart(14), left.padStart(12)];
  return `  ${name.padEnd(15)}${sees.padEnd(13)}${cells.join("")}`;
}
