import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { decided, fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { kept, memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";
import type { Outcome, Runtime } from "../mod.ts";
import { type Answer, routesOf } from "./answer.ts";
import { askOnce } from "./once.ts";
import { ProblemError } from "./problem.ts";

const other = { ...tally, name: "other" };
const topology = { pipelines: [{ ...tally, partitions: 2 }, other], decisions: { both: ["tally", "other"] } };

/** The answer, or the code of the problem that stands for it. */
async function send(runtime: Runtime, name: string, id: string, payload: Uint8Array) {
  const route = routesOf(runtime, runtime.topology).get(name)!;
  try {
    const answer = await new Promise<Answer>((done) => askOnce(runtime, route, payload, id, done));
    return answer.problem?.code ?? answer;
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
    throw error;
  }
}

const isDuplicate = (answer: Answer | string) =>
  typeof answer === "object" &&
  answer.outcomes.every((outcome) => "duplicate" in outcome && outcome.duplicate);

describe("an event with an id", () => {
  it("gets its first answer again after a restart, and another event under the id is refused", async () => {
    const store = kept();
    const first = tallyEvent("a", 1);
    await running(topology, memoryWorld(store), async (runtime) => {
      for (const name of ["tally", "both"]) {
        assert.equal(isDuplicate(await send(runtime, name, `id of ${name}`, first)), false);
        assert.equal(await send(runtime, name, `id of ${name}`, tallyEvent("a", 2)), "id-reused");
      }
    });
    for (let round = 0; round < 2; round++) {
      await running(topology, memoryWorld(store), async (runtime) => {
        for (const name of ["tally", "both"]) {
          assert.equal(await send(runtime, name, `id of ${name}`, tallyEvent("a", 2)), "id-reused");
          assert.ok(isDuplicate(await send(runtime, name, `id of ${name}`, first)));
          assert.equal(await send(runtime, name, `id of ${name}`, tallyEvent("a", 1, "a note")), "id-reused");
        }
      });
    }
  });

  it("is noticed beyond the frames that memory keeps, from the ledger", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      const first = tallyEvent("a", 1);
      await send(runtime, "tally", "early", first);
      for (let i = 0; i < 600; i++) await runtime.submit("tally", tallyEvent("a", 1));
      const fresh = {
        ...runtime,
        recorded: runtime.recorded.bind(runtime),
        offer: runtime.offer.bind(runtime),
      };
      assert.equal(await send(fresh, "tally", "early", tallyEvent("a", 7)), "id-reused");
      assert.ok(isDuplicate(await send(fresh, "tally", "early", first)));
    });
  });

  it("is asked once at a time, through all doors; afterwards it may come again", async () => {
    const held: ((outcome: Outcome) => void)[] = [];
    const runtime: Runtime = {
      ...fakeRuntime({ pipelines: [tally] }),
      offer: (_name, _payload, _options, done) => {
        held.push(done);
        return "admitted";
      },
    };
    const payload = tallyEvent("a", 1);
    const first = send(runtime, "tally", "one", payload);
    assert.equal(await send(runtime, "tally", "one", payload), "id-under-way");
    const another = send(runtime, "tally", "two", payload);
    held[0](decided(1));
    held[1]({ kind: "unknown", cause: new Error("the ledger is away") });
    assert.equal(typeof await first, "object");
    await another;
    for (const id of ["one", "two"]) {
      const again = send(runtime, "tally", id, payload);
      held.at(-1)!(decided(1));
      assert.equal(typeof await again, "object");
    }
  });

  it("leaves nothing behind when it was refused", async () => {
    let open = false;
    const runtime = fakeRuntime({ pipelines: [tally] }, { outcome: () => open ? decided(1) : "full" });
    assert.equal(typeof await send(runtime, "tally", "one", tallyEvent("a", 1)), "object");
    open = true;
    assert.equal(typeof await send(runtime, "tally", "one", tallyEvent("a", 2)), "object");
  });

  it("gets its first answer where the ledger cannot tell what the original was", async () => {
    const runtime: Runtime = {
      ...fakeRuntime({ pipelines: [tally] }, {
        outcome: () => ({ ...decided(1), duplicate: true } as Outcome),
      }),
      recorded: () => Promise.reject(new Error("the frame is no longer kept")),
    };
    assert.ok(isDuplicate(await send(runtime, "tally", "one", tallyEvent("a", 1))));
  });
});
