/**
 * A Runtime whose answers a test writes down: for what edges do about outcomes that a healthy runtime rarely
 * gives. Whatever a test does not script answers as an idle runtime would.
 */
import type { Outcome, Runtime, Status, Topology } from "../../runtime/mod.ts";

export interface Script {
  /** What an offered event comes to. Default: decided, APPROVE, in frame 1, 2, 3 … */
  outcome?(pipeline: string, payload: Uint8Array, count: number):
    | Outcome
    | Exclude<
      ReturnType<Runtime["offer"]>,
      "admitted"
    >;
  admits?(pipeline: string): ReturnType<Runtime["admits"]>;
  state?: Status["state"];
}

export interface FakeRuntime extends Runtime {
  readonly offered: { pipeline: string; payload: Uint8Array; id: string | Uint8Array | undefined }[];
}

/** An encoded Decision with nothing but its verdict. */
export const verdict = (code: number): Uint8Array => Uint8Array.of(0x08, code);

export const decided = (code: number, frame = 1): Outcome => ({
  kind: "decided",
  position: { partition: 0, frame, event: 0 },
  reply: verdict(code),
  durable: true,
  duplicate: false,
});

export function fakeRuntime(topology: Topology, script: Script = {}): FakeRuntime {
  const offered: FakeRuntime["offered"] = [];
  const offer: Runtime["offer"] = (pipeline, payload, { id }, done) => {
    const outcome = script.outcome?.(pipeline, payload, offered.length) ?? decided(1, offered.length + 1);
    if (typeof outcome === "string") return outcome;
    offered.push({ pipeline, payload: payload.slice(), id });
    queueMicrotask(() => done(outcome));
    return "admitted";
  };
  return {
    topology,
    offered,
    ready: Promise.resolve(),
    offer,
    submit: (pipeline, payload, options = {}) =>
      new Promise((resolve) => {
        const admission = offer(pipeline, payload, options, resolve);
        if (admission !== "admitted") resolve({ kind: "refused", admission, retryAfterMs: 0 });
      }),
    admits: (pipeline) => script.admits?.(pipeline) ?? { open: true },
    query: () => Promise.resolve(undefined),
    applied: () => Promise.resolve({ least: 0, most: 0 }),
    recorded: () => Promise.reject(new Error("Cannot tell what was recorded: nothing was")),
    deadLetters: () => Promise.resolve([]),
    redrive: () => Promise.reject(new Error("Cannot redrive: there are no dead letters here")),
    async *outputs() {},
    mark: () => Promise.resolve(),
    correct: () => Promise.resolve(),
    reads: () => ({ aligned: false, held: () => false, end() {} }),
    settled: () => Promise.resolve(),
    view: () => Promise.resolve({ rows: [], more: false, watermark: 0 }),
    lateEvents: () => Promise.resolve([]),
    status: () => ({
      state: script.state ?? "serving",
      ledger: "fake",
      durability: "process",
      partitions: topology.pipelines.map(({ name }) => ({
        pipeline: name,
        partition: 0,
        state: script.state === "starting" ? "recovering" as const : "serving" as const,
        epoch: 1,
        frame: 10,
        kernel: "ab".repeat(32),
        ...(script.state === "starting"
          ? { recovery: { fromFrame: 0, toFrame: 40, frame: 10, events: 10 } }
          : {}),
        mailbox: { events: 0, bytes: 0 },
        counts: {
          events: offered.length,
          frames: 10,
          frameBytes: 1000,
          replies: 0,
          rejects: 0,
          duplicates: 0,
          outputs: 0,
          late: 0,
          latePartly: 0,
          quarantined: 0,
          checkpoints: 0,
          refused: 0,
        },
        checkpointFrame: 4,
        keys: 0,
        stateBytes: 0,
        restarts: 0,
      })),
    }),
    sinkDeadLetters: () => Promise.resolve([]),
    redriveSink: () => Promise.resolve("unknown"),
    onAppend: () => () => {},
    stop: () => Promise.resolve(),
    ended: new Promise(() => {}),
  };
}
