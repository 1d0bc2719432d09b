/** Events that are looked up, and something outside that answers as a test says. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ProfileSchema } from "../../actors/profiles/gen/profile_pb.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import type { Declared } from "../../deploy/declared.ts";
import {
  bounded,
  type Declaration,
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
  type LookupSource,
  lookupSource,
  pipeline,
  type Runtime,
  source,
  start,
  type StartOptions,
  type World,
} from "../../runtime/mod.ts";
import { walk } from "../../runtime/partition/walk.ts";
import type { LookupOptions } from "../../runtime/stream/lookup.ts";
import { plain } from "./declared.ts";
import { type Kept, memoryWorld } from "./world.ts";

export type Profile = MessageInitShape<typeof ProfileSchema>;

/** Answers a call, later or never, or fails it. */
export type Answer = (keys: readonly string[], signal: AbortSignal) => Promise<readonly Profile[]>;

/** A source of profiles that notes what it is asked. */
export class Outside {
  readonly calls: (readonly string[])[] = [];
  /** Keys in calls that have not ended, and the most calls for one key at once. */
  readonly underWay = new Map<string, number>();
  mostForOneKey = 0;
  answer: Answer;
  readonly source: LookupSource<typeof ProfileSchema, string>;

  constructor(answer: Answer = (keys) => Promise.resolve(keys.map((user) => profileOf(user)))) {
    this.answer = answer;
    this.source = lookupSource(ProfileSchema, {
      name: "profiles",
      key: (row) => row.user,
      load: (keys, signal) => this.#load(keys, signal),
    });
  }

  get asked(): string[] {
    return this.calls.flat();
  }

  async #load(keys: readonly string[], signal: AbortSignal): Promise<readonly Profile[]> {
    this.calls.push(keys);
    for (const key of keys) {
      const now = (this.underWay.get(key) ?? 0) + 1;
      this.underWay.set(key, now);
      this.mostForOneKey = Math.max(this.mostForOneKey, now);
    }
    // Who is told to stop stops.
    const stopped = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true })
    );
    try {
      return await Promise.race([this.answer(keys, signal), stopped]);
    } finally {
      for (const key of keys) this.underWay.set(key, this.underWay.get(key)! - 1);
    }
  }
}

export function profileOf(user: string, city = `city of ${user}`, level = user.length): Profile {
  return { user, city, level };
}

/** Events with the city of their key, as they come. */
export function cities(
  outside: Pick<Outside, "source">,
  options: Omit<LookupOptions<never, string>, "key"> = {},
): Declaration {
  return pipeline("cities", {
    events: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") }),
  })
    .lookup("profile", outside.source, { ...options, key: (e) => e.key })
    .map((e) => ({
      key: e.key,
      amount: e.amount,
      city: e.profile.city,
      found: e.profileFound,
      timedOut: e.profileTimedOut,
    }))
    .to("rows");
}

export function tally(key: string, amount: number): Uint8Array {
  return toBinary(TallySchema, create(TallySchema, { key, amount: BigInt(amount), at: 1_000_000n }));
}

export async function begin(
  built: Declared,
  memory: Kept,
  world: World = memoryWorld(memory),
  options: Partial<StartOptions> = {},
): Promise<Runtime> {
  const runtime = await start({ pipelines: [built.pipeline] }, world, new AbortController().signal, {
    kernels: () => Promise.resolve(built.wasm),
    ...options,
  });
  await runtime.ready;
  return runtime;
}

/** The rows that the frames of a ledger hold, in order, as `key amount city found timedOut`. */
export async function recordedRows({ pipeline }: Declared, memory: Kept): Promise<string[]> {
  const rows: string[] = [];
  await frames(memory, `${pipeline.name}-0`, ({ effects }) => {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
      rows.push(Object.values(plain(pipeline.outputs![cursor.channel].message, cursor.payload)).join(" "));
    }
  });
  return rows;
}

/** The events of a ledger, as they are recorded. */
export async function recordedEvents(
  { pipeline }: Declared,
  memory: Kept,
): Promise<{ kind: number; payload: Uint8Array; id: string }[]> {
  const events: { kind: number; payload: Uint8Array; id: string }[] = [];
  await frames(memory, `${pipeline.name}-0`, (frame) => {
    const cursor = new EventCursor(frame.events);
    while (cursor.next()) {
      const { kind, payload, id } = cursor;
      if (kind === EVENT_KIND.EVENT || kind === EVENT_KIND.UNFIT) {
        events.push({ kind, payload: payload.slice(), id: new TextDecoder().decode(id) });
      }
    }
  });
  return events;
}

async function frames(memory: Kept, name: string, take: (frame: Frame) => void): Promise<void> {
  const chain = await memoryWorld(memory).ledger.open(name);
  for await (const { frame, isVoid } of walk(chain, { from: 1 }, (await chain.extent()).last)) {
    if (!isVoid) take(frame);
  }
}
