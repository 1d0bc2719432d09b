/** What the process that is left serves is what the ledger holds: states of keys, and dead letters. */
import type { Checked } from "../check.ts";
import type { Process } from "../processes.ts";
import type { Ground, SimWorld } from "../world.ts";
import { readTally } from "./tally.ts";
import { placed } from "./history.ts";
import { readFields, type TimedHistory } from "./timed_history.ts";
import { checkHealth } from "./unbroken.ts";

const ANSWER_MS = 60_000;
const ATTEMPTS_MAX = 100;
const LETTERS_MAX = 10_000;
const ROWS_MAX = 100_000;
/** The output that tells changes of the view of `totals`. */
const SHOWN = 1;
const TEXT = new TextEncoder();

export async function checkServed(
  process: Process,
  ground: Ground,
  ledger: Checked,
  violations: string[],
): Promise<void> {
  if (process.world.damagedReads === 0) checkHealth(process.runtime, violations);
  let checked = false;
  ask(process, ground, ledger, violations).catch((error) => violations.push(`served: ${error}`))
    .then(() => (checked = true));
  const { scheduler } = ground;
  if (!await scheduler.run(() => checked, scheduler.elapsedMs + ANSWER_MS)) {
    violations.push("served: queries were not answered");
  }
}

/** A question fails where its partition restarts; whoever asks, asks again. */
async function asked<T>(world: SimWorld, question: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await question();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      await world.wait(50_000);
    }
  }
}

async function ask(
  process: Process,
  ground: Ground,
  ledger: Checked,
  violations: string[],
): Promise<void> {
  const { runtime, world } = process;
  for (const [pipeline, histories] of ledger.histories) {
    for (const [key, { count, sum }] of ledger.totals.get(pipeline)!) {
      const state = await asked(world, () => runtime.query(pipeline, TEXT.encode(key)));
      const said = state && readTally(state);
      if (said?.amount === count) continue;
      violations.push(`served: ${key} of ${pipeline} as ${said?.amount}, the ledger has ${count}/${sum}`);
      return;
    }
    let letters = 0;
    for (const { name, recorded } of histories) {
      const { first } = ground.store.chain(name);
      for (const { answer, position } of recorded) {
        if (typeof answer === "number" && position.frame >= first) letters++;
      }
    }
    const served = await asked(world, () => runtime.deadLetters(pipeline, { limit: LETTERS_MAX }));
    if (served.length !== letters) {
      violations.push(`served: ${served.length} dead letters of ${pipeline}, the ledger has ${letters}`);
    }
  }
  if (ledger.histories.has("totals")) {
    await askViews(process, ledger.histories as ReadonlyMap<string, readonly TimedHistory[]>, violations);
    await askLate(
      process,
      ground,
      ledger.histories as ReadonlyMap<string, readonly TimedHistory[]>,
      violations,
    );
  }
}

/** The view holds the windows that were told, as they were told. */
async function askViews(
  { runtime, world }: Process,
  histories: ReadonlyMap<string, readonly TimedHistory[]>,
  violations: string[],
): Promise<void> {
  const { rows } = await asked(world, () => runtime.view("totals", "shown", { limit: ROWS_MAX }));
  const told = histories.get("totals")!.flatMap(({ timed }) =>
    timed.flatMap(({ entries }) => entries.flatMap((entry) => entry.rows))
  ).filter(({ channel }) => channel === SHOWN);
  const figuresOf = (fields: ReadonlyMap<number, bigint | string>) =>
    [1, 2, 3, 4, 5].map((field) => fields.get(field)).join(" ");
  const should = told.map(({ fields }) => figuresOf(fields)).sort();
  const is = rows.map(({ payload }) => figuresOf(readFields(payload))).sort();
  const differs = should.findIndex((row, i) => row !== is[i]);
  if (differs < 0 && is.length === should.length) return;
  violations.push(
    `served: the view has ${is.length} rows, ${should.length} were told; ${is[differs]} is ${
      should[differs]
    }`,
  );
}

/** Every late record can be read, as far as its frame is still there. */
async function askLate(
  { runtime, world }: Process,
  ground: Ground,
  histories: ReadonlyMap<string, readonly TimedHistory[]>,
  violations: string[],
): Promise<void> {
  for (const [pipeline, chains] of histories) {
    const should: string[] = [];
    for (const { name, partition, timed } of chains) {
      const { first } = ground.store.chain(name);
      for (const { frame, event, late } of timed.flatMap(({ entries }) => entries)) {
        if (frame < first) continue;
        for (const { operator, time, watermark } of late) {
          should.push(`${partition}.${frame}.${event} ${operator} ${Number(time)} ${Number(watermark)}`);
        }
      }
    }
    const late = await asked(world, () => runtime.lateEvents(pipeline, { limit: ROWS_MAX }));
    const is = late.map(({ position, operator, time, watermark }) =>
      `${placed(position)} ${operator} ${time} ${watermark}`
    );
    const differs = should.findIndex((each, i) => each !== is[i]);
    if (differs < 0 && is.length === should.length) continue;
    violations.push(
      `served: ${is.length} late records of ${pipeline}, the ledger has ${should.length}; ` +
        `${is[differs]} is ${should[differs]}`,
    );
  }
}
