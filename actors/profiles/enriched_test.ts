import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { compile } from "../../runtime/mod.ts";
import { encodeOf, prove } from "../../tests/support/declared.ts";
import { seeded } from "../random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import enriched from "./enriched.ts";
import { profileEvents } from "./generator.ts";

const seed = String(seedOf(process.env, 1));
console.log(`enriched: MILLRACE_SEED=${seed}`);

describe("activity with profiles", () => {
  it("has the profile that held when it happened, whichever of the two came first", async () => {
    const events = profileEvents(seed, 4_000, 1_767_225_600_000_000, 1_800_000_000);
    const profiles = events.flatMap((event) => "profiles" in event ? [event.profiles] : [])
      .sort((a, b) => a.at - b.at);
    const expected = events.flatMap((event) => {
      if (!("activity" in event)) return [];
      const { user, action, at } = event.activity;
      const held = profiles.findLast((profile) => profile.user === user && profile.at <= at);
      return [{ user, action, at: BigInt(at), city: held?.city ?? "", level: BigInt(held?.level ?? 0) }];
    });
    const { input } = compile(enriched).pipeline;
    const encoded = events.map((event) =>
      encodeOf(input, ...Object.entries(event)[0] as [string, Record<string, unknown>])
    );
    const users = new Set(profiles.map(({ user }) => user)).size;
    const dice = seeded(seed), random = () => dice.next();
    await prove({
      declaration: enriched,
      events: encoded,
      output: "enriched",
      expected,
      random,
      keysLeft: users,
    });
  });
});
