/** What users did, with the profile they had when they did it. */
import { bounded, pipeline, source } from "../../runtime/mod.ts";
import { ActivitySchema, ProfileSchema } from "./gen/profile_pb.ts";

export default pipeline("enriched", {
  activity: source(ActivitySchema, { eventTime: (a) => a.at, watermark: bounded("10s") }),
  profiles: source(ProfileSchema, { eventTime: (p) => p.at, watermark: bounded("10s") }),
}, ({ activity, profiles }) =>
  activity.key((a) => a.user)
    .enrich(profiles.key((p) => p.user), { asOf: "eventTime", history: "1h", type: "left" }, (a, p) => ({
      user: a.user,
      action: a.action,
      at: a.at,
      city: p.city,
      level: p.level,
    }))
    .to("enriched"), { unbounded: true });
