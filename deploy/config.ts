/**
 * The configuration of a Millrace process. Each option below may stand in the config file (millrace.json, by
 * its name), in the environment (MILLRACE_HTTP_PORT) or on the command line (--http-port); the later of these
 * wins. deploy/options.ts reads them.
 */
import { readFileSync } from "node:fs";
import { HEARTBEAT_MS, PATIENCE_MS } from "../runtime/ownership.ts";
import {
  choice,
  integer,
  kebab,
  type Option,
  type Options,
  OptionsError,
  type Origins,
  readOptions,
  text,
  toggle,
  type Values,
} from "./options.ts";
import { sinksOption } from "./sink_option.ts";

/** Where the process keeps what it must not forget, and how hard it tries: every command that opens a ledger. */
export const LEDGER_OPTIONS = {
  data: text("data", "folder", "where the embedded ledger and its checkpoints are kept", "./data"),
  ledger: choice("sqlite", ["sqlite", "jetstream", "memory"], "embedded file, NATS server, or nothing kept"),
  natsUrl: text(
    "nats://127.0.0.1:4222",
    "url",
    "the NATS server, for the jetstream ledger",
    "nats://127.0.0.1:4222",
  ),
  natsCredentials: text(
    "",
    "file",
    "NATS credentials file (.creds), where the server asks for one",
    "./millrace.creds",
  ),
  prefix: text("millrace", "name", "prefix of streams and buckets on a shared NATS server", "millrace"),
  durability: choice(
    "process",
    ["process", "bounded", "fsync", "quorum-fsync"],
    "what an acknowledgement survives (README, Durability)",
  ),
  natsSync: choice(
    "default",
    ["default", "20ms", "always"],
    "the NATS server's own sync_interval, as it was set: 2 minutes, 20 ms or always",
  ),
  logLevel: choice(
    "info",
    ["info", "warn", "error", "silent"],
    "least important message that is logged",
  ),
} as const satisfies Options;

/** How the pipelines run: commands that decide. */
export const ENGINE_OPTIONS = {
  pipelines: text(
    "",
    "files",
    "modules that export pipelines, separated by commas, in place of those that ship",
    "./errors_by_page.ts",
  ),
  trigger: text(
    "continuous",
    "when",
    "when declared pipelines take what came: continuous, or every so often, such as 1m",
    "1m",
  ),
  partitions: integer(
    1,
    { min: 1, max: 1024 },
    "n",
    "partitions of each pipeline; fixed for the life of a ledger",
  ),
  reply: choice(
    "durable",
    ["durable", "early"],
    "answer after the frame is acknowledged, or before (README, Early answers)",
  ),
  checkpointEvents: integer(
    1_000_000,
    { min: 1_000, max: 1_000_000_000 },
    "n",
    "events of a partition between checkpoints",
  ),
  checkpointsKept: integer(2, { min: 1, max: 100 }, "n", "newest checkpoints kept for each partition"),
  checkpointHistory: integer(
    0,
    { min: 0, max: 100 },
    "n",
    "older checkpoints kept, thinned out with age, for `inspect --at`; each may be as large as the state",
  ),
  acceptLoss: toggle("go on although acknowledged frames are lost at the end of a chain; it says which"),
  dedupeSeconds: integer(
    600,
    { min: 0, max: 86_400 },
    "s",
    "how long an event id is remembered; 0 = not at all",
  ),
  retention: text(
    "forever",
    "what",
    "frames the ledger keeps: forever, compact (as few as recovery needs), 7d, 500MB, or 7d,500MB a partition",
    "30d",
  ),
  dedupeIds: integer(1_000_000, { min: 1, max: 50_000_000 }, "n", "most event ids remembered by a partition"),
} as const satisfies Options;

/** The doors. */
export const EDGE_OPTIONS = {
  httpHost: text("127.0.0.1", "host", "address the HTTP door listens on", "127.0.0.1"),
  httpPort: integer(8080, { min: 0, max: 65_535 }, "port", "port of the HTTP door; 0 = any that is free"),
  httpToken: text("", "secret", "when given, callers must send `Authorization: Bearer <secret>`", "secret"),
  rateLimit: integer(
    0,
    { min: 0, max: 1_000_000 },
    "n",
    "HTTP requests a second that one client may send, beyond it 429; 0 = no bound",
  ),
  rateBurst: integer(
    0,
    { min: 0, max: 10_000_000 },
    "n",
    "requests that one client may send at once; 0 = those of two seconds",
  ),
  rateHeader: text(
    "",
    "name",
    "header by which a trusted proxy in front names the client; default: its address",
    "x-client-id",
  ),
  bodyBytes: integer(1_048_576, { min: 1_024, max: 67_108_864 }, "n", "largest body of one event, bytes"),
} as const satisfies Options;

/** Where outputs go outside. */
export const SINK_OPTIONS = { sinks: sinksOption } as const satisfies Options;

/** Who serves a ledger, of several processes. */
export const STANDBY_OPTIONS = {
  standby: toggle("follow the ledger while another process owns it, and take over when that one is gone"),
  heartbeatMs: integer(
    HEARTBEAT_MS.fallback,
    HEARTBEAT_MS,
    "ms",
    "how often an owner gives a sign of life, and a standby looks for it",
  ),
  patienceMs: integer(
    PATIENCE_MS.fallback,
    PATIENCE_MS,
    "ms",
    "how long an owner that is not known to have ended may be silent before a standby takes over",
  ),
} as const satisfies Options;

export const START_OPTIONS = {
  ...LEDGER_OPTIONS,
  ...ENGINE_OPTIONS,
  ...STANDBY_OPTIONS,
  ...EDGE_OPTIONS,
  ...SINK_OPTIONS,
} as const;

export type LedgerConfig = Values<typeof LEDGER_OPTIONS>;
export type EngineConfig = Values<typeof ENGINE_OPTIONS>;
export type EdgeConfig = Values<typeof EDGE_OPTIONS>;
export type StandbyConfig = Values<typeof STANDBY_OPTIONS>;
export type StartConfig =
  & LedgerConfig
  & EngineConfig
  & StandbyConfig
  & EdgeConfig
  & Values<typeof SINK_OPTIONS>;

/** The file that is read when --config names none; it need not exist. */
export const CONFIG_FILE = "millrace.json";

export interface Configuration<O extends Options> {
  readonly values: Values<O>;
  readonly origins: Origins<O>;
  /** Arguments that are not options. */
  readonly operands: readonly string[];
}

/**
 * Reads a command's options from its arguments, the environment and the config file. The file may hold any
 * option of any command: those of START_OPTIONS that this command does not use are checked and left aside.
 */
export function configure<O extends Options>(
  options: O,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Configuration<O> {
  const { flags, operands } = splitArguments(args, options);
  const named = flags.get("config");
  flags.delete("config");
  if (named === true) {
    throw new OptionsError(["Cannot use --config without a path. For example: --config millrace.json"]);
  }
  const path = named ?? environment.MILLRACE_CONFIG;
  const file = readConfigFile(path ?? CONFIG_FILE, path !== undefined);
  const shared: Record<string, unknown> = {};
  if (file !== undefined) {
    const all = { ...START_OPTIONS, ...options };
    readOptions(all, { flags: new Map(), environment: {}, file });
    for (const [name, value] of Object.entries(file.values)) if (name in options) shared[name] = value;
  }
  const { values, origins } = readOptions(options, {
    flags,
    environment,
    file: file && { path: file.path, values: shared },
  });
  return { values, origins, operands };
}

/** Splits `--name value`, `--name=value` and `--switch` from what stands alone; `--` ends the options. */
export function splitArguments(
  args: readonly string[],
  options: Options,
): { flags: Map<string, string | true>; operands: string[] } {
  const switches = new Set(
    Object.entries(options).filter(([, option]: [string, Option<unknown>]) => option.switch).map(([name]) =>
      kebab(name)
    ),
  );
  const flags = new Map<string, string | true>();
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("--")) {
      operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    if (equals >= 0) flags.set(name, arg.slice(equals + 1));
    else if (switches.has(name)) flags.set(name, "true");
    else if (at + 1 < args.length && !args[at + 1].startsWith("--")) flags.set(name, args[++at]);
    else flags.set(name, true);
  }
  return { flags, operands };
}

function readConfigFile(
  path: string,
  required: boolean,
): { path: string; values: Record<string, unknown> } | undefined {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (cause) {
    if (!required && (cause as { code?: string }).code === "ENOENT") return undefined;
    throw new OptionsError([
      `Cannot read the config file ${path}: ${(cause as Error).message}. ` +
      `Correct --config, or leave it out: ${CONFIG_FILE} is read where it exists.`,
    ]);
  }
  let values: unknown;
  try {
    values = JSON.parse(source);
  } catch (cause) {
    throw new OptionsError([
      `Cannot read the config file ${path}: it is not JSON (${(cause as Error).message})`,
    ]);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw new OptionsError([
      `Cannot read the config file ${path}: it must hold one object, like { "data": "data" }`,
    ]);
  }
  return { path, values: values as Record<string, unknown> };
}
