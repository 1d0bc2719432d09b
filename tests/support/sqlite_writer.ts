/**
 * A process that appends to a chain and prints each acknowledged sequence, to be killed by tests:
 * `sqlite_writer.ts <folder> <chain> <durability> <count>`.
 */
import process from "node:process";
import { writeSync } from "node:fs";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { sqliteLedger } from "../../runtime/adapters/sqlite/ledger.ts";
import type { Appended, Durability } from "../../runtime/world/ledger.ts";

const [folder, name, durability, count] = process.argv.slice(2);
const ledger = await sqliteLedger({ folder, durability: durability as Durability, clock: systemClock() });
const chain = await ledger.open(name);
const { last } = await chain.extent();
const window: Promise<Appended>[] = [];
for (let i = last + 1; i <= last + Number(count); i++) {
  window.push(chain.append(i - 1, new TextEncoder().encode(`message ${i}`)));
  if (window.length >= 8) await acknowledge();
}
while (window.length > 0) await acknowledge();
await ledger.close();

async function acknowledge(): Promise<void> {
  const outcome = (await window.shift())!;
  if (outcome.kind !== "stored") throw new Error(JSON.stringify(outcome));
  writeSync(1, `${outcome.sequence}\n`);
}
