/**
 * The demo on a terminal: a page of text that is drawn over itself, as wide and as high as the terminal allows.
 * Where standard output is no terminal, a line every few seconds instead. The cursor is never hidden and the
 * page never replaced, so that a killed demo leaves a terminal that works and its last page to read.
 */
import process from "node:process";
import { count, micros, rupees, span, stopwatch } from "./figures.ts";
import { type Section, sections, type View } from "./page.ts";
import { clip, coloured, type Paint, plain } from "./text.ts";

const WIDTH_MAX = 100;
const WIDTH_MIN = 60;
/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 3_000;

export class Screen {
  readonly #terminal: boolean;
  readonly #paint: Paint;
  #drawn = 0;
  #size = "";
  #lineAt = 0;
  #attackSaid = false;
  #blockSaid = false;

  constructor(readonly stream: NodeJS.WriteStream = process.stdout) {
    this.#terminal = Boolean(stream.isTTY);
    this.#paint = this.#terminal && !process.env.NO_COLOR ? coloured : plain;
  }

  draw(view: View): void {
    if (!this.#terminal) return this.#lines(view);
    const { columns = 80, rows = 40 } = this.stream;
    const width = Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, columns)) - 1;
    const lines = fit(sections(view, width, this.#paint), rows - 1, this.#paint("dim", "─".repeat(width)))
      .map((line) => clip(line, Math.min(width, columns - 1)));
    this.stream.write(`${this.#back(columns, rows)}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawn = lines.length;
  }

  /** To where the last page began. A terminal that changed its size has moved it: that one is wiped. */
  #back(columns: number, rows: number): string {
    const size = `${columns} ${rows}`, before = this.#size;
    this.#size = size;
    if (before !== "" && size !== before) return "\x1b[2J\x1b[H";
    return `${this.#drawn > 0 ? `\x1b[${this.#drawn}A` : ""}\r`;
  }

  #lines(view: View): void {
    const { attack } = view.numbers, at = stopwatch(view.elapsedMs);
    if (attack.startedAtMs !== null && !this.#attackSaid) {
      this.#attackSaid = true;
      this.stream.write(`${at}  ATTACK BEGINS\n`);
    }
    if (attack.blockedAtMs !== null && !this.#blockSaid) {
      this.#blockSaid = true;
      const delay = span(attack.blockedAtMs - attack.startedAtMs!);
      const before = `${attack.letThrough} payments (${rupees(attack.letThroughMinor)}) went through before`;
      this.stream.write(`${at}  ATTACK BLOCKED ${delay} after its first payment; ${before}\n`);
    }
    if (view.elapsedMs < this.#lineAt) return;
    this.#lineAt = view.elapsedMs + LINE_EVERY_MS;
    this.stream.write(`${at}  ${summary(view)}\n`);
  }
}

function summary({ numbers }: View): string {
  const { attack, decide, durable } = numbers;
  const state = attack.startedAtMs === null
    ? "no attack yet"
    : attack.blockedAtMs === null
    ? "attack under way"
    : "attack blocked";
  const times = (of: typeof decide) =>
    `p50 ${micros(of.getValueAtPercentile(50))} p99 ${micros(of.getValueAtPercentile(99))}`;
  return `${count(numbers.perSecond.at(-1) ?? 0)} decisions/s, ${count(numbers.declined)} declined, ` +
    `decided ${times(decide)}, durable ${times(durable)}, ${state}`;
}

/** Sections of this rank and above give way before the rules between sections do. */
const LUXURY_RANK = 4;

/** The sections that `rows` have room for, in their order: empty lines go first, then the highest ranks. */
function fit(all: readonly Section[], rows: number, rule: string): string[] {
  const shown = all.filter(({ lines }) => lines.length > 0);
  const height = (of: readonly Section[]) => of.reduce((sum, { lines }) => sum + lines.length, 0);
  const gaps = (of: readonly Section[], wanted: readonly string[]) =>
    of.filter(({ gap }) => wanted.includes(gap)).length;
  for (let rank = Math.max(...shown.map((each) => each.rank)); rank >= 0; rank--) {
    const kept = shown.filter((each) => each.rank <= rank);
    for (const wanted of [["blank", "rule"], ["rule"], ...(rank < LUXURY_RANK ? [[]] : [])]) {
      if (rank > 0 && height(kept) + gaps(kept, wanted) > rows) continue;
      return kept.flatMap(({ gap, lines }) =>
        wanted.includes(gap) ? [gap === "rule" ? rule : "", ...lines] : lines
      ).slice(0, rows);
    }
  }
  return [];
}
