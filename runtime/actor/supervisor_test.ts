/** Supervision: who is restarted, in which order, and when it gives up. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { World } from "../world/mod.ts";
import { type ChildSpec, Escalation, supervise, type SupervisorSpec } from "./supervisor.ts";

/** A world whose clock passes only in sleeps, at once. */
function instantWorld(): World & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (ms: number) => {
      now += ms * 1000;
      slept.push(ms);
      return Promise.resolve();
    },
    after: () => () => {},
    soon: queueMicrotask,
  };
  const log = { info() {}, warn() {}, error() {} };
  return { clock, log, slept, random: { next: () => 0.5, id: () => "" } } as unknown as World & {
    slept: number[];
  };
}

function spec(children: ChildSpec[], changes: Partial<SupervisorSpec> = {}): SupervisorSpec {
  return {
    id: "test",
    strategy: "one-for-one",
    intensity: { restartsMax: 3, withinMs: 1000 },
    backoff: { firstMs: 8, lastMs: 20 },
    children,
    ...changes,
  };
}

/** A child that notes its starts and stops, and fails when told to. */
function child(id: string, notes: string[]) {
  let fail: (error: Error) => void;
  const each: ChildSpec = {
    id,
    run: (signal) =>
      new Promise((resolve, reject) => {
        notes.push(`+${id}`);
        fail = reject;
        signal.addEventListener("abort", () => {
          notes.push(`-${id}`);
          resolve();
        });
      }),
  };
  return { each, fail: () => fail(new Error(`${id} broke`)) };
}

async function settle() {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

describe("a supervisor", () => {
  it("one-for-one restarts the failed child alone", async () => {
    const notes: string[] = [], stop = new AbortController();
    const [a, b] = ["a", "b"].map((id) => child(id, notes));
    const ended = supervise(spec([a.each, b.each]), instantWorld(), stop.signal);
    await settle();
    a.fail();
    await settle();
    assert.deepEqual(notes, ["+a", "+b", "+a"]);
    stop.abort();
    await ended;
    assert.deepEqual(notes.slice(3), ["-b", "-a"]);
  });

  it("rest-for-one stops what was started after, last first, and starts all of it again in order", async () => {
    const notes: string[] = [], stop = new AbortController();
    const [a, b, c] = ["a", "b", "c"].map((id) => child(id, notes));
    const children = [a.each, b.each, c.each];
    const ended = supervise(spec(children, { strategy: "rest-for-one" }), instantWorld(), stop.signal);
    await settle();
    b.fail();
    await settle();
    assert.deepEqual(notes, ["+a", "+b", "+c", "-c", "+b", "+c"]);
    stop.abort();
    await ended;
  });

  it("backs off longer while failures follow closely, and escalates with the cause at the one too many", async () => {
    const world = instantWorld();
    const broken: ChildSpec = { id: "broken", run: () => Promise.reject(new Error("no disk")) };
    await assert.rejects(
      supervise(spec([broken]), world, new AbortController().signal),
      (error: Escalation) => {
        assert.ok(error instanceof Escalation);
        assert.match(error.message, /broken failed 4 times within 1000 ms; last: no disk/);
        return (error.cause as Error).message === "no disk";
      },
    );
    assert.deepEqual(world.slept, [6, 12, 15]);
  });

  it("is itself a child: its escalation is one failure of its own supervisor, which starts it anew", async () => {
    const world = instantWorld(), stop = new AbortController();
    let runs = 0;
    const broken: ChildSpec = {
      id: "broken",
      run: () => ++runs <= 4 ? Promise.reject(new Error("x")) : new Promise(() => {}),
    };
    const inner: ChildSpec = {
      id: "inner",
      run: (signal) => supervise(spec([broken], { id: "inner" }), world, signal),
    };
    void supervise(spec([inner]), world, stop.signal);
    for (let i = 0; i < 20; i++) await settle();
    assert.equal(runs, 5);
  });

  it("leaves a child down whose failure is final, and its siblings running", async () => {
    const notes: string[] = [], stop = new AbortController();
    const [a, b] = ["a", "b"].map((id) => child(id, notes));
    const finals: string[] = [];
    const final = { ...a.each, isFinal: () => true, onFinal: (error: Error) => finals.push(error.message) };
    const ended = supervise(spec([final, b.each]), instantWorld(), stop.signal);
    await settle();
    a.fail();
    await settle();
    assert.deepEqual([notes, finals], [["+a", "+b"], ["a broke"]]);
    stop.abort();
    await ended;
  });
});
