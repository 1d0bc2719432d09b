import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { prove } from "../../tests/support/declared.ts";
import { seeded } from "../random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import { encodeScore } from "./gen/score_wire.ts";
import { type Score, scores } from "./generator.ts";
import leaderboard, { LEADERS } from "./leaderboard.ts";

const HOUR = 3_600_000_000;
const seed = String(seedOf(process.env, 1));
console.log(`leaderboard: MILLRACE_SEED=${seed}`);

function leaders(events: readonly Score[]) {
  const totals = new Map<
    string,
    { region: string; hour: number; player: string; points: number; games: number }
  >();
  for (const { region, player, points, at } of events) {
    const hour = Math.floor(at / HOUR) * HOUR, name = `${region} ${hour} ${player}`;
    const total = totals.get(name) ?? { region, hour, player, points: 0, games: 0 };
    totals.set(name, { ...total, points: total.points + points, games: total.games + 1 });
  }
  const boards = Map.groupBy(totals.values(), ({ region, hour }) => `${region} ${hour}`);
  return [...boards.values()].flatMap((board) =>
    board
      .sort((a, b) => b.points - a.points || (a.player < b.player ? -1 : 1))
      .slice(0, LEADERS)
      .map(({ region, hour, player, points, games }, i) => ({
        region,
        hour: BigInt(hour),
        rank: BigInt(i + 1),
        player,
        points: BigInt(points),
        games: BigInt(games),
      }))
  );
}

describe("the leaderboard", () => {
  it("names the ten best of each region and hour, in order, and forgets the hour", async () => {
    const events = scores(seed, 5_000, 1_767_225_600_000_000, 3 * HOUR);
    const out = new Uint8Array(256);
    const encoded = events.map((event) => out.slice(0, encodeScore(event, out, 0)));
    const dice = seeded(seed), random = () => dice.next();
    await prove({
      declaration: leaderboard,
      events: encoded,
      output: "leaders",
      expected: leaders(events),
      random,
    });
  });
});
