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

/** The rows to write: of several outputs of a key the last, where there is one row a key. */
export function rowsOf(outputs: readonly Output[], { rows, value, json }: TableOptions): Row[] {
  const row = (output: Output): Row => ({
    key: keyText(output.key),
    value: value === "json" ? json!(output) : output.payload,
    frame: output.position.frame,
    output: output.output,
  });
  if (rows === "output") return outputs.map(row);
  const last = new Map<string, Output>();
  for (const output of outputs) last.set(keyText(output.key), output);
  return [...last.values()].map(row);
}
