/** Retries of a client, at whichever node it finds, over restarts and takeovers, within the declared window. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { type Outcome, type Runtime, start, type World } from "../../runtime/mod.ts";
import { kept, keyBytes, memoryWorld, tallyEvent, tallyState } from "../support/world.ts";

const WINDOW_MS = 10_000;
const STEPS = 400;
const KEYS = 5;
const seed = seedOf(process.env, 1);
const topology = {
  pipelines: [{ ...tally, partitions: 2, dedupe: { windowMs: WINDOW_MS, idsMax: 10_000 } }],
};

type Decided = Extract<Outcome, { kind: "decided" }>;

interface Sent {
  readonly id: string;
  readonly key: string;
  readonly amount: number;
  readonly at: number;
  readonly first: Decided;
}

describe(`a client's retries (seed ${seed})`, () => {
  it("get the first answer, and have one effect, at any node and after any restart", async () => {
    const random = seeded(`retries ${seed}`);
    const nodes = new Nodes();
    const sent: Sent[] = [];
    const model = new Map<string, { count: bigint; sum: bigint }>();
    let retries = 0, takeovers = 0;
    for (let step = 0; step < STEPS; step++) {
      const dice = random.int(0, 9);
      if (dice === 0) nodes.now += random.int(1, 2_000) * 1_000;
      else if (dice === 1) {
        takeovers++;
        if (random.chance(0.5)) await nodes.restart(random.int(0, 1));
        else await nodes.takeOver(random.int(0, 1));
      } else if (dice < 6 || sent.length === 0) {
        const event = { id: `e${step}`, key: `k${random.int(0, KEYS - 1)}`, amount: random.int(1, 100) };
        const first = await nodes.ask(event, random.int(0, 1));
        assert.equal(first.duplicate, false);
        sent.push({ ...event, at: nodes.now, first });
        const known = model.get(event.key) ?? { count: 0n, sum: 0n };
        model.set(event.key, { count: known.count + 1n, sum: known.sum + BigInt(event.amount) });
      } else {
        const again = random.pick(sent);
        if (nodes.now - again.at >= WINDOW_MS * 1_000) continue;
        retries++;
        const answer = await nodes.ask(again, random.int(0, 1));
        assert.equal(answer.duplicate, true, again.id);
        assert.deepEqual(answer.position, again.first.position);
        assert.deepEqual(Uint8Array.from(answer.reply), Uint8Array.from(again.first.reply));
      }
    }
    assert.ok(retries > 20 && takeovers > 10, `${retries} retries, ${takeovers} takeovers`);
    for (const [key, expected] of model) assert.deepEqual(await nodes.state(key), expected, key);
    await nodes.stop();
  });

  it("are taken for new events beyond the window: that is what was declared", async () => {
    const nodes = new Nodes();
    const event = { id: "once", key: "k", amount: 1 };
    assert.equal((await nodes.ask(event, 0)).duplicate, false);
    assert.equal((await nodes.ask(event, 0)).duplicate, true);
    nodes.now += (WINDOW_MS + 1_000) * 1_000;
    assert.equal((await nodes.ask(event, 0)).duplicate, false);
    await nodes.stop();
  });
});

/** Two nodes on one ledger. Either may own the partitions; the other finds out when it asks. */
class Nodes {
  /** What all clocks show; it moves when the test moves it. */
  now = 1_800_000_000_000_000;
  readonly #store = kept();
  readonly #running: (Runtime | undefined)[] = [undefined, undefined];

  async restart(node: number): Promise<void> {
    await this.#running[node]?.stop();
    this.#running[node] = undefined;
  }

  /** The node starts and takes the partitions, whether or not the other one still runs. */
  async takeOver(node: number): Promise<Runtime> {
    await this.#running[node]?.stop();
    const world = memoryWorld(this.#store);
    const clock = { ...world.clock, now: () => this.now };
    const shifted: World = { ...world, clock };
    const runtime = await start(topology, shifted, new AbortController().signal, { kernels: readKernel });
    await runtime.ready;
    return this.#running[node] = runtime;
  }

  /** As a client does: at a node, and when it gives no answer at the other one, until there is one. */
  async ask(event: { id: string; key: string; amount: number }, node: number): Promise<Decided> {
    for (let tries = 0; tries < 10; tries++) {
      const at = (node + tries) % 2;
      const runtime = this.#running[at] ?? (this.#running[1 - at] ? undefined : await this.takeOver(at));
      const outcome = await runtime?.submit("tally", tallyEvent(event.key, event.amount), { id: event.id });
      if (outcome?.kind === "decided") return outcome;
      // Stepped down: it starts anew when it is asked for.
      if (outcome) await this.restart(at);
    }
    throw new Error(`Nobody answers ${event.id}`);
  }

  async state(key: string): Promise<{ count: bigint; sum: bigint } | undefined> {
    await this.restart(0);
    await this.restart(1);
    const runtime = await this.takeOver(0);
    return tallyState(await runtime.query("tally", keyBytes(key)));
  }

  async stop(): Promise<void> {
    await this.restart(0);
    await this.restart(1);
  }
}
