/** How each sink of the contract is opened, from plain data: in this process or in another one. */
import { systemClock } from "../../runtime/adapters/clock.ts";
import { fileCheckpoints } from "../../runtime/adapters/files/checkpoints.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { fileSink } from "../../runtime/adapters/sinks/files.ts";
import { postgresSink, type PostgresSinkOptions } from "../../runtime/adapters/sinks/postgres.ts";
import { sqliteSink, type SqliteSinkOptions } from "../../runtime/adapters/sinks/sqlite.ts";
import { streamSink } from "../../runtime/adapters/sinks/stream.ts";
import { webhookSink, type WebhookSinkOptions } from "../../runtime/adapters/sinks/webhook.ts";
import type { Sink, Step } from "../../runtime/mod.ts";
import { payloadText } from "./sinks.ts";

export type PlaceConfig =
  | { readonly kind: "sqlite"; readonly options: SqliteSinkOptions }
  | { readonly kind: "files"; readonly folder: string; readonly format: "ndjson" | "protobuf" }
  | { readonly kind: "postgres"; readonly options: PostgresSinkOptions }
  | { readonly kind: "webhook"; readonly url: string; readonly folder: string; readonly secret: string }
  | { readonly kind: "stream"; readonly url: string; readonly pipeline: string; readonly stream: string };

export function openSink(config: PlaceConfig, step?: Step): Promise<Sink> {
  switch (config.kind) {
    case "sqlite":
      return sqliteSink({ ...config.options, step });
    case "files":
      return fileSink({ ...config, segmentMs: 1, json: ({ payload }) => `"${payloadText(payload)}"`, step });
    case "postgres":
      return postgresSink({ ...config.options, step });
    case "webhook":
      return openWebhook(config, {}, step);
    case "stream":
      return openStream(config, step);
  }
}

export function openWebhook(
  { url, folder, secret }: PlaceConfig & { kind: "webhook" },
  more: Partial<WebhookSinkOptions>,
  step?: Step,
): Promise<Sink> {
  return webhookSink({
    name: "hook",
    pipeline: "tally",
    url,
    secret,
    store: fileCheckpoints({ folder, random: systemRandom() }),
    json: ({ payload }) => `"${payloadText(payload)}"`,
    clock: systemClock(),
    random: systemRandom(),
    backoff: { firstMs: 1, lastMs: 5 },
    step,
    ...more,
  });
}

/** With a connection of its own, as another process has. */
async function openStream(
  { url, pipeline, stream }: PlaceConfig & { kind: "stream" },
  step?: Step,
): Promise<Sink> {
  const link = await natsLink({ servers: url });
  try {
    const sink = await streamSink({ link, pipeline, stream, step });
    return {
      name: sink.name,
      bounds: sink.bounds,
      keepsEmpty: sink.keepsEmpty,
      position: (partition) => sink.position(partition),
      commit: (batch) => sink.commit(batch),
      close: async () => {
        await sink.close();
        await link.close();
      },
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
