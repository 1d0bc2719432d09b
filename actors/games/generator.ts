/** Points of players, seeded: few play much, and events come up to 15 s out of order. */
import { seeded, zipf } from "../random.ts";
import type { ScoreFields } from "./gen/score_wire.ts";

export interface Score extends ScoreFields {
  readonly player: string;
  readonly region: string;
  readonly points: number;
  readonly at: number;
}

const PLAYERS = 500;
const REGIONS = ["eu", "us", "apac"];
const DISORDER = 15_000_000;

/** `count` scores over `span` µs from `from` on, in the order in which they come. */
export function scores(seed: number | string, count: number, from: number, span: number): Score[] {
  const random = seeded(seed), player = zipf(PLAYERS, 1.05);
  const made = Array.from({ length: count }, (_, i) => {
    const at = from + Math.floor(i * span / count), who = player(random);
    const score: Score = {
      player: `player-${who}`,
      region: REGIONS[who % REGIONS.length],
      points: 10 * random.int(1, 50),
      at,
    };
    return { score, comes: at + random.int(0, DISORDER) };
  });
  return made.sort((a, b) => a.comes - b.comes).map(({ score }) => score);
}
