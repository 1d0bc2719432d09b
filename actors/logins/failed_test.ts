import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { prove } from "../../tests/support/declared.ts";
import { seeded } from "../random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import failed, { FAILURES_MAX } from "./failed.ts";
import { encodeLogin } from "./gen/login_wire.ts";
import { logins } from "./generator.ts";

const WINDOW = 600_000_000;
const seed = String(seedOf(process.env, 1));
console.log(`failed logins: MILLRACE_SEED=${seed}`);

describe("failed logins", () => {
  it("names a user at each failure that makes more than five within ten minutes, exactly", async () => {
    const events = logins(seed, 5_000, 1_767_225_600_000_000, 3_600_000_000);
    const failures = events.filter(({ ok }) => !ok);
    const expected = failures.flatMap(({ user, at }) => {
      const near = failures.filter((other) =>
        other.user === user && other.at >= at - WINDOW && other.at <= at
      );
      if (near.length <= FAILURES_MAX) return [];
      return [{
        user,
        windowStart: BigInt(at - WINDOW),
        windowEnd: BigInt(at + 1),
        failures: BigInt(near.length),
        addresses: BigInt(new Set(near.map(({ address }) => address)).size),
      }];
    });
    const out = new Uint8Array(256);
    const encoded = events.map((event) => out.slice(0, encodeLogin(event, out, 0)));
    const dice = seeded(seed), random = () => dice.next();
    await prove({ declaration: failed, events: encoded, output: "suspects", expected, random });
  });
});
