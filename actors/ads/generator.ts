/** Impressions and clicks, seeded: some clicks come before their impression is heard of, some after the hour. */
import { seeded } from "../random.ts";

export interface Impression {
  readonly impressionId: string;
  readonly campaign: string;
  readonly bid: number;
  readonly at: number;
}

export interface Click {
  readonly impressionId: string;
  readonly user: string;
  readonly at: number;
}

export type AdEvent = { readonly impressions: Impression } | { readonly clicks: Click };

const DISORDER = 50_000_000;

/** `count` impressions over `span` µs from `from` on with their clicks, in the order in which they come. */
export function adEvents(seed: number | string, count: number, from: number, span: number): AdEvent[] {
  const random = seeded(seed);
  const made: { event: AdEvent; comes: number }[] = [];
  for (let i = 0; i < count; i++) {
    const at = from + Math.floor(i * span / count);
    const impressionId = `i${i}`;
    const comes = () => random.int(0, DISORDER);
    const impressions = { impressionId, campaign: `c${random.int(1, 20)}`, bid: random.int(1, 900), at };
    made.push({ event: { impressions }, comes: at + comes() });
    for (let clicks = random.weighted([0.7, 0.25, 0.05]); clicks > 0; clicks--) {
      const clickedAt = at + random.int(0, 4_500_000_000);
      made.push({
        event: { clicks: { impressionId, user: `u${random.int(1, 99)}`, at: clickedAt } },
        comes: clickedAt + comes(),
      });
    }
  }
  return made.sort((a, b) => a.comes - b.comes).map(({ event }) => event);
}
