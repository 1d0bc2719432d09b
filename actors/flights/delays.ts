/** Delays by airport and scheduled hour, from flights in the order in which they arrive. */
import { bounded, count, type Duration, max, pipeline, source, sum, tumbling } from "../../runtime/mod.ts";
import { FlightSchema } from "./gen/flight_pb.ts";

export interface Patience {
  /** How far the watermark trails the latest scheduled time: an hour is told once, when it is over. */
  readonly disorder: Duration;
  /** How long after that a flight still corrects its hour. Default: it is late, and left out. */
  readonly lateness?: Duration;
}

/** No flight of the data comes later than this behind one scheduled after it. */
export const ENOUGH: Duration = "27h";

export function delays({ disorder, lateness }: Patience) {
  const hours = pipeline("delays", {
    flights: source(FlightSchema, {
      eventTime: ({ scheduledAt }) => scheduledAt,
      watermark: bounded(disorder),
    }),
  })
    .key(({ origin }) => ({ origin }))
    .window(tumbling("1h"));
  return (lateness === undefined ? hours : hours.late({ allowed: lateness, policy: "retracting" }))
    .aggregate({
      flights: count(),
      delay: sum(({ delay }) => delay),
      worst: max(({ delay }) => delay),
    })
    .to("delays", { corrected: true });
}

export default delays({ disorder: ENOUGH });
