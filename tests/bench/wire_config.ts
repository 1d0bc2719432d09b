/** Configuration of the wire benchmark's processes: production's defaults, but for what is given. */
import {
  EDGE_OPTIONS,
  ENGINE_OPTIONS,
  LEDGER_OPTIONS,
  type StartConfig as Config,
} from "../../deploy/config.ts";

/** Requests here are answered at once, by the engine's process: what the hops alone take. */
export const ECHO_SUBJECT = "millrace-bench.echo";

export function startConfig(given: Partial<Config>): Config {
  const options = { ...LEDGER_OPTIONS, ...ENGINE_OPTIONS, ...EDGE_OPTIONS };
  const defaults = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, option.fallback]),
  );
  return { ...defaults, logLevel: "warn", ...given } as Config;
}
