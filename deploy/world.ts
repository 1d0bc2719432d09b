/** The production World of a configuration: real clocks, disks and sockets, and how to close them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../runtime/adapters/clock.ts";
import { stderrLog } from "../runtime/adapters/log.ts";
import { systemRandom } from "../runtime/adapters/random.ts";
import type { Ledger, Sink, World } from "../runtime/mod.ts";
import { Problem } from "./command.ts";
import type { LedgerConfig } from "./config.ts";

export interface OpenedWorld extends World {
  /** Where outputs may be streams: on a NATS server. */
  readonly outputs?: OutputStreams;
  /** Closes what was opened; the runtime in it must have stopped. */
  close(): Promise<void>;
}

export interface OutputStreams {
  /** A stream as a sink of a pipeline's outputs; made when it does not exist. */
  sink(pipeline: string, stream: string): Promise<Sink>;
}

export async function openWorld(config: LedgerConfig): Promise<OpenedWorld> {
  const base = { clock: systemClock(), random: systemRandom(), log: stderrLog({ level: config.logLevel }) };
  switch (config.ledger) {
    case "sqlite": {
      const [{ sqliteLedger }, { sqlitePresence }, { fileCheckpoints }, { noNetwork }] = await Promise.all([
        import("../runtime/adapters/sqlite/ledger.ts"),
        import("../runtime/adapters/sqlite/presence.ts"),
        import("../runtime/adapters/files/checkpoints.ts"),
        import("../runtime/adapters/memory/network.ts"),
      ]);
      const ledger = await sqliteLedger({
        folder: config.data,
        clock: base.clock,
        durability: config.durability,
      });
      return {
        ...base,
        ledger,
        checkpoints: await fileCheckpoints({ folder: join(config.data, "checkpoints"), random: base.random }),
        network: noNetwork(),
        presence: sqlitePresence({ folder: config.data, clock: base.clock }),
        close: () => ledger.close(),
      };
    }
    case "jetstream": {
      const { openJetStream } = await import("../runtime/adapters/jetstream/mod.ts");
      const opened = await openJetStream(config, base.clock);
      return { ...base, ...opened, outputs: opened };
    }
    case "memory": {
      const [{ memoryLedger }, { memoryCheckpoints }, { noNetwork }] = await Promise.all([
        import("../runtime/adapters/memory/ledger.ts"),
        import("../runtime/adapters/memory/checkpoints.ts"),
        import("../runtime/adapters/memory/network.ts"),
      ]);
      const ledger = memoryLedger({ clock: base.clock });
      const checkpoints = memoryCheckpoints({ clock: base.clock });
      return { ...base, ledger, checkpoints, network: noNetwork(), close: () => ledger.close() };
    }
  }
}

/** The world of a ledger that exists, for commands that read it. */
export async function openExisting(config: LedgerConfig): Promise<OpenedWorld> {
  if (config.ledger === "sqlite" && !existsSync(join(config.data, "ledger.db"))) {
    throw new Problem(
      `Cannot read the ledger in ${config.data}: there is none. Name its folder with --data.`,
    );
  }
  return await openWorld({ ...config, logLevel: config.logLevel === "silent" ? "silent" : "warn" });
}

/** The ledger alone. Closing it closes everything that was opened. */
export async function openLedger(config: LedgerConfig): Promise<Ledger> {
  const world = await openExisting({ ...config, logLevel: "silent" });
  const { ledger } = world;
  return {
    name: ledger.name,
    durability: ledger.durability,
    open: (name, first) => ledger.open(name, first),
    chains: () => ledger.chains(),
    close: () => world.close(),
  };
}
