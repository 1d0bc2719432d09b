/** What the killed process and its judge agree on: the topology, the events, how the process is told. */
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import { tally } from "../../actors/tally/tally.ts";
import type { StartConfig } from "../../deploy/config.ts";
import type { Topology } from "../../runtime/mod.ts";
import { second } from "../support/tally.ts";

export interface Load {
  readonly config: Pick<
    StartConfig,
    "data" | "ledger" | "natsUrl" | "natsCredentials" | "prefix" | "durability" | "natsSync"
  >;
  readonly from: number;
  readonly to: number;
}

export const KILLED: Topology = {
  pipelines: [{ ...tally, partitions: 2 }, second],
  feeds: [{ from: "tally", to: "second" }],
};

export const KEYS = Array.from({ length: 97 }, (_, index) => `key-${index}`);

export function keyOf(number: number): string {
  return KEYS[number % KEYS.length];
}

export function idOf(number: number): string {
  return `event-${number}`;
}

export function eventOf(number: number): Uint8Array {
  const bytes = new Uint8Array(64);
  return bytes.subarray(0, encodeTally({ key: keyOf(number), amount: number }, bytes, 0));
}
