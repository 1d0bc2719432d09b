/** JetStream as the world's ledger, checkpoint store and network, over one connection. */
import type { CheckpointStore } from "../../world/checkpoints.ts";
import type { Clock } from "../../world/clock.ts";
import type { Durability, Ledger } from "../../world/ledger.ts";
import { connectNats } from "./connection.ts";
import { jetStreamCheckpoints } from "./checkpoints.ts";
import { jetStreamLedger } from "./ledger.ts";
import { type JetStreamNetwork, natsNetwork } from "./network.ts";

export interface JetStreamOptions {
  /** "nats://host:4222", or several separated by commas. */
  readonly natsUrl: string;
  /** Path of a .creds file; empty = none. */
  readonly natsCredentials?: string;
  /** Prefix of streams, subjects and buckets: several Millraces may share a server. */
  readonly prefix: string;
  readonly durability: Durability;
  /**
   * The server's own `sync_interval`, as its operator declares it: clients cannot read it. `default` is
   * NATS's two minutes, `bounded` 20 ms or less, `always` every message.
   */
  readonly natsSync?: "default" | "bounded" | "always";
}

export interface OpenedJetStream {
  readonly ledger: Ledger;
  readonly checkpoints: CheckpointStore;
  readonly network: JetStreamNetwork;
  close(): Promise<void>;
}

export async function openJetStream(options: JetStreamOptions, clock: Clock): Promise<OpenedJetStream> {
  const connection = await connectNats(options);
  try {
    const ledger = await jetStreamLedger({ ...options, connection, clock });
    return {
      ledger,
      checkpoints: await jetStreamCheckpoints(connection, options),
      network: natsNetwork(connection),
      async close() {
        await ledger.close();
        await connection.close();
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
