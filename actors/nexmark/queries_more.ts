/** RisingWave's own additions to Nexmark: tables joined, filtered by what is known of others, and ranked. */
import {
  count,
  descending,
  distinct,
  type KeyedStream,
  max,
  min,
  type Num,
  pipeline,
  type Stream,
  type Text,
} from "../../runtime/mod.ts";
import { auctions, bids, OPEN, TABLES } from "./sources.ts";

type Bids = KeyedStream<{ readonly auction: Num; readonly price: Num }, { readonly auction: Num }>;

/** Of each auction that was bid on. */
function offers(keyed: Bids) {
  return keyed.aggregate({ bids: count(), highest: max(({ price }) => price) }).key(({ auction }) => ({
    auction,
  }));
}

/** Each auction with its highest bid; 0 bids where there is none. */
export const q101 = pipeline(
  "q101",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.map(({ id, itemName }) => ({ id, itemName })).key(({ id }) => ({ id }))
      .joinTable(
        offers(bids.map(({ auction, price }) => ({ auction, price })).key(({ auction }) => ({ auction }))),
        ({ id }) => ({ id }),
        ({ id, itemName }, { highest, bids }) => ({ id, itemName, highest, bids }),
        { type: "left" },
      )
      .to("q101"),
  TABLES,
);

/** Auctions with at least as many bids as those that were bid on have on average, in whole bids. */
export const q102 = pipeline("q102", { auctions, bids }, ({ auctions, bids }) => {
  const rows = bids.map(({ auction, price }) => ({ auction, price }));
  const all = rows.all().aggregate({ bids: count(), auctions: distinct(({ auction }) => auction) })
    .map(({ bids, auctions }) => ({ one: 1, average: bids.idiv(auctions) }));
  return counted(auctions, rows.key(({ auction }) => ({ auction })))
    .map((row) => ({ ...row, one: 1 }))
    .key(({ id }) => ({ id }))
    .joinTable(
      all.key(({ one }) => ({ one })),
      ({ one }) => ({ one }),
      ({ id, itemName, bids }, { average }) => ({ id, itemName, bids, average }),
    )
    .filter(({ bids, average }) => bids.gte(average))
    .map(({ id, itemName, bids }) => ({ id, itemName, bids }))
    .to("q102");
}, TABLES);

/** Auctions with at least twenty bids. */
export const q103 = pipeline(
  "q103",
  { auctions, bids },
  ({ auctions, bids }) =>
    counted(
      auctions,
      bids.map(({ auction, price }) => ({ auction, price })).key(({ auction }) => ({ auction })),
    )
      .filter(({ bids }) => bids.gte(20))
      .map(({ id, itemName }) => ({ id, itemName }))
      .to("q103"),
  TABLES,
);

/** Auctions but for those with fewer than twenty bids, and at least one. */
export const q104 = pipeline(
  "q104",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.map(({ id, itemName }) => ({ id, itemName })).key(({ id }) => ({ id }))
      .joinTable(
        offers(bids.map(({ auction, price }) => ({ auction, price })).key(({ auction }) => ({ auction }))),
        ({ id }) => ({ id }),
        ({ id, itemName }, { bids }) => ({ id, itemName, bids }),
        { type: "left" },
      )
      .filter(({ bids }) => bids.eq(0).or(bids.gte(20)))
      .map(({ id, itemName }) => ({ id, itemName }))
      .to("q104"),
  TABLES,
);

/** The thousand auctions with the most bids. */
export const q105 = pipeline(
  "q105",
  { auctions, bids },
  ({ auctions, bids }) =>
    counted(
      auctions,
      bids.map(({ auction, price }) => ({ auction, price })).key(({ auction }) => ({ auction })),
    )
      .all()
      .top(1000, ({ bids, id }) => [descending(bids), id])
      .to("q105"),
  TABLES,
);

/** The lowest winning bid. */
export const q106 = pipeline(
  "q106",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.map(({ id, expires }) => ({ id, expires })).key(({ id }) => id)
      .join(
        bids.map(({ auction, price, dateTime }) => ({ auction, price, dateTime })).key(({ auction }) =>
          auction
        ),
        OPEN,
        ({ id, expires }, { price, dateTime }) => ({ id, expires, price, dateTime }),
      )
      .filter(({ dateTime, expires }) => dateTime.lte(expires))
      .key(({ id }) => ({ id }))
      .aggregate({ final: max(({ price }) => price) })
      .all()
      .aggregate({ minFinal: min(({ final }) => final) })
      .to("q106"),
  TABLES,
);

/** Auctions that were bid on: id, name, how often. */
function counted(
  auctions: Stream<{ readonly id: Num<"id">; readonly itemName: Text<"itemName"> }>,
  bids: Bids,
) {
  return auctions.map(({ id, itemName }) => ({ id, itemName })).key(({ id }) => ({ id }))
    .joinTable(offers(bids), ({ id }) => ({ id }), ({ id, itemName }, { bids }) => ({ id, itemName, bids }));
}
