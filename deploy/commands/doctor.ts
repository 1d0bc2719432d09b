/** `doctor`: what is installed, what is missing, and how to get it. Changes nothing. */
import { existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { command } from "../command.ts";
import { EDGE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { toggle } from "../options.ts";
import { kernelFile } from "../kernels.ts";
import { findNatsServer } from "../tools.ts";
import { DEFAULTS, kernelsOf, topology } from "../topology.ts";

interface Finding {
  readonly what: string;
  /** `missing` fails the check-up; `absent` is something one may do without. */
  readonly state: "ok" | "absent" | "missing";
  readonly detail: string;
  readonly fix?: string;
}

/** Less space than this is soon none. */
const FREE_BYTES_MIN = 64e6;
/** A connection attempt that takes longer than this counts as none. */
const CONNECT_MS_MAX = 1_000;

export const doctor = command({
  name: "doctor",
  summary: "what is installed, what is missing, and how to get it",
  about:
    "Looks at the runtime, the kernels, the data folder, the HTTP port and the NATS server that the options\n" +
    "name. It changes nothing, and ends with code 1 when something that is needed is missing.",
  options: {
    ...LEDGER_OPTIONS,
    httpHost: EDGE_OPTIONS.httpHost,
    httpPort: EDGE_OPTIONS.httpPort,
    json: toggle("print JSON"),
  },
  examples: [
    ["deno task millrace doctor", "check this machine for the embedded ledger"],
    ["deno task millrace doctor --ledger jetstream", "and whether the NATS server can be reached"],
  ],
  async run({ values, out }) {
    const findings: Finding[] = [
      runtime(),
      { what: "processors", state: "ok", detail: String(availableParallelism()) },
      sqlite(),
      ...kernelsOf(topology(DEFAULTS)).map(kernel),
      await folder(values.data),
      await port(values.httpHost, values.httpPort),
      await natsServer(),
      await nats(values.natsUrl, values.ledger === "jetstream"),
    ];
    if (values.json) out(JSON.stringify({ findings }));
    else for (const finding of findings) print(finding, out);
    return findings.some(({ state }) => state === "missing") ? 1 : 0;
  },
});

function print({ what, state, detail, fix }: Finding, out: (line: string) => void): void {
  const mark = { ok: "ok     ", absent: "absent ", missing: "MISSING" }[state];
  out(`${mark}  ${what.padEnd(22)} ${detail}`);
  if (fix) out(`${"".padEnd(32)} → ${fix}`);
}

function runtime(): Finding {
  const { deno, bun, node } = process.versions as Record<string, string | undefined>;
  const detail = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
  if (deno || bun) return { what: "runtime", state: "ok", detail };
  return { what: "runtime", state: "missing", detail, fix: "npx --yes deno@2.9.6 task millrace" };
}

function sqlite(): Finding {
  try {
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite");
    const database = new DatabaseSync(":memory:");
    const { version } = database.prepare("select sqlite_version() as version").get();
    database.close();
    return { what: "embedded ledger", state: "ok", detail: `SQLite ${version}` };
  } catch (cause) {
    const detail = (cause as Error).message;
    return {
      what: "embedded ledger",
      state: "missing",
      detail,
      fix: "use Deno 2.9.6 or Bun 1.4.5, which have node:sqlite",
    };
  }
}

function kernel(name: string): Finding {
  const what = `kernel ${name}`, file = kernelFile(name);
  if (!existsSync(file)) return { what, state: "missing", detail: "not built", fix: "deno task build" };
  return { what, state: "ok", detail: `${statSync(file).size} bytes` };
}

async function folder(path: string): Promise<Finding> {
  const what = "data folder";
  try {
    const there = existsSync(path);
    if (there) {
      const probe = join(path, `.probe-${process.pid}`);
      await writeFile(probe, "");
      await rm(probe);
      const free = freeBytes(path);
      const detail = `${path}, ${readdirSync(path).length} entries, ${Math.floor(free / 1e6)} MB free`;
      if (free >= FREE_BYTES_MIN) return { what, state: "ok", detail };
      return {
        what,
        state: "missing",
        detail,
        fix: "free space on its disk: appends wait until there is some",
      };
    }
    return { what, state: "ok", detail: `${path} will be made at the first start` };
  } catch (cause) {
    const detail = `${path}: ${(cause as Error).message}`;
    return { what, state: "missing", detail, fix: "name a folder that can be written: --data <folder>" };
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

async function port(host: string, number: number): Promise<Finding> {
  const what = "HTTP port";
  if (number === 0) return { what, state: "ok", detail: "any that is free" };
  if (!await answers(host, number)) return { what, state: "ok", detail: `${host}:${number} is free` };
  return {
    what,
    state: "absent",
    detail: `${host}:${number} is in use`,
    fix: "--http-port 0 takes any that is free",
  };
}

async function natsServer(): Promise<Finding> {
  const what = "nats-server";
  const found = await findNatsServer();
  if (found) return { what, state: "ok", detail: `${found.version} at ${found.path}` };
  return {
    what,
    state: "absent",
    detail: "only the tests need it here",
    fix: "deno task test installs it into .tools/",
  };
}

async function nats(url: string, needed: boolean): Promise<Finding> {
  const what = "NATS at " + url.replace(/^nats:\/\//, "");
  const { hostname, port } = new URL(url.includes("://") ? url : `nats://${url}`);
  if (await answers(hostname, Number(port || 4222))) {
    // A client cannot see it, and an append would be the only way to find out.
    const detail = needed
      ? "answers; if appends get no answer all the same, its disk was full: free space there and start it again"
      : "answers";
    return { what, state: "ok", detail };
  }
  return {
    what,
    state: needed ? "missing" : "absent",
    detail: needed ? "does not answer" : "does not answer; only --ledger jetstream needs it",
    fix: "nats-server --jetstream --store_dir ./data/nats",
  };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
