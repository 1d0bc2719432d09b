/** Text of a terminal: colours, widths that leave colours aside, and small drawings of numbers. */

const COLOURS = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
  alarm: "1;30;43",
  blocked: "1;97;42",
} as const;

export type Colour = keyof typeof COLOURS;
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_, text) => text;
export const coloured: Paint = (colour, text) => `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;

// deno-lint-ignore no-control-regex -- colours are control sequences
const SEQUENCE = /\x1b\[[0-9;]*m/g;

/** Columns that a text takes. */
export function visible(text: string): number {
  return text.replace(SEQUENCE, "").length;
}

/** One text at the left, the other at the right of a line. */
export function spread(left: string, right: string, width: number): string {
  return left + " ".repeat(Math.max(1, width - visible(left) - visible(right))) + right;
}

/** Cuts a line to `width` columns, colours aside, and ends its colours. */
export function clip(line: string, width: number): string {
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

export function sparkline(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  return values.map((value) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor(value / most * 7.99))]).join("");
}

/** A share as a bar: never nothing, since it stands for something. */
export function bar(share: number, room: number): string {
  return "▪".repeat(Math.max(1, Math.round(room * share)));
}
