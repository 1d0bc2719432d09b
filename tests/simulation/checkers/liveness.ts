/** Liveness, in a phase of its own: once faults have stopped, everything is answered and every partition owned. */
import type { Client } from "../clients.ts";
import type { Processes } from "../processes.ts";

/** All clients have their answers. */
export function allAnswered(clients: readonly Client[]): boolean {
  return clients.every((client) => client.done);
}

/** One process serves every partition. */
export function allOwned({ all, starting }: Processes): boolean {
  if (all.length !== 1 || starting > 0) return false;
  const { state, partitions } = all[0].runtime.status();
  return state === "serving" && partitions.every((partition) => partition.state === "serving");
}

/** Whatever a process admitted it has answered, unless it died. */
export function checkAnswered({ all }: Processes, violations: string[]): void {
  for (const { index, admitted, answered } of all) {
    if (admitted !== answered) {
      violations.push(`liveness: process ${index} admitted ${admitted} offers and answered ${answered}`);
    }
  }
}

/** What is left, in words. */
export function whatIsLeft(clients: readonly Client[], processes: Processes): string {
  const left = clients.filter((client) => !client.gone)
    .flatMap((client) => client.events.filter((event) => !event.answeredAt));
  const states = processes.all.flatMap(({ runtime, index }) =>
    runtime.status().partitions.map(({ pipeline, partition, state, lastError }) =>
      `${index}: ${pipeline}-${partition} ${state}${lastError ? ` (${lastError})` : ""}`
    )
  );
  return `${left.length} events unanswered (${left[0]?.id}); ${states.join(", ") || "no process"}`;
}
