/** The leaders of each region and hour: the ten players with the most points, told once the hour is over. */
import { bounded, count, descending, pipeline, source, sum, tumbling } from "../../runtime/mod.ts";
import { ScoreSchema } from "./gen/score_pb.ts";

export const LEADERS = 10;

export default pipeline("leaderboard", {
  scores: source(ScoreSchema, { eventTime: (e) => e.at, watermark: bounded("20s") }),
})
  .key((e) => ({ region: e.region, player: e.player }))
  .window(tumbling("1h"))
  .aggregate({ points: sum((e) => e.points), games: count() })
  .key((w) => ({ region: w.region, hour: w.windowStart }))
  .top(LEADERS, (w) => [descending(w.points), w.player], { rank: "rank", ttl: "1m" })
  .map((w) => ({
    region: w.region,
    hour: w.windowStart,
    rank: w.rank,
    player: w.player,
    points: w.points,
    games: w.games,
  }))
  .to("leaders");
