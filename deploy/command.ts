/** What a command of the command line is, and the help made from it. */
import { CONFIG_FILE } from "./config.ts";
import { kebab, type Options, type Values, variable } from "./options.ts";

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows the name in the usage line, where it takes operands. */
  readonly operands?: string;
  /** A paragraph or two. */
  readonly about: string;
  readonly options: O;
  /** Each a command line, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  run(invocation: Invocation<O>): Promise<number>;
}

export interface Invocation<O extends Options = Options> {
  readonly values: Values<O>;
  readonly operands: readonly string[];
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Writes a line to standard output. */
  out(line: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
}

/** An error whose message is for the operator as it stands: no stack is shown. */
export class Problem extends Error {
  override name = "Problem";
}

/** Keeps the types of a command's own options while it is declared. */
export function command<const O extends Options>(declared: Command<O>): Command {
  return declared as unknown as Command;
}

/** Help is at most so wide. */
const COLUMNS = 110;

export const CALL = "deno task millrace";

export function helpOfAll(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Millrace answers each event with a decision, and never forgets one.",
    "",
    `Usage: ${CALL} <command> [options]`,
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    `  ${"help".padEnd(width)}  this page; \`help <command>\` for one command`,
    "",
    `Options stand on the command line, in the environment (MILLRACE_…) or in ${CONFIG_FILE}; the first that`,
    "names an option wins. To see it work: deno task demo",
  ].join("\n");
}

export function helpOf(of: Command): string {
  const usage = [CALL, of.name, of.operands, "[options]"].filter(Boolean).join(" ");
  const rows = Object.entries(of.options).map(([name, option]) => {
    const flag = `--${kebab(name)}${option.switch ? "" : ` <${option.placeholder}>`}`;
    const fallback = option.switch || String(option.fallback) === "" ? "" : ` (${option.fallback})`;
    return [flag, `${option.what}${fallback}`, variable(name)] as const;
  });
  rows.push(["--config <file>", `the config file (${CONFIG_FILE}, where it exists)`, "MILLRACE_CONFIG"]);
  const width = Math.min(34, Math.max(...rows.map(([flag]) => flag.length)));
  const lines = rows.flatMap(([flag, what]) => {
    const [first, ...rest] = wrap(what, COLUMNS - width - 4);
    const start = flag.length > width ? [`  ${flag}`, `  ${"".padEnd(width)}  ${first}`] : [
      `  ${flag.padEnd(width)}  ${first}`,
    ];
    return [...start, ...rest.map((line) => `  ${"".padEnd(width)}  ${line}`)];
  });
  return [
    of.summary,
    "",
    `Usage: ${usage}`,
    "",
    of.about,
    "",
    "Options, and their defaults:",
    ...lines,
    "",
    `In the environment an option is spelt ${rows[0][2]}, in ${CONFIG_FILE} "${
      Object.keys(of.options)[0] ?? "config"
    }".`,
    "",
    "Examples:",
    ...of.examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
  ].join("\n");
}

/** Lines of at most `columns`, broken between words. */
function wrap(text: string, columns: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
