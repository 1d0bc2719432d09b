/**
 * The demo on a terminal: a page of text that is drawn over itself, as wide as the terminal allows. Where
 * standard output is no terminal, a line every few seconds instead. The cursor is never hidden and the page
 * never replaced, so that a killed demo leaves a terminal that works and its last page to read.
 */
import process from "node:process";
import type { Status } from "../../runtime/mod.ts";
import { batches, clockOf } from "./batch.ts";
import { bytes, count, micros, percent, rupees, span, stopwatch, valueLeft } from "./figures.ts";
import type { Numbers } from "./numbers.ts";
import { ATTACK_PER_MINUTE, ATTACK_RUPEES_MINOR } from "./story.ts";
import { ATTACKED } from "../../actors/payments/generator.ts";

export interface View {
  readonly numbers: Numbers;
  readonly status: Status;
  readonly elapsedMs: number;
  readonly storyMs: number;
  readonly storyOpenedMs: number;
  readonly totalMs: number;
  readonly speed: number;
  readonly recovered: string;
  readonly curl: readonly string[];
  readonly notes: readonly string[];
}

const WIDTH_MAX = 100;
const WIDTH_MIN = 60;
const REASONS_SHOWN = 6;
/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 3_000;

const COLOURS = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;
type Colour = keyof typeof COLOURS;

export class Screen {
  readonly #terminal: boolean;
  readonly #colour: boolean;
  #drawn = 0;
  #lineAt = 0;
  #blockedSaid = false;

  constructor(readonly stream: NodeJS.WriteStream = process.stdout) {
    this.#terminal = Boolean(stream.isTTY);
    this.#colour = this.#terminal && !process.env.NO_COLOR;
  }

  draw(view: View): void {
    if (!this.#terminal) return this.#line(view);
    const width = Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, this.stream.columns ?? 80)) - 1;
    const rows = this.stream.rows ?? 40;
    const lines = this.page(view, width).slice(0, rows - 1).map((line) => clip(line, width));
    const back = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.stream.write(`${back}\r${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawn = lines.length;
  }

  /** The page as lines of at most `width` columns (colours aside). */
  page(view: View, width: number): string[] {
    const { numbers, status } = view;
    const rule = this.#paint("dim", "─".repeat(width));
    const right = `${status.ledger.split(" ")[0]} · ${status.durability}`;
    return [
      spread(
        this.#paint("bold", "MILLRACE") + "  card payments and orders, decided as they come",
        this.#paint("dim", right),
        width,
      ),
      rule,
      this.#timeLine(view, width),
      "",
      ...this.#throughput(view, width),
      "",
      ...this.#latencies(numbers),
      "",
      ...this.#declines(numbers, width),
      rule,
      ...this.#attack(view),
      rule,
      ...this.#engine(view),
      ...view.notes.map((note) => this.#paint("yellow", note)),
      this.#paint("dim", "Ask it from another terminal:"),
      ...view.curl,
      this.#paint("dim", "Ctrl-\\ kills it. Start it again: it says what it recovered and carries on."),
    ];
  }

  #timeLine(view: View, width: number): string {
    const left = `Saturday ${clockOf(view.storyOpenedMs + view.storyMs)}`;
    const pace = view.speed > 1 ? `  (time runs ${view.speed.toFixed(1)}×)` : "";
    const label = ` ${stopwatch(view.elapsedMs)} of ${stopwatch(view.totalMs)}`;
    const room = Math.max(10, width - left.length - pace.length - label.length - 2);
    const full = Math.round(room * Math.min(1, view.elapsedMs / view.totalMs));
    return `${left}${pace}  ${this.#paint("cyan", "━".repeat(full))}${
      this.#paint("dim", "─".repeat(room - full))
    }${label}`;
  }

  #throughput({ numbers }: View, width: number): string[] {
    const { events, decisions, approved, reviewed, declined, refused, perSecond } = numbers;
    const now = count(perSecond.at(-1) ?? 0).padStart(9);
    return [
      `${this.#paint("bold", now)} decisions/s  ${
        this.#paint("cyan", sparkline(perSecond, Math.max(10, width - 24)))
      }`,
      `${count(events).padStart(9)} events, ${count(decisions)} decided` +
      (refused > 0 ? `, ${count(refused)} refused` : ""),
      [
        this.#paint("green", `${count(approved).padStart(9)} approved`),
        this.#paint("yellow", `${count(reviewed)} to review`),
        this.#paint("red", `${count(declined)} declined`),
      ].join(" · "),
    ];
  }

  #latencies({ decide, durable }: Numbers): string[] {
    const points = [50, 90, 99, 99.9];
    const row = (name: string, of: Numbers["decide"]) =>
      name + [...points.map((point) => micros(of.getValueAtPercentile(point))), micros(of.maxValue)]
        .map((cell) => cell.padStart(11)).join("");
    return [
      this.#paint(
        "dim",
        "            " + ["p50", "p90", "p99", "p99.9", "max"].map((cell) => cell.padStart(11)).join(""),
      ),
      row("  decided   ", decide),
      row("  durable   ", durable),
    ];
  }

  #declines({ declinedBy, declined, decisions }: Numbers, width: number): string[] {
    const rows = [...declinedBy].sort((a, b) => b[1] - a[1]).slice(0, REASONS_SHOWN);
    const most = rows[0]?.[1] ?? 1, room = Math.max(8, width - 42);
    const head = `Declined by reason${
      decisions > 0 ? this.#paint("dim", `  ${percent(declined / decisions)} of all`) : ""
    }`;
    const lines = rows.map(([name, number]) =>
      `  ${name.padEnd(24)} ${count(number).padStart(9)}  ${
        this.#paint("red", "▪".repeat(Math.max(1, Math.round(room * number / most))))
      }`
    );
    while (lines.length < REASONS_SHOWN) lines.push("");
    return [head, ...lines];
  }

  #attack(view: View): string[] {
    const { attack } = view.numbers;
    const title = `${this.#paint("bold", "Saturday's attack")}  BIN ${ATTACKED.bin}, ` +
      `${ATTACK_PER_MINUTE} payments of ${rupees(ATTACK_RUPEES_MINOR)} a minute, no card present`;
    if (attack.startedAtMs === null) {
      return [title, this.#paint("dim", "  begins in a moment"), "", "", "", "", ""];
    }
    const delayMs = (attack.blockedAtMs ?? view.storyMs) - attack.startedAtMs;
    const blockedAt = attack.blockedAtMs === null ? "" : clockOf(view.storyOpenedMs + attack.blockedAtMs);
    return [
      title,
      blockedAt === ""
        ? this.#paint(
          "yellow",
          `  under way for ${span(delayMs)}: ${attack.payments} payments, ${attack.reviewed} held for review`,
        )
        : this.#paint("green", `  BLOCKED at ${blockedAt}, ${span(delayMs)} after its first payment`) +
          this.#paint("dim", `; ${attack.declined} turned away since`),
      this.#paint("dim", row("", "sees it at", "delay", "through", "money", "value left")),
      this.#paint(
        "bold",
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

  #engine({ status, recovered }: View): string[] {
    const sum = (pick: (partition: Status["partitions"][number]) => number) =>
      status.partitions.reduce((total, partition) => total + pick(partition), 0);
    const keys = count(sum((each) => each.keys)), state = bytes(sum((each) => each.stateBytes));
    const frames = count(sum((each) => each.counts.frames));
    const written = bytes(sum((each) => each.counts.frameBytes));
    const checkpoints = count(sum((each) => each.counts.checkpoints));
    return [
      `${keys} keys in ${state} · ${frames} frames, ${written} · ${checkpoints} checkpoints · ${status.state}`,
      this.#paint("dim", recovered),
    ];
  }

  #line(view: View): void {
    const { numbers } = view, { attack } = numbers;
    const justBlocked = attack.blockedAtMs !== null && !this.#blockedSaid;
    if (justBlocked) {
      this.#blockedSaid = true;
      const delay = span(attack.blockedAtMs! - attack.startedAtMs!);
      this.stream.write(
        `${
          stopwatch(view.elapsedMs)
        }  ATTACK BLOCKED ${delay} after its first payment; ${attack.letThrough} payments ` +
          `(${rupees(attack.letThroughMinor)}) went through before\n`,
      );
    }
    if (view.elapsedMs < this.#lineAt) return;
    this.#lineAt = view.elapsedMs + LINE_EVERY_MS;
    const state = attack.startedAtMs === null
      ? "no attack yet"
      : attack.blockedAtMs === null
      ? "attack under way"
      : "attack blocked";
    this.stream.write(
      `${stopwatch(view.elapsedMs)}  ${count(numbers.perSecond.at(-1) ?? 0)} decisions/s, ${
        count(numbers.declined)
      } declined, ` +
        `decided p50 ${micros(numbers.decide.getValueAtPercentile(50))} p99 ${
          micros(numbers.decide.getValueAtPercentile(99))
        }, ` +
        `durable p50 ${micros(numbers.durable.getValueAtPercentile(50))} p99 ${
          micros(numbers.durable.getValueAtPercentile(99))
        }, ${state}\n`,
    );
  }

  #paint(colour: Colour, text: string): string {
    return this.#colour ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
  }
}

/** A line of the attack's table: 79 columns. */
function row(
  name: string,
  sees: string,
  delay: string,
  through: string,
  money: string,
  left: string,
): string {
  const cells = [delay.padStart(12), through.padStart(8), money.padStart(16), left.padStart(13)];
  return `  ${name.padEnd(15)}${sees.padEnd(13)}${cells.join("")}`;
}

function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(1, ...shown);
  return shown.map((value) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor(value / most * 7.99))]).join("");
}

// deno-lint-ignore no-control-regex -- colours are control sequences
const SEQUENCE = /\x1b\[[0-9;]*m/g;

function visible(text: string): number {
  return text.replace(SEQUENCE, "").length;
}

function spread(left: string, right: string, width: number): string {
  return left + " ".repeat(Math.max(1, width - visible(left) - visible(right))) + right;
}

/** Cuts a line to `width` columns, colours aside, and ends its colours. */
function clip(line: string, width: number): string {
  if (visible(line) <= width) return line;
  let shown = 0, out = "";
  for (let at = 0; at < line.length && shown < width; at++) {
    if (line[at] === "\x1b") {
      const end = line.indexOf("m", at);
      out += line.slice(at, end + 1);
      at = end;
    } else {
      out += line[at];
      shown++;
    }
  }
  return out + "\x1b[0m";
}
