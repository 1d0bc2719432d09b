/**
 * Which durability a JetStream set-up can give. Replicas can be read from the stream. How often a server syncs
 * its files cannot be read by an ordinary account, so the operator must declare it:
 *
 * | profile      | replicas | `jetstream { sync_interval }`, declared as |
 * | process      | any      | anything (the server's default is 2 minutes) |
 * | bounded      | any      | "20ms" or "always" |
 * | fsync        | any      | "always" |
 * | quorum-fsync | 3        | "always", on servers with separate power and disks |
 */
import type { Durability } from "../../world/ledger.ts";

export type ServerSync = "default" | "20ms" | "always";

export function checkDurability(durability: Durability, replicas: number, serverSync: ServerSync): void {
  const refuse = (lack: string, fix: string) => {
    throw new Error(`Cannot give durability ${durability} with this JetStream: ${lack}. ${fix}`);
  };
  const declare = (value: string) =>
    `Set jetstream { sync_interval: ${value} } on every server and declare it with serverSync: "${value}", or ` +
    `choose a weaker profile; a client cannot read the setting.`;
  if (durability === "quorum-fsync" && replicas < 3) {
    refuse(
      `the ledger has ${replicas} replica${replicas === 1 ? "" : "s"}`,
      "Set replicas to 3 on a cluster of three.",
    );
  }
  if ((durability === "fsync" || durability === "quorum-fsync") && serverSync !== "always") {
    refuse(`the servers are declared to sync "${serverSync}"`, declare("always"));
  }
  if (durability === "bounded" && serverSync === "default") {
    refuse(`the servers are declared to sync "${serverSync}"`, declare("20ms"));
  }
}
