/** Kernels that trap once, on nothing in particular: as a machine does whose memory fails. */
import { Kernel, KernelTrap } from "../../runtime/kernel/host.ts";

/** What such a trap says of itself. */
export const PASSING_TRAP = "a passing trap";

let draws: (() => boolean) | undefined;

/** From now on each frame, in every kernel, traps when this says so; undefined = never. */
export function trapWhen(happens: (() => boolean) | undefined): void {
  draws = happens;
}

const { apply, decide } = Kernel.prototype;

Kernel.prototype.apply = function (...given) {
  if (draws?.()) throw new KernelTrap("simulated", 0, PASSING_TRAP);
  return apply.apply(this, given);
};

Kernel.prototype.decide = function (...given) {
  if (draws?.()) throw new KernelTrap("simulated", 0, PASSING_TRAP);
  return decide.apply(this, given);
};
