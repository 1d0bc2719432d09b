/**
 * Events of a workload that ships, as NDJSON on standard output: something to run its pipelines on. The same seed
 * draws the same; the hour that they tell of is the one before now.
 *
 *   deno task events shop > shop.ndjson
 *   deno task events payments 100000 --seed 7
 */
import process from "node:process";
import { adEvents } from "../../actors/ads/generator.ts";
import { catalogEvents } from "../../actors/catalog/generator.ts";
import { scores } from "../../actors/games/generator.ts";
import { logins } from "../../actors/logins/generator.ts";
import { nexmark } from "../../actors/nexmark/generator.ts";
import { OrderTraffic } from "../../actors/orders/generator.ts";
import { CardTraffic } from "../../actors/payments/generator.ts";
import { profileEvents } from "../../actors/profiles/generator.ts";
import { pageEvents } from "../../actors/shop/generator.ts";
import { splitArguments } from "../config.ts";

type Workload = (count: number, seed: number, from: number) => Iterable<object>;

const HOUR = 3_600_000_000;
const COUNT = 10_000, COUNT_MAX = 10_000_000;
/** Written at a time. */
const LINES = 1_000;

const WORKLOADS: Record<string, Workload> = {
  ads: (count, seed, from) => adEvents(seed, count, from, HOUR),
  catalog: (count, seed, from) => catalogEvents(seed, count, from),
  games: (count, seed, from) => scores(seed, count, from, HOUR),
  logins: (count, seed, from) => logins(seed, count, from, HOUR),
  nexmark: (events, _, startAt) => nexmark({ events, startAt }),
  *orders(count, seed, startAt) {
    const traffic = new OrderTraffic({ seed, startAt, accounts: 100, stepMicros: HOUR / count });
    yield* traffic.referenceData();
    for (let made = 0; made < count; made++) yield traffic.next();
  },
  *payments(count, seed, startAt) {
    const attack = { at: startAt + HOUR / 2, lasts: HOUR / 6 };
    const traffic = new CardTraffic({ seed, startAt, perDay: count * 24, attack });
    for (let made = 0; made < count; made++) yield traffic.next().event;
  },
  profiles: (count, seed, from) => profileEvents(seed, count, from, HOUR),
  shop: (count, seed, from) => pageEvents(seed, count, from, HOUR),
};

function asked(): Iterable<object> {
  const { operands: [name, count = COUNT], flags } = splitArguments(process.argv.slice(2), {});
  const workload = WORKLOADS[name];
  const number = Number(count), seed = Number(flags.get("seed") ?? 1);
  if (
    workload && number >= 1 && number <= COUNT_MAX && Number.isSafeInteger(number) &&
    Number.isSafeInteger(seed)
  ) {
    return workload(number, seed, Date.now() * 1_000 - HOUR);
  }
  console.error(
    `Cannot make events: name one of ${Object.keys(WORKLOADS).join(", ")}, and how many, such as`,
  );
  console.error("  deno task events shop 10000 --seed 1 > shop.ndjson");
  process.exit(2);
}

function write(lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => void process.stdout.write(lines.join("\n") + "\n", () => resolve()));
}

let lines: string[] = [];
process.stdout.on("error", () => process.exit(0)); // the reader went away
for (const event of asked()) {
  lines.push(JSON.stringify(event, (_, value) => typeof value === "bigint" ? String(value) : value));
  if (lines.length < LINES) continue;
  await write(lines);
  lines = [];
}
if (lines.length > 0) await write(lines);
