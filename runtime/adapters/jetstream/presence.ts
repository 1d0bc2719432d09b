/**
 * Who lives, over core NATS: an owner answers on a subject of its epoch. The server knows which connections are
 * there: when the owner's process ends its subscription goes with it, and whoever asks is told at once that
 * nobody is there to answer. A process that is stopped keeps its subscription, and is silent.
 */
import { NoRespondersError, RequestError, TimeoutError } from "@nats-io/nats-core";
import type { Presence, Sign } from "../../world/presence.ts";
import type { NatsLink } from "./connection.ts";

export function jetstreamPresence(link: NatsLink, prefix: string): Presence {
  // A server that was started again knows this process perhaps before it knows the owner.
  let broken = false;
  link.onBreak(() => (broken = true));
  const subjectOf = (chain: string, epoch: number) => `millrace.owner.${prefix}.${chain}.${epoch}`;
  return {
    async show(chain, epoch) {
      const subscription = link.nc.subscribe(subjectOf(chain, epoch), {
        callback: (error, message) => void (!error && message.respond()),
      });
      await link.nc.flush();
      return {
        async close() {
          if (link.nc.isClosed()) return;
          subscription.unsubscribe();
          // Whoever asks from now on is told by the server that nobody is there, once it knows.
          if (link.connected) await link.nc.flush().catch(() => {});
        },
      };
    },
    async look(chain, epoch, withinMs): Promise<Sign> {
      const since = broken;
      broken = false;
      if (!link.connected || since) return "unknown";
      try {
        await link.nc.request(subjectOf(chain, epoch), undefined, { timeout: withinMs });
        return "alive";
      } catch (error) {
        if (!link.connected || broken) return "unknown";
        if (isNobody(error)) return "gone";
        if (error instanceof TimeoutError) return "silent";
        return "unknown";
      }
    },
  };
}

function isNobody(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
}
