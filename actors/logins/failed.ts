/** Users with more than five failed logins within ten minutes, at each one that makes it so. */
import { bounded, count, distinct, pipeline, sliding, source } from "../../runtime/mod.ts";
import { LoginSchema } from "./gen/login_pb.ts";

export const FAILURES_MAX = 5;

export default pipeline("failed_logins", {
  logins: source(LoginSchema, { eventTime: (e) => e.at, watermark: bounded("10s") }),
})
  .filter((e) => e.ok.not())
  .key((e) => e.user)
  .window(sliding("10m"))
  .aggregate({ failures: count(), addresses: distinct((e) => e.address) })
  .having((w) => w.failures.gt(FAILURES_MAX))
  .to("suspects");
