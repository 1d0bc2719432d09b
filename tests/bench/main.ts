/**
 * deno task bench [--only kernel,ledger,pipeline,wire,sinks,recovery,verify,failover,memory,start,nexmark,operators,eventTime] [--json]
 *
 * Every figure the README quotes, with its conditions. `--json` prints one object as the last line.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { conditions } from "./conditions.ts";
import { benchEventTime } from "./event_time.ts";
import { benchStart } from "./first_decision.ts";
import { benchFailover } from "./failover.ts";
import { benchFraud } from "./kernel_fraud.ts";
import { benchDeclared } from "./kernel_declared.ts";
import { benchPretrade } from "./kernel_pretrade.ts";
import { benchLedger } from "./ledger.ts";
import { benchNexmark } from "./nexmark.ts";
import { benchOperators } from "./operators.ts";
import { benchJoins } from "./operators_joins.ts";
import { benchPipeline } from "./pipeline.ts";
import { benchRecovery } from "./recovery.ts";
import { startNats } from "../support/nats.ts";
import { benchSinks } from "./sinks.ts";
import { benchVerify } from "./verify.ts";
import { benchWire } from "./wire.ts";

type Figures = Record<string, unknown>;

const SECTIONS: Record<string, () => Promise<Figures>> = {
  kernel: async () => ({
    kernel: { pretrade: await benchPretrade(), fraud: await benchFraud(), declared: await benchDeclared() },
  }),
  memory: async () => {
    const { bytesPerKey, cards, conditions } = await benchFraud({ events: 0, decisions: 0, twinEvents: 0 });
    return { memory: { fraud: { bytesPerKey, cards, conditions } } };
  },
  ledger: async () => ({ ledger: await benchLedger() }),
  pipeline: async () => ({
    pipeline: { sqlite: await benchPipeline("sqlite"), jetstream: await benchPipeline("jetstream") },
  }),
  wire: async () => {
    const server = await startNats();
    try {
      return { wire: await benchWire({ natsUrl: server.url }) };
    } finally {
      await server.close();
    }
  },
  operators: async () => ({ operators: { ...await benchOperators(), ...await benchJoins() } }),
  eventTime: async () => ({ eventTime: await benchEventTime() }),
  recovery: async () => ({ recovery: await benchRecovery() }),
  sinks: async () => ({ sinks: await benchSinks() }),
  failover: async () => ({
    failover: {
      jetstream: await benchFailover({ ledger: "jetstream" }),
      sqlite: await benchFailover({ ledger: "sqlite" }),
    },
  }),
  verify: async () => ({ verify: await benchVerify() }),
  start: async () => ({ start: await benchStart() }),
  nexmark: async () => ({ nexmark: await benchNexmark() }),
};

const { values } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean" } } });
const wanted = values.only?.split(",") ?? Object.keys(SECTIONS);
const unknown = wanted.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`Cannot measure ${unknown.join(", ")}: there is ${Object.keys(SECTIONS).join(", ")}.`);
  process.exit(2);
}
// Memory and start are part of the kernel's and the recovery's picture where those are asked for.
if (wanted.includes("kernel") && !wanted.includes("memory")) wanted.push("memory");
if (wanted.includes("recovery") && !wanted.includes("start")) wanted.push("start");

const report: Figures = { conditions: conditions() };
for (const name of wanted) {
  console.error(`measuring ${name} …`);
  const figures = await SECTIONS[name]();
  Object.assign(report, figures);
  if (!values.json) print(figures, "");
}
if (values.json) console.log(JSON.stringify(report));
process.exit(0);

/** One line a figure, by the path it has in the JSON. */
function print(figures: Figures, path: string): void {
  for (const [name, value] of Object.entries(figures)) {
    const at = path ? `${path}.${name}` : name;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) print(value as Figures, at);
    else console.log(`${at.padEnd(44)} ${typeof value === "number" ? value.toLocaleString("en") : value}`);
  }
}
