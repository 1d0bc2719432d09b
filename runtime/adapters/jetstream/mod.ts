/** JetStream as the world's ledger, checkpoint store and network, over one connection. */
import { readFile } from "node:fs/promises";
import { credsAuthenticator } from "@nats-io/nats-core";
import type { CheckpointStore } from "../../world/checkpoints.ts";
import type { Clock } from "../../world/clock.ts";
import type { Durability, Ledger } from "../../world/ledger.ts";
import type { Network } from "../../world/network.ts";
import type { Presence } from "../../world/presence.ts";
import type { Sink } from "../../world/sink.ts";
import { streamSink } from "../sinks/stream.ts";
import { natsLink } from "./connection.ts";
import { jetstreamCheckpoints } from "./checkpoints.ts";
import type { ServerSync } from "./durability.ts";
import { jetstreamLedger } from "./ledger.ts";
import { jetstreamNetwork } from "./network.ts";
import { jetstreamPresence } from "./presence.ts";

export interface JetStreamOptions {
  /** "nats://host:4222", or several separated by commas. */
  readonly natsUrl: string;
  /** Path of a .creds file; empty = none. */
  readonly natsCredentials?: string;
  /** Prefix of streams, subjects and buckets: several Millraces may share a server. */
  readonly prefix: string;
  readonly durability: Durability;
  /** The server's own `sync_interval`, as its operator declares it: clients cannot read it. */
  readonly natsSync?: ServerSync;
}

export interface OpenedJetStream {
  readonly ledger: Ledger;
  readonly checkpoints: CheckpointStore;
  readonly network: Network;
  readonly presence: Presence;
  /** A stream as a sink of a pipeline's outputs; made when it does not exist. */
  sink(pipeline: string, stream: string): Promise<Sink>;
  close(): Promise<void>;
}

export async function openJetStream(options: JetStreamOptions, clock: Clock): Promise<OpenedJetStream> {
  const { natsUrl, natsCredentials, prefix, durability, natsSync } = options;
  const authenticator = natsCredentials ? credsAuthenticator(await readFile(natsCredentials)) : undefined;
  const link = await natsLink({
    servers: natsUrl.split(",").map((url) => url.trim()),
    client: authenticator ? { authenticator } : {},
  });
  try {
    const replicas = durability === "quorum-fsync" ? 3 : 1;
    const ledger = await jetstreamLedger({ link, clock, prefix, durability, replicas, serverSync: natsSync });
    return {
      ledger,
      checkpoints: await jetstreamCheckpoints({ link, prefix, replicas }),
      network: jetstreamNetwork(link),
      presence: jetstreamPresence(link, prefix),
      sink: (pipeline, stream) => streamSink({ link, pipeline, stream, replicas }),
      async close() {
        await ledger.close();
        await link.close();
      },
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
