/** `step`: walks through a partition event by event, with the state of the event's key before and after. */
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { type ArchivedKernel, importChain } from "../../runtime/checkpoint/archive.ts";
import { asOf, oldestCheckpoint } from "../../runtime/checkpoint/as_of.ts";
import { type Kernel, KernelTrap } from "../../runtime/kernel/host.ts";
import { compileKey } from "../../runtime/ingress/key.ts";
import {
  type Chain,
  EventCursor,
  type KernelModule,
  kernelParams,
  loadKernel,
  type Pipeline,
  type World,
} from "../../runtime/mod.ts";
import { bytesEqual, hex } from "../../runtime/hash.ts";
import { replayFrame, UnfitKernel, walk, type Walked } from "../../runtime/partition/walk.ts";
import { concat, readVarint } from "../../runtime/partition/wire.ts";
import { openArchive } from "../archives.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { decodeEvents, eventLines, iso, readable, type ShownEvent } from "../frames.ts";
import { readKernel } from "../kernels.ts";
import { integer, text, toggle } from "../options.ts";
import { configuredTopology, pipelineOfChain } from "../topology.ts";
import { openExisting, openWorld } from "../world.ts";

/** Pages copied at once. */
const PAGES = 256;
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export const step = command({
  name: "step",
  summary: "walk through a partition event by event, with the state before and after",
  operands: "<file|chain>",
  about:
    "Rebuilds the state before the first frame wanted and applies one event after the other: what it was, its\n" +
    "key's state before and after, its effects. From a file that `export` wrote (nothing else is needed), or\n" +
    "from a chain of the ledger, which is only read. On a terminal it waits after each: Enter = the next event,\n" +
    "5 = the next five, f = the next frame, g 120 = on to frame 120, k <key> = what is known of a key now,\n" +
    "? = this help, q = quit. Elsewhere it prints them all, but with --interactive.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    from: integer(0, SEQUENCE, "n", "first frame; 0 = the oldest there is"),
    to: integer(0, SEQUENCE, "n", "last frame; 0 = the newest"),
    key: text("", "key", "only events of this key", "tok-1"),
    json: toggle("print JSON, one object an event"),
    interactive: toggle("wait for commands on standard input although it is no terminal"),
  },
  examples: [
    ["deno task millrace step fraud-0.millrace", "what production did, event by event, on this machine"],
    ["deno task millrace step fraud-0 --from 120 --key tok-1 --json", "what happened to one card"],
  ],
  async run({ values, operands, signal, out }) {
    const [what] = operands;
    if (!what || operands.length > 1) throw new Problem("Cannot step: name one exported file, or one chain.");
    const opened = existsSync(what) ? await openFile(what, values) : await openChain(what, values);
    const isTerminal = process.stdin.isTTY && process.stdout.isTTY && !values.json;
    const commands = isTerminal || values.interactive ? new Commands(signal, out) : undefined;
    try {
      const steps = new Steps(opened.pipeline, opened.module, values, out);
      const left = await walkThrough(steps, opened, commands, signal);
      if (!left && commands && !signal.aborted) out("That was the last event.");
      return signal.aborted ? 130 : steps.different ? 1 : 0;
    } finally {
      commands?.close();
      await opened.close();
    }
  },
});

interface Opened {
  readonly world: World;
  readonly chain: Chain;
  readonly pipeline: Pipeline;
  readonly module: KernelModule;
  close(): Promise<void>;
}

type Values = Parameters<typeof openWorld>[0] & Parameters<typeof configuredTopology>[0];

/** An archive is taken into memory: its own kernel decides, where it holds one. */
async function openFile(path: string, values: Values): Promise<Opened> {
  const world = await openWorld({ ...values, ledger: "memory" });
  const { header, chain, kernel } = await importChain(world, openArchive(path));
  const pipeline = (await configuredTopology(values)).pipelines.find(({ name }) => name === header.pipeline);
  if (!pipeline) {
    throw new Problem(`Cannot step through ${path}: it is of a pipeline "${header.pipeline}", unknown here.`);
  }
  return {
    world,
    chain: await world.ledger.open(chain),
    pipeline,
    module: await kernelOf(pipeline, kernel),
    close: () => world.close(),
  };
}

async function openChain(name: string, values: Values): Promise<Opened> {
  const world = await openExisting(values);
  const chains = await world.ledger.chains();
  const pipeline = pipelineOfChain(await configuredTopology(values), name);
  if (!chains.includes(name) || !pipeline) {
    await world.close();
    const held = chains.join(", ") || "no chain yet";
    throw new Problem(
      `Cannot step through ${name}: there is no such file, and ${world.ledger.name} holds ${held}.`,
    );
  }
  const chain = await world.ledger.open(name);
  return { world, chain, pipeline, module: await kernelOf(pipeline, undefined), close: () => world.close() };
}

async function kernelOf(pipeline: Pipeline, archived: ArchivedKernel | undefined): Promise<KernelModule> {
  if (archived) return await loadKernel(pipeline.kernel, archived.wasm, archived.params);
  return await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
}

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly key: string;
  readonly json: boolean;
}

/** Whether it was left before the end. */
async function walkThrough(
  steps: Steps,
  { world, chain }: Opened,
  commands: Commands | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  let until: Until = { events: 1 };
  try {
    for await (const { frame } of steps.of(world, chain)) {
      if (signal.aborted) return true;
      if (!commands) continue;
      if ("events" in until ? --until.events > 0 : frame < until.frame) continue;
      const next = await commands.next(frame, steps);
      if (next === "quit") return true;
      until = next;
      steps.quietBefore = "frame" in next && next.quiet ? next.frame : 0;
    }
  } catch (error) {
    if (!(error instanceof KernelTrap || error instanceof UnfitKernel)) throw error;
    throw new Problem(`Cannot step on: ${error.message}`);
  }
  return false;
}

class Steps {
  /** Whether an effect came out that is not the recorded one. */
  different = false;
  /** Events of frames before this one are applied and not shown. */
  quietBefore = 0;
  #query: (key: Uint8Array) => Uint8Array | undefined = () => undefined;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly module: KernelModule,
    private readonly wanted: Wanted,
    private readonly out: (line: string) => void,
  ) {}

  known(key: Uint8Array): unknown {
    const bytes = this.#query(key);
    return bytes ? readable(bytes, this.pipeline.state) : null;
  }

  /** Applies and prints one event after the other; gives each that was printed. */
  async *of(world: World, chain: Chain): AsyncGenerator<{ frame: number }> {
    const { first, last } = await chain.extent();
    const start = first === 1
      ? 1
      : ((await oldestCheckpoint(world, chain, this.module))?.manifest.frame ?? 0) + 1;
    const from = Math.max(first, this.wanted.from || start), to = Math.min(this.wanted.to || last, last);
    const base = await asOf(world, chain, this.module, { frame: from - 1 });
    this.#query = (key) => base.kernel.query(key);
    const after = from === 1 || base.frame === from - 1 ? { hash: base.hash, epoch: base.epoch } : undefined;
    const keys = compileKey(this.pipeline);
    // What a frame puts out may depend on the room in it: it is applied as a whole beside, which is the truth.
    const whole = fork(base.kernel, this.module);
    let single = base.kernel;
    for await (const walked of walk(chain, { from, ...(after ? { after } : {}) }, to)) {
      if (walked.isVoid || walked.frame.events.length === 0) continue;
      this.#query = (key) => single.query(key);
      const same = yield* this.#frame(walked, keys, single);
      const { different } = replayFrame(whole, this.module, walked);
      if (different !== undefined) {
        this.different = true;
        this.out(`frame ${walked.frame.number}: ${different}`);
      }
      if (!same) single = fork(whole, this.module);
    }
  }

  /** Whether the effects of its events, one by one, are those that the frame records. */
  *#frame(
    { frame, ...rest }: Walked,
    keys: ReturnType<typeof compileKey>,
    kernel: Kernel,
  ): Generator<{ frame: number }, boolean> {
    const shown = decodeEvents(frame, this.pipeline);
    const cursor = new EventCursor(frame.events);
    const effects: Uint8Array[] = [];
    for (const event of shown) {
      cursor.next();
      const found = event.kind === "event" ? keys.extract(cursor.payload) : "no-key";
      const key = typeof found === "string" ? undefined : found;
      const before = key && this.known(key);
      const record = cursor.record.subarray(readVarint(cursor.record, 1).next);
      effects.push(kernel.decide(frame.clock, frame.number, event.event, record).effects.slice());
      const name = key ? new TextDecoder().decode(key) : undefined;
      if (frame.number < this.quietBefore || (this.wanted.key && name !== this.wanted.key)) continue;
      this.#print({ frame, ...rest }, event, name, before, key && this.known(key));
      yield { frame: frame.number };
    }
    return bytesEqual(concat(...effects), frame.effects);
  }

  #print(
    { frame }: Walked,
    event: ShownEvent,
    key: string | undefined,
    before: unknown,
    after: unknown,
  ): void {
    const same = bytesEqual(frame.kernel, this.module.hash);
    if (this.wanted.json) {
      const { number, epoch, clock } = frame;
      const kernel = same ? {} : { recordedKernel: hex(frame.kernel) };
      return this.out(
        JSON.stringify({ frame: number, epoch, clock: iso(clock), ...event, key, before, after, ...kernel }),
      );
    }
    const by = same ? "" : `  recorded by kernel ${hex(frame.kernel).slice(0, 8)}`;
    this.out(`${frame.number}.${event.event}  ${iso(frame.clock)}  ${key ?? "no key"}${by}`);
    if (key !== undefined) this.out(`    before  ${before === null ? "nothing" : JSON.stringify(before)}`);
    for (const line of eventLines(event)) this.out(`  ${line}`);
    if (key !== undefined) this.out(`    after   ${after === null ? "nothing" : JSON.stringify(after)}`);
  }
}

/** Another instance in the same state. */
function fork(kernel: Kernel, module: KernelModule): Kernel {
  const copy = module.instantiate();
  copy.restoreBegin(kernel.memoryBytes);
  kernel.snapshotBegin(true);
  for (let records = kernel.snapshotNext(PAGES); records.length > 0; records = kernel.snapshotNext(PAGES)) {
    copy.restorePages(records);
  }
  copy.restoreEnd();
  return copy;
}

/** How far to go before the next command: so many events, or up to a frame, shown or not. */
type Until = { events: number } | { readonly frame: number; readonly quiet: boolean };

const PROMPT = "[Enter, 5, f, g <frame>, k <key>, ?, q] ";
const HELP = "  Enter      the next event            5          the next five\n" +
  "  f          the next frame            g <frame>  on to this frame, nothing shown before\n" +
  "  k <key>    what is known of a key    q          quit";

/** Commands as they are typed, or as they come: lines that are ahead of their question are kept for it. */
class Commands {
  readonly #lines: ReturnType<typeof createInterface>;
  readonly #iterator: AsyncIterator<string>;

  readonly #terminal = process.stdin.isTTY === true;

  constructor(signal: AbortSignal, private readonly out: (line: string) => void) {
    const terminal = this.#terminal;
    this.#lines = createInterface({
      input: process.stdin,
      ...(terminal ? { output: process.stdout, terminal } : {}),
    });
    this.#lines.setPrompt(PROMPT);
    this.#iterator = this.#lines[Symbol.asyncIterator]();
    signal.addEventListener("abort", () => this.close(), { once: true });
    // A terminal's interrupt comes here, and is the program's.
    this.#lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  }

  async next(frame: number, steps: Steps): Promise<Until | "quit"> {
    while (true) {
      if (this.#terminal) this.#lines.prompt();
      const { done, value } = await this.#iterator.next();
      if (done) return "quit"; // interrupted, or nothing more comes
      const [, word, rest] = /^\s*(\S*)\s*(.*?)\s*$/.exec(value)!;
      if (word === "" || word === "n") return { events: 1 };
      if (/^[1-9]\d{0,8}$/.test(word) && rest === "") return { events: Number(word) };
      if (word === "f") return { frame: frame + 1, quiet: false };
      if (word === "q") return "quit";
      if (word === "k" && rest !== "") {
        const known = steps.known(new TextEncoder().encode(rest));
        this.out(known === null ? `nothing is known of ${rest}` : JSON.stringify(known));
      } else if (word === "g" && Number(rest) > frame) return { frame: Number(rest), quiet: true };
      else if (word === "g") {
        this.out(`This is frame ${frame}: g takes a later one. To go back, begin with --from.`);
      } else if (word === "?" || word === "h") this.out(HELP);
      else this.out(`Cannot do "${value.trim()}": there is no such command.\n${HELP}`);
    }
  }

  close(): void {
    this.#lines.close();
  }
}
