/**
 * The world as the runtime sees it: everything that is not computation. Production passes adapters on real
 * clocks, disks and sockets (runtime/adapters), the simulator passes simulated ones (tests/simulation).
 */
import type { CheckpointStore } from "./checkpoints.ts";
import type { Clock } from "./clock.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { Network } from "./network.ts";
import type { Presence } from "./presence.ts";
import type { Random } from "./random.ts";

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly checkpoints: CheckpointStore;
  readonly network: Network;
  readonly log: Log;
  /** Who owns the ledger now; absent where no other process can. */
  readonly presence?: Presence;
}

export type { CheckpointStore, Clock, Ledger, Log, Network, Presence, Random };
export * from "./ledger.ts";
