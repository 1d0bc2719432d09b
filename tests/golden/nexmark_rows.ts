/** Rows of the declared queries as the twins give them. */
import type { Decimal, Row } from "../models/nexmark.ts";
import type { OutputRow } from "../support/declared.ts";

/** Columns in the twins' order. Thousandths and sums beside counts become SQL's decimals. */
export function rowsOf(query: string, rows: readonly OutputRow[]): Row[] {
  const shape = SHAPES[query] ?? ((row: OutputRow) => Object.values(row).map(plain));
  return rows.map(shape);
}

const SHAPES: Readonly<Record<string, (row: OutputRow) => Row>> = {
  q1: (row) =>
    Object.entries(row).map(([name, value]) => name === "price" ? thousandths(value) : plain(value)),
  q4: ({ category, total, auctions }) => [plain(category), ratio(total, auctions)],
  q5: ({ auction, num }) => [plain(auction), plain(num)],
  q6: ({ seller, total, auctions }) => [plain(seller), ratio(total, auctions)],
  q101: ({ id, itemName, highest, bids }) => [plain(id), plain(itemName), bids ? plain(highest) : null],
  q14: (row) =>
    Object.entries(row).map(([name, value]) => name === "price" ? thousandths(value) : plain(value)),
  q17: (row) =>
    Object.entries(row).map(([name, value]) =>
      name === "avgPrice" ? ratio(row.sumPrice, row.totalBids) : plain(value)
    ),
};

function plain(value: OutputRow[string]): string | number {
  return typeof value === "string" ? value : Number(value);
}

function thousandths(value: OutputRow[string]): Decimal {
  return { over: value as bigint, under: 1000n };
}

function ratio(over: OutputRow[string], under: OutputRow[string]): Decimal {
  return { over: over as bigint, under: under as bigint };
}
