/** What the tables of the SQL sinks have in common: names, columns, and which rows a batch comes to. */
import type { Output } from "../../runtime.ts";
import { keyText } from "../../output/identity.ts";

export interface TableOptions {
  /** The pipeline whose outputs these are: positions of several may stand beside each other. */
  readonly pipeline: string;
  /** `[a-z_][a-z0-9_]*`. Made when it does not exist. */
  readonly table: string;
  /**
   * `key`: one row a key, the newest output of it (a key whose outputs come from several partitions has the one
   * that was committed last). `output`: one row an output.
   */
  readonly rows: "key" | "output";
  /** What stands in the column `value`: JSON text, or the message as it is. */
  readonly value: "json" | "protobuf";
  /** Whether an output takes its key's row back; with a row a key, the row then goes. */
  readonly retracted?: (output: Output) => boolean;
  /** Turns an output's message into JSON text; needed for `json`. */
  readonly json?: (output: Output) => string;
}

/** Positions of all tables of a database. */
export const POSITIONS = "millrace_positions";

export function checkTable({ table, value, json }: TableOptions): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(table) || table === POSITIONS) {
    throw new Error(
      `Cannot use "${table}" as a table: it must be lower-case letters, digits and _, at most 63, and not ` +
        `${POSITIONS}. For example: totals`,
    );
  }
  if (value === "json" && !json) throw new Error(`Cannot write JSON to table ${table}: nothing encodes it.`);
}

export interface Row {
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly frame: number;
  readonly output: number;
}

export interface Rows {
  /** Keys whose rows go. */
  readonly gone: readonly string[];
  readonly rows: readonly Row[];
}

/** What a batch comes to: of several outputs of a key the last, where there is one row a key. */
export function rowsOf(outputs: readonly Output[], options: TableOptions): Rows {
  const { rows, value, json, retracted } = options;
  const row = (output: Output, key = keyText(output.key)): Row => ({
    key,
    value: value === "json" ? json!(output) : output.payload,
    frame: output.position.frame,
    output: output.output,
  });
  if (rows === "output") return { gone: [], rows: outputs.map((output) => row(output)) };
  const last = new Map<string, Output>();
  for (const output of outputs) last.set(keyText(output.key), output);
  const gone: string[] = [], stay: Row[] = [];
  for (const [key, output] of last) {
    if (retracted?.(output)) gone.push(key);
    else stay.push(row(output, key));
  }
  return { gone, rows: stay };
}
