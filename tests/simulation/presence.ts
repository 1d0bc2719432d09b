/**
 * Who lives, as one simulated process sees it: owners show themselves, standbys look, and what they see may be
 * wrong. Whatever it says, nothing may be lost or doubled; at worst an owner that is well is replaced.
 */
import type { Presence, Sign } from "../../runtime/world/presence.ts";
import type { SimWorld } from "./world.ts";

/** An owner that shows itself. */
export interface Shown {
  readonly chain: string;
  readonly epoch: number;
  readonly world: SimWorld;
}

export function simPresence(world: SimWorld): Presence {
  const { ground } = world;
  const cutOff = () => world.cutOff.out || world.cutOff.back;
  const seen = (chain: string, epoch: number): Sign => {
    const shown = [...ground.shown].find((each) => each.chain === chain && each.epoch === epoch);
    if (!shown) return "gone";
    const { alive, diesSilently, paused, cutOff } = shown.world;
    if (!alive) return diesSilently ? "silent" : "gone";
    return paused || cutOff.out ? "silent" : "alive";
  };
  return {
    async show(chain, epoch) {
      await world.wait(world.latency());
      if (cutOff() || world.fails("presenceNotShown")) {
        throw new Error("nobody hears that this process lives");
      }
      const shown = { chain, epoch, world };
      ground.shown.add(shown);
      return { close: () => Promise.resolve(void ground.shown.delete(shown)) };
    },
    async look(chain, epoch, withinMs) {
      await world.wait(world.latency());
      if (cutOff()) {
        await world.wait(withinMs * 1000);
        return "unknown";
      }
      if (world.fails("presenceUnknown")) return "unknown";
      if (world.fails("presenceWrong")) return world.draws.pick(["gone", "silent"] as const);
      return ground.unseenUntil > ground.scheduler.now ? "silent" : seen(chain, epoch);
    },
  };
}
