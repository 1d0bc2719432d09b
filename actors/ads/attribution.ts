/** Clicks with the impressions they were made on, within an hour; and impressions nobody clicked on. */
import { bounded, pipeline, source } from "../../runtime/mod.ts";
import { ClickSchema, ImpressionSchema } from "./gen/ad_pb.ts";

export const HOUR = 3_600_000_000;

export default pipeline("attribution", {
  impressions: source(ImpressionSchema, { eventTime: (i) => i.at, watermark: bounded("1m") }),
  clicks: source(ClickSchema, { eventTime: (c) => c.at, watermark: bounded("1m") }),
}, ({ impressions, clicks }) =>
  impressions.key((i) => i.impressionId)
    .join(clicks.key((c) => c.impressionId), { after: "1h", type: "left" }, (i, c) => ({
      impressionId: i.impressionId,
      campaign: i.campaign,
      bid: i.bid,
      user: c.user,
      clickedAt: c.at,
    }))
    .to("attributed"));
