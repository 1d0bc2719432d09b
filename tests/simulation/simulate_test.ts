/** The gate's share of simulation: 200 seeds in which everything must hold, and known bugs that must show. */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seedOf } from "../../actors/random.ts";
import { replayCommand, simulateMany } from "./many.ts";
import { simulate } from "./simulate.ts";
import { VARIANTS } from "./variants.ts";

const SEEDS = 200;
/** Seeds of one test: it must end within the time a test may take. */
const BATCH = 25;
/** The bugs put back must show within so many seeds. */
const SEEDS_UNTIL_CAUGHT = 50;

describe("simulated worlds", () => {
  for (let batch = 0; batch < SEEDS / BATCH; batch++) {
    const first = seedOf(process.env, 1) + batch * BATCH;
    it(`lose nothing, double nothing and keep their order: seeds ${first} to ${first + BATCH - 1}`, async () => {
      const summary = await simulateMany(first, BATCH, {
        onReport({ seed, violations }) {
          if (violations.length > 0) {
            console.error(`replay: ${replayCommand(seed)}\n${violations.join("\n")}`);
          }
        },
      });
      console.log(`${summary.events} events, ${JSON.stringify(summary.faults)}, trace ${summary.trace}`);
      assert.deepEqual(summary.failed, [], `seeds failed; replay one: ${replayCommand(summary.failed[0])}`);
      for (const kind of ["crash", "secondOwner", "fenced", "unknown", "appendLate", "clockJump"]) {
        assert(summary.faults[kind] > 0, `no ${kind} happened`);
      }
    });
  }

  it("run the same way again from the same seed", async () => {
    const seed = seedOf(process.env, 7);
    assert.deepEqual(await simulate(seed), await simulate(seed));
  });

  for (const [name, variant] of Object.entries(VARIANTS)) {
    it(`notice a known bug: ${name}`, async () => {
      const mend = variant.breakIt?.();
      try {
        for (let seed = 1; seed <= SEEDS_UNTIL_CAUGHT; seed++) {
          if ((await simulate(seed, { variant: variant.world })).violations.length > 0) return;
        }
      } finally {
        mend?.();
      }
      assert.fail(`${SEEDS_UNTIL_CAUGHT} seeds did not notice it`);
    });
  }
});
