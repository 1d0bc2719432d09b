import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { compile } from "../../runtime/mod.ts";
import { encodeOf, prove } from "../../tests/support/declared.ts";
import { seeded } from "../random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import attribution, { HOUR } from "./attribution.ts";
import { adEvents } from "./generator.ts";

const seed = String(seedOf(process.env, 1));
console.log(`attribution: MILLRACE_SEED=${seed}`);

describe("attribution", () => {
  it("gives each click within the hour its impression, and tells once of impressions without one", async () => {
    const events = adEvents(seed, 3_000, 1_767_225_600_000_000, 6 * HOUR);
    const impressions = events.flatMap((event) => "impressions" in event ? [event.impressions] : []);
    const clicks = events.flatMap((event) => "clicks" in event ? [event.clicks] : []);
    const expected = impressions.flatMap(({ impressionId, campaign, bid, at }) => {
      const own = clicks.filter((click) =>
        click.impressionId === impressionId && click.at >= at && click.at <= at + HOUR
      );
      const row = { impressionId, campaign, bid: BigInt(bid) };
      if (own.length === 0) return [{ ...row, user: "", clickedAt: 0n }];
      return own.map((click) => ({ ...row, user: click.user, clickedAt: BigInt(click.at) }));
    });
    const { input } = compile(attribution).pipeline;
    const encoded = events.map((event) =>
      encodeOf(input, ...Object.entries(event)[0] as [string, Record<string, unknown>])
    );
    const dice = seeded(seed), random = () => dice.next();
    await prove({ declaration: attribution, events: encoded, output: "attributed", expected, random });
  });
});
