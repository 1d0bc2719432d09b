/**
 * Who lives: an owner shows itself, a standby looks. A hint and no more: it says when to try a takeover, the
 * fence says who owns. So whatever it answers, nothing is lost or doubled; a wrong answer costs a takeover.
 */
import type { Closable } from "./network.ts";

export interface Presence {
  /**
   * Shows that the owner of `chain` in `epoch` lives, with a sign every `heartbeatMs` where signs must be given,
   * until it is closed or the process ends. Showing a higher epoch takes the place of a lower one.
   */
  show(chain: string, epoch: number, heartbeatMs: number): Promise<Closable>;
  /** What can be seen of it, within `withinMs`. Never rejects. */
  look(chain: string, epoch: number, withinMs: number): Promise<Sign>;
}

export type Sign =
  | "alive"
  /** Its process has ended, or its connection: the system says so. Also where it never showed itself. */
  | "gone"
  /** No word of it: it is stopped, busy, or cut off. */
  | "silent"
  /** Nothing can be seen from here: whoever looks is cut off himself. */
  | "unknown";
