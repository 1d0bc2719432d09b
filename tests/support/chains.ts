/** Ledgers that do something else than they should, or are watched: for tests of what becomes of that. */
import type { Chain, World } from "../../runtime/mod.ts";

/** The world with chains of its ledger that have calls of their own: `own` gives them, of each that is opened. */
export function withChains<W extends World>(world: W, own: (chain: Chain) => Partial<Chain>): W {
  const { ledger } = world;
  return {
    ...world,
    ledger: {
      name: ledger.name,
      durability: ledger.durability,
      chains: () => ledger.chains(),
      close: () => ledger.close(),
      open: async (name: string, first?: number) => {
        const chain = await ledger.open(name, first);
        return { ...callsOf(chain), ...own(chain) };
      },
    },
  };
}

function callsOf(chain: Chain): Chain {
  return {
    name: chain.name,
    messageBytesMax: chain.messageBytesMax,
    inFlightMax: chain.inFlightMax,
    extent: () => chain.extent(),
    append: (after, message) => chain.append(after, message),
    get: (sequence) => chain.get(sequence),
    read: (from, to) => chain.read(from, to),
    purge: (sequence) => chain.purge(sequence),
    close: () => chain.close(),
  };
}
