/** What the process that is left serves is what the ledger holds: states of keys, and dead letters. */
import type { Checked } from "../check.ts";
import type { Process } from "../processes.ts";
import type { Ground, SimWorld } from "../world.ts";
import { readTally } from "./tally.ts";
import { checkHealth } from "./unbroken.ts";

const ANSWER_MS = 60_000;
const ATTEMPTS_MAX = 100;
const LETTERS_MAX = 10_000;
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
  { runtime, world }: Process,
  ground: Ground,
  ledger: Checked,
  violations: string[],
): Promise<void> {
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
}
