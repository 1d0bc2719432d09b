/** Known bugs, put back one at a time: a simulator that does not notice them is worth nothing. */

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly put: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const INCARNATION = "runtime/partition/incarnation.ts";
const PARTITION = "runtime/partition/partition.ts";
const REPLICA = "runtime/partition/replica.ts";
const CHECKPOINT = "runtime/checkpoint/checkpoint.ts";
const FEED = "runtime/output/feed.ts";
const COMPILER = "runtime/stream/compile/kernel.ts";
const TIME = "wasm/operators/time.ts";
const INLINE = "// @ts-ignore: decorator\n@inline\n";

export const MUTANTS: readonly Mutant[] = [
  mutant("release before commit", INCARNATION, "this.#chain.append(number - 1, message).then(", [
    "this.#world.clock.soon(() => this.#appended(frame, { kind: 'stored', sequence: number }));",
    "this.#chain.append(number - 1, message).then(",
  ]),
  mutant("fence left out", "tests/simulation/ledger.ts", "if (after !== this.#stored.last) {", [
    "if (false) {",
  ]),
  mutant("an append without an answer is taken for stored", INCARNATION, 'case "unknown":\n', [
    'case "unknown":\n        frame.durable = true;\n        return this.#release();\n',
  ]),
  mutant(
    "late frames of a replaced owner count",
    "runtime/partition/frame.ts",
    "this.#void = frame.epoch < this.#epoch || (this.#void && frame.epoch === this.#epoch);",
    ["this.#void = false;"],
  ),
  mutant("events wait again in the wrong order", PARTITION, "of lost.reverse())", ["of lost)"]),
  mutant("events in flight are forgotten at a restart", PARTITION, "of lost.reverse())", [
    "of [] as typeof lost)",
  ]),
  mutant("poison is blamed on its neighbour", PARTITION, "this.mailbox.trapped(trap.event)", [
    "this.mailbox.trapped(Math.max(0, trap.event - 1))",
  ]),
  mutant("a mailbox without a bound", "runtime/partition/mailbox.ts", "if (this.full) return false;", [""]),
  mutant("snapshot off by a frame", CHECKPOINT, "  kernel.snapshotBegin(all);\n", [
    "  await options.durable;",
    "await new Promise<void>((resolve) => world.clock.after(1, resolve));",
    "kernel.snapshotBegin(all);\n",
  ]),
  {
    name: "snapshot not of one instant",
    edits: [
      {
        file: "wasm/lib/memory.ts",
        find: "  if (flags & PENDING) {\n    const copy = takeShadow();",
        put: "  if (false) {\n    const copy = takeShadow();",
      },
      // States are small here: in one slice there is no time for a page to change.
      { file: CHECKPOINT, find: "const SLICE_PAGES = 64;", put: "const SLICE_PAGES = 2;" },
    ],
  },
  mutant("dedupe window not in the state", "wasm/lib/harness.ts", "  memoryRestored();\n", [
    "  memoryRestored();\n  dedupInit(31536000000000, 100000);\n",
  ]),
  mutant(
    "high-water mark not per source",
    "wasm/lib/sources.ts",
    "SOURCES_MAX ? marks.upsert(name, length)",
    [
      "SOURCES_MAX ? marks.upsert(name, 1)",
    ],
  ),
  mutant(
    "high-water mark lets its own event in again",
    "wasm/lib/sources.ts",
    "if (sequence <= mark.sequence)",
    [
      "if (sequence < mark.sequence)",
    ],
  ),
  mutant("damage of a checkpoint goes unnoticed", CHECKPOINT, "if (found !== recorded || bytes", [
    "if (found === '' && bytes",
  ]),
  {
    name: "checkpoint before its frame is durable, restored without looking",
    edits: [
      { file: CHECKPOINT, find: "  await options.durable;\n", put: "" },
      { file: REPLICA, find: "      await checkSameChain(chain, manifest, first);\n", put: "" },
    ],
  },
  mutant(
    "checkpoint of another kernel is restored",
    "runtime/partition/evolve.ts",
    "return manifest.kernel === this.#module.hashHex ||",
    ["return manifest.kernel !== '' ||"],
  ),
  mutant(
    "purged beyond what a receiver has",
    "runtime/checkpoint/retention.ts",
    "[frame, ...receivers.map((name) => host.fed[name] ?? 0)]",
    ["[frame]"],
  ),
  mutant(
    "a feed moves on before its outputs are durable",
    "runtime/output/feed.ts",
    "while (this.#frames[0]?.left === 0 &&",
    [
      "while (this.#frames.length > 0 &&",
    ],
  ),
  mutant(
    "frame time runs backward with the clock",
    "runtime/partition/frame_clock.ts",
    "wall >= this.last ? wall :",
    [
      "wall >= 0 ? wall :",
    ],
  ),
  mutant(
    "a sink goes on at the beginning of a frame",
    "runtime/output/sinks.ts",
    "? this.read.output : 0;",
    ["? 0 : 0;"],
  ),
  mutant(
    "what is void counts again while an older checkpoint is restored",
    "runtime/partition/history.ts",
    "for (const number of manifest.host.voids) this.#voids.add(number);",
    ["this.#voids = new Set(manifest.host.voids);"],
  ),
  mutant(
    "a checkpoint of a life that is over keeps what the next one remembers",
    INCARNATION,
    'if (this.#over) throw new Error("the partition restarted");',
    [""],
  ),
  mutant(
    "a sink is held for ahead of the ledger by an owner that was replaced",
    "runtime/output/sinks.ts",
    "await this.#checkNotAhead(sink, partition, held);",
    ["throw new SinkAhead(sink.name, partition.name, held, history.durable);"],
  ),
  // Of processes that stand by.
  mutant(
    "a standby takes over without the frames behind its last",
    "runtime/partition/recover.ts",
    "    await warm.replay(last, () => {});\n",
    [""],
  ),
  // Of what is looked up.
  mutant(
    "an answer is taken for true for ever",
    "runtime/ingress/lookup.ts",
    "this.#cache.put(ask.key, answer, now + lasts)",
    ["this.#cache.put(ask.key, answer, now + 1000 * lasts)"],
  ),
  mutant(
    "an event overtakes one that waits for its answer",
    "runtime/ingress/lookup_gate.ts",
    "if (entry.left === 0 && this.waiting === 0)",
    ["if (entry.left === 0)"],
  ),
  // Of event time.
  mutant("watermark not in the snapshot", TIME, `${INLINE}const head = changetype<Head>(STATE);`, [
    "const headAt = memory.data(128, 8);\nconst head = changetype<Head>(headAt);",
  ]),
  mutant("marks of sources not in the state", TIME, `${INLINE}const FIRST: usize = STATE + 64;`, [
    "const FIRST: usize = memory.data(1024, 8);",
  ]),
  mutant("late record left out", "wasm/operators/out.ts", "  lateEffect(SCRATCH,", [
    "  if (reason != LateReason.WINDOW_CLOSED) lateEffect(SCRATCH,",
  ]),
  mutant(
    "windows fire a microsecond before their time",
    COMPILER,
    '`  const w = ${use("operators/time", "newest")}();`,',
    ['`  const w = min(${use("operators/time", "newest")}(), i64.MAX_VALUE - 1) + 1;`,'],
  ),
  mutant("event time is told before the late results that it allows", COMPILER, "const delay = Math.max(0,", [
    "const delay = Math.min(0,",
  ]),
  mutant("a stage goes by one partition before it", TIME, "    least(part.mark, part.idle);", [
    "if (i == partition) least(part.mark, part.idle);",
  ]),
  mutant(
    "a mark overtakes the rows that it speaks of",
    FEED,
    "    for (const { output, event } of outputs) {",
    [
      "for (const advance of marks) {",
      "await mark!(advance, { source, sequence: feedSequence(frame.number, 0) - 1 }, () => {});",
      "}",
      "for (const { output, event } of outputs) {",
    ],
  ),
  mutant(
    "a mark is believed again when it is told again",
    FEED,
    "{ source, sequence: markSequence(frame.number, i, marks.length) }",
    [
      "{}",
    ],
  ),
  mutant(
    "timers wait for a clock that was set back",
    "runtime/partition/frame_clock.ts",
    "if (wall >= this.last) return",
    [
      "if (wall >= 0) return",
    ],
  ),
  mutant(
    "a watermark goes back while its partition restarts",
    "runtime/partition/history.ts",
    "if (time !== undefined && !(time <= this.#watermark!)) this",
    ["if (time !== undefined) this"],
  ),
];

function mutant(name: string, file: string, find: string, put: readonly string[]): Mutant {
  return { name, edits: [{ file, find, put: put.join("\n    ") }] };
}
