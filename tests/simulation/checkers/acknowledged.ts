/**
 * What was acknowledged is in the ledger: once, where it was said to be, and as it was answered. An early answer
 * says itself that it is not durable yet; it may be lost with its process, and only then.
 */
import { bytesEqual } from "../../../runtime/hash.ts";
import type { KernelModule } from "../../../runtime/kernel/host.ts";
import { RejectReason } from "../../../runtime/proto/gen/frame_pb.ts";
import type { Planned } from "../clients.ts";
import { placed, type Recorded, sameAnswer, type Told } from "./history.ts";

export function checkAcknowledged(
  recorded: ReadonlyMap<string, Recorded>,
  told: readonly Told[],
  /** The process that still runs, if it was the only one. */
  survivor: number | undefined,
  violations: string[],
): void {
  for (const { event, position, answer, durable, process } of told) {
    const found = recorded.get(event.id);
    if (!found) {
      if (durable || process === survivor) {
        violations.push(`acknowledged: ${event.id} was answered and is not in the ledger`);
      }
      continue;
    }
    if (!durable) continue; // it may have been decided anew, after a restart
    if (placed(found.position) !== placed(position) || !sameAnswer(found.answer, answer)) {
      violations.push(
        `acknowledged: ${event.id} was told another answer (at ${
          placed(position)
        }) than the ledger holds at ${placed(found.position)}`,
      );
    }
  }
}

/** What a kernel traps on is put aside, and nothing else is but for what passing traps struck twice. */
export function checkQuarantine(
  recorded: ReadonlyMap<string, Recorded>,
  planned: readonly Planned[],
  /** By pipeline: what the first version of its kernel is; only that one traps on what clients send. */
  first: ReadonlyMap<string, KernelModule>,
  passingTraps: number,
  violations: string[],
): void {
  for (const { id, note, pipeline } of planned) {
    const found = recorded.get(id);
    if (!found || found.answer === RejectReason.LOOKUP_FAILED) continue;
    const poison = note !== "" && bytesEqual(found.kernel, first.get(pipeline)!.hash);
    if (poison && !found.quarantined) violations.push(`acknowledged: ${id} is poison and was applied`);
    if (!poison && found.quarantined && passingTraps < 2) {
      violations.push(`acknowledged: ${id} was quarantined and is no poison`);
    }
  }
}
