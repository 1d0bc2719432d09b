import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { fromBinary } from "@bufbuild/protobuf";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { compile, type Pipeline } from "../../runtime/mod.ts";
import { type LookupGate, openLookups } from "../../runtime/ingress/lookup_gate.ts";
import type { Done, EventFields } from "../../runtime/partition/mailbox.ts";
import { EVENT_KIND } from "../../runtime/partition/records.ts";
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import type { Clock, World } from "../../runtime/world/mod.ts";
import { allowedAnswers, type GivenAnswer } from "../models/lookup.ts";
import { Scheduler } from "../simulation/scheduler.ts";
import { cities, Outside, type Profile, tally } from "../support/lookups.ts";
import { memoryWorld } from "../support/world.ts";

const seed = seedOf(process.env, 20261127);
const ROUNDS = 40, EVENTS = 400;
const SECOND_MICROS = 1_000_000;

/** One event on its way: when it came, and as what it went on. */
interface Sent {
  readonly number: number;
  readonly key: string;
  readonly at: number;
  /** Rises with all that happens. */
  readonly order: number;
  readonly isMark: boolean;
}

interface Went extends Sent {
  readonly until: number;
  readonly reason?: number;
  readonly found: boolean;
  readonly timedOut: boolean;
  readonly version: number;
}

/** A version of a row, or that there is none. */
type Version = number | "absent";

describe(`lookups of a source that is slow, fails, hangs and changes its mind (MILLRACE_SEED=${seed})`, () => {
  for (const fallback of ["retry", "null", "dead-letter"] as const) {
    it(`with ${fallback}: each event goes on once, in order, with an answer that was true for it`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await oneRound(seeded(`${seed} ${fallback} ${round}`), fallback);
      }
    });
  }
});

async function oneRound(random: Seeded, fallback: "retry" | "null" | "dead-letter") {
  const scheduler = new Scheduler();
  const world = virtual(scheduler, random);
  const options = {
    fallback,
    ttl: random.int(0, 3) * SECOND_MICROS,
    absentTtl: random.int(0, 1) * SECOND_MICROS,
    cache: random.int(0, 1) ? random.int(1, 12) : 1000,
    cacheBytes: random.int(0, 3) ? 1 << 20 : 900,
    batch: random.int(1, 6),
    wait: random.int(0, 5) * 1000,
    timeout: random.int(50, 300) * 1000,
    waiting: random.int(5, 100),
  };
  const roomy = options.cache === 1000 && options.cacheBytes > 900;
  const given: GivenAnswer<Version>[] = [];
  let version = 0, callsNow = 0, mostCalls = 0, outage = false, order = 0;
  const outside = new Outside(async (keys, signal) => {
    mostCalls = Math.max(mostCalls, ++callsNow);
    let isOver = false;
    const over = () => {
      if (!isOver) callsNow--;
      isOver = true;
    };
    const left = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => {
        over();
        resolve();
      })
    );
    const what = outage ? random.int(0, 2) : random.int(0, 12);
    try {
      if (what === 0) await Promise.race([left, new Promise(() => {})]);
      await Promise.race([left, scheduler.delay(random.int(0, 150_000))]);
      if (what <= 1 || signal.aborted) throw new Error("outage");
      version++;
      const rows = keys.filter((key) => !key.endsWith("3") || random.int(0, 1));
      const has = new Set(rows);
      for (const key of keys) {
        given.push({ key, answer: has.has(key) ? version : "absent", at: scheduler.now, order: ++order });
      }
      return rows.map((user): Profile => ({ user, city: "c", level: version }));
    } finally {
      over();
    }
  });
  const { pipeline } = compile(cities(outside, options));
  const lookups = await openLookups(pipeline, pipeline.lookups!, world, undefined);
  const went: Went[] = [], waiting: Sent[] = [];
  const fills = random.int(0, 1) === 1;
  let full = false, sent = 0, refused = 0;
  const gate: LookupGate = lookups.gate({
    mailbox: {
      get full() {
        return full;
      },
    },
    payloadBytesMax: 10_000,
    take: (payload: Uint8Array, fields: EventFields | undefined, done: Done) => {
      assert.ok(!full);
      went.push(arrived(pipeline, payload, fields, waiting[went.length], scheduler.now));
      done({ kind: "applied", position: { partition: 0, frame: 1, event: 0 }, duplicate: false });
      return true;
    },
  });

  const check = () => {
    const { cached, cachedBytes } = lookups.status()[0];
    assert.ok(cached <= options.cache && cachedBytes <= options.cacheBytes, `${cached} ${cachedBytes}`);
    assert.ok(gate.waiting <= options.waiting);
  };
  const offer = (): void => {
    if (random.int(0, 40) === 0) outage = !outage;
    if (fills && random.int(0, 30) === 0) full = !full;
    const isMark = random.int(0, 20) === 0;
    const key = `k${random.int(0, 15)}`;
    const event = { number: sent, key, at: scheduler.now, order: ++order, isMark };
    waiting.push(event);
    const fields = isMark ? { kind: EVENT_KIND.WATERMARK } : undefined;
    if (gate.offer(tally(event.key, event.number), fields, () => {})) sent++;
    else {
      waiting.pop();
      refused++;
    }
    check();
    if (sent < EVENTS) {
      scheduler.after(random.int(0, 3) ? random.int(0, 2_000) : random.int(0, 200_000), offer);
    } else [outage, full] = [false, false];
  };
  scheduler.after(0, offer);
  const isOver = await scheduler.run(() => sent >= EVENTS && went.length >= EVENTS, 3_600_000);
  assert.ok(isOver, `${went.length} of ${sent} went on`);

  assert.deepEqual(went.map(({ number }) => number), Array.from({ length: EVENTS }, (_, i) => i));
  assert.equal(gate.waiting, 0);
  assert.equal(outside.mostForOneKey, 1);
  assert.ok(
    mostCalls <= 4 && outside.calls.every((keys) => keys.length <= options.batch),
    `${mostCalls} calls`,
  );
  const ttlOf = (answer: Version) => answer === "absent" ? options.absentTtl : options.ttl;
  for (const event of went) {
    if (event.isMark) continue;
    if (event.reason !== undefined) {
      assert.deepEqual([fallback, event.reason], ["dead-letter", RejectReason.LOOKUP_FAILED]);
      continue;
    }
    if (event.timedOut) {
      assert.deepEqual([fallback, event.found], ["null", false]);
      continue;
    }
    const { fresh, next } = allowedAnswers(given, event, ttlOf);
    const got: Version = event.found ? event.version : "absent";
    if (fresh !== undefined && roomy) assert.equal(got, fresh, `event ${event.number}`);
    else assert.ok(got === fresh || got === next, `event ${event.number}: ${got}, not ${fresh} or ${next}`);
  }
  if (fallback !== "retry" && !fills) {
    const longest = Math.max(...went.map(({ at, until }) => until - at));
    assert.ok(longest <= options.timeout, `${longest} of ${options.timeout}`);
  }
  const [status] = lookups.status();
  await lookups.close();
  return { ...status, refused };
}

/** An event as it reached the partition: the next one in line. */
function arrived(
  { input }: Pick<Pipeline, "input">,
  payload: Uint8Array,
  fields: EventFields | undefined,
  sent: Sent,
  now: number,
): Went {
  const event = fromBinary(input, payload) as unknown as {
    key: string;
    amount: bigint;
    profile?: { user: string; level: number };
    profileFound: boolean;
    profileTimedOut: boolean;
  };
  assert.deepEqual([event.key, Number(event.amount)], [sent.key, sent.number]);
  assert.equal(fields?.kind === EVENT_KIND.WATERMARK, sent.isMark);
  assert.equal(event.profile !== undefined, event.profileFound);
  if (event.profile) assert.equal(event.profile.user, sent.key);
  return {
    ...sent,
    until: now,
    reason: fields?.kind === EVENT_KIND.UNFIT ? fields.reason : undefined,
    found: event.profileFound,
    timedOut: event.profileTimedOut,
    version: event.profile?.level ?? 0,
  };
}

function virtual(scheduler: Scheduler, random: Seeded): World {
  const clock: Clock = {
    now: () => scheduler.now,
    monotonic: () => scheduler.now,
    after: (ms, run) => scheduler.after(ms * 1000, run),
    soon: (run) => void scheduler.after(0, run),
    sleep: (ms) => scheduler.delay(ms * 1000),
  };
  return { ...memoryWorld(), clock, random: { next: () => random.next(), id: () => "id" } };
}
