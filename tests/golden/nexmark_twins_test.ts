import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { nexmark } from "../../actors/nexmark/generator.ts";
import { seeded } from "../../actors/random.ts";
import { queries, tablesOf } from "../models/nexmark.ts";
import { everyNth } from "../models/nexmark_rows.ts";
import { SECOND } from "../models/nexmark_sql.ts";
import { hotItems } from "../models/nexmark_windows.ts";
import { expectedRows, oracleEvents, oracleQueries, writtenRows } from "./nexmark.ts";

describe("Nexmark's twins", () => {
  for (const query of oracleQueries()) {
    it(`answer ${query} as RisingWave does`, () => {
      assert.deepEqual(writtenRows(queries[query](tablesOf(oracleEvents()))), expectedRows(query));
    });
  }

  it("answer the same whatever the order of the rows", () => {
    const random = seeded(20260721);
    const events = [...nexmark({ events: 2000, perSecond: 100 })];
    const shuffled = events.map((event) => ({ event, at: random.u32() })).sort((a, b) => a.at - b.at)
      .map(({ event }) => event);
    for (const [name, query] of Object.entries(queries)) {
      assert.deepEqual(
        writtenRows(query(tablesOf(shuffled))),
        writtenRows(query(tablesOf(events))),
        name,
      );
    }
  });
});

/** https://beam.apache.org: Nexmark, the "smoke" suite's table of result counts. */
describe("Beam's published counts for 100,000 events of 100 generators", () => {
  const tables = tablesOf(nexmark({ events: 100_000, generators: 100 }));

  it("come out for Q1", () => assert.equal(queries.q1(tables).length, 92_000));

  it("come out for Q2, with every 123rd auction", () => assert.equal(everyNth(tables, 123).length, 351));

  it("come out for Q5, with ten seconds every five", () => {
    assert.equal(hotItems(tables, 10 * SECOND, 5 * SECOND).length, 12);
  });

  it("come out for Q7", () => assert.equal(queries.q7(tables).length, 1));

  it("come out for Q8, which there gives a row for each auction", () => {
    const window = (at: number) => Math.floor(at / (10 * SECOND));
    const joined = new Set(tables.people.map(({ id, dateTime }) => `${id} ${window(dateTime)}`));
    const rows = tables.auctions.filter(({ seller, dateTime }) =>
      joined.has(`${seller} ${window(dateTime)}`)
    );
    assert.equal(rows.length, 6000);
  });

  it("come out for Q11", () => assert.equal(queries.q11(tables).length, 1919));
});
