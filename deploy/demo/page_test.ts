import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Verdict } from "../../runtime/mod.ts";
import { DEFAULTS, topology } from "../topology.ts";
import { batches } from "./batch.ts";
import { bytes, count, micros, percent, rupees, span, stopwatch, valueLeft } from "./figures.ts";
import { Numbers, verdictOf } from "./numbers.ts";
import type { View } from "./page.ts";
import { Screen } from "./screen.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE;

describe("a batch job beside the stream", () => {
  const attack = { startedAtMs: 9 * HOUR + 4_000, perMinute: 20, amountMinor: 1_999_900 };

  it("lets through what comes until its next run", () => {
    assert.deepEqual(batches(attack).map(({ delayMs }) => delayMs), [296_000, 3_596_000, 61_196_000]);
    assert.deepEqual(batches(attack).map(({ payments }) => payments), [99, 1_199, 20_399]);
    assert.deepEqual(batches(attack).map(({ runsAt }) => runsAt), ["09:05", "10:00", "Sunday 02:00"]);
    assert.equal(batches(attack)[0].minor, 99 * 1_999_900);
  });

  it("waits a whole period when the attack begins just as it runs", () => {
    const [fiveMinutes] = batches({ ...attack, startedAtMs: 9 * HOUR });
    assert.equal(fiveMinutes.delayMs, 5 * MINUTE);
    assert.equal(fiveMinutes.payments, 100);
  });

  it("runs at two on the same night when the attack begins after midnight", () => {
    const nightly = batches({ ...attack, startedAtMs: HOUR })[2];
    assert.equal(nightly.delayMs, HOUR);
    assert.equal(nightly.runsAt, "02:00");
  });

  it("leaves of an answer's worth one half for each half-life", () => {
    assert.equal(valueLeft(0), 1);
    assert.equal(valueLeft(30_000), 0.5);
    assert.equal(valueLeft(90_000), 0.125);
  });
});

describe("figures for people", () => {
  it("carry their units", () => {
    assert.equal(count(1_234_567.4), "1,234,567");
    assert.equal(rupees(1_999_900), "₹19,999");
    assert.equal(rupees(4_079_596_010_00), "₹4,07,95,96,010");
    assert.deepEqual([740, 1_240, 12_340, 3_100_000].map(micros), ["740 µs", "1.24 ms", "12.3 ms", "3.1 s"]);
    assert.deepEqual([12_240, 296_000, 61_196_000].map(span), ["12.2 s", "4 min 56 s", "16 h 59 min"]);
    assert.deepEqual([0, 61_999].map(stopwatch), ["00:00", "01:01"]);
    assert.deepEqual([999, 1_234, 123_456_789].map(bytes), ["999 B", "1.2 kB", "123 MB"]);
    assert.deepEqual([0, 0.0001, 0.001, 0.54].map(percent), ["0 %", "under 0.1 %", "0.1 %", "54 %"]);
  });
});

describe("the demo's numbers", () => {
  it("read a verdict off a reply's first bytes", () => {
    assert.equal(verdictOf(Uint8Array.of(0x08, 3)), Verdict.DECLINE);
    assert.equal(verdictOf(new Uint8Array(0)), Verdict.UNDECIDED);
    // A reason first, the verdict after it: no kernel writes so, but the schema allows it.
    assert.equal(verdictOf(Uint8Array.of(0x12, 2, 0x08, 1, 0x08, 2)), Verdict.REVIEW);
  });

  it("take the first declined payment of the attack for its block", () => {
    const numbers = new Numbers(topology(DEFAULTS));
    numbers.attacked(Verdict.APPROVE, 1_000, 100);
    numbers.attacked(Verdict.REVIEW, 2_000, 100);
    numbers.attacked(Verdict.DECLINE, 3_000, 100);
    numbers.attacked(Verdict.DECLINE, 4_000, 100);
    assert.equal(numbers.attack.blockedAtMs, 3_000);
    assert.equal(numbers.attack.letThroughMinor, 100);
    assert.deepEqual([numbers.attack.reviewed, numbers.attack.declined], [1, 2]);
  });
});

describe("the demo's page", () => {
  it("fits any terminal, without a colour where there is none", () => {
    for (const columns of [60, 80, 100, 250]) {
      const { screen, written } = terminal(columns);
      screen.draw(view());
      for (const line of lines(written[0])) {
        assert.ok(line.length < columns, `${line.length} columns of ${columns}: ${line}`);
      }
    }
  });

  it("keeps the attack where the terminal is low, and all of it where it is not", () => {
    for (const rows of [20, 24, 30, 60]) {
      const { screen, written } = terminal(80, true, rows);
      screen.draw(view());
      const page = lines(written[0]);
      assert.ok(page.length < rows, `${page.length} lines of ${rows}`);
      for (const part of [/decisions\/s/, /BLOCKED at 09:00:31, 27\.0 s/, /●✕/, /nightly batch/]) {
        assert.ok(page.some((line) => part.test(line)), `${part} in ${rows} rows`);
      }
      assert.equal(page.some((line) => /^curl/.test(line)), rows === 60);
    }
  });

  it("says that a block is remembered from the run before", () => {
    const { screen, written } = terminal(80);
    const shown = view();
    const attack = { letThrough: 0, letThroughMinor: 0, blockedAtMs: 4_000, startedAtMs: 4_000 };
    Object.assign(shown.numbers.attack, attack);
    screen.draw({ ...shown, carriesOn: true });
    assert.match(written[0], /the run before is remembered/);
  });

  it("begins anew on a terminal that changed its size", () => {
    const { screen, written, stream } = terminal(80);
    screen.draw(view());
    stream.columns = 90;
    screen.draw(view());
    assert.ok(written[1].startsWith("\x1b[2J\x1b[H"));
  });

  it("draws over itself", () => {
    const { screen, written } = terminal(80);
    screen.draw(view());
    screen.draw(view());
    const height = lines(written[0]).length;
    assert.ok(written[1].startsWith(`\x1b[${height}A`));
  });

  it("says in a line each few seconds what it would show, and once that the attack is blocked", () => {
    const { screen, written } = terminal(80, false);
    const shown = view();
    for (const elapsedMs of [100, 200, 3_300]) screen.draw({ ...shown, elapsedMs });
    assert.equal(written.filter((line) => /ATTACK BLOCKED 27\.0 s/.test(line)).length, 1);
    assert.equal(written.filter((line) => /decisions\/s/.test(line)).length, 2);
  });
});

function terminal(columns: number, isTTY = true, rows = 60) {
  const written: string[] = [];
  const stream = { isTTY, columns, rows, write: (text: string) => written.push(text) > 0 };
  return { screen: new Screen(stream as unknown as NodeJS.WriteStream), written, stream };
}

function lines(drawn: string): string[] {
  // deno-lint-ignore no-control-regex -- control sequences are what is taken out
  return drawn.replace(/\x1b\[[0-9;]*[A-Za-z]|\r/g, "").split("\n").slice(0, -1);
}

function view(): View {
  const numbers = new Numbers(topology(DEFAULTS));
  numbers.events = 600_000;
  for (let at = 0; at < 40; at++) {
    numbers.decided(1 + (at % 3), 400 + at, 900 + at);
    numbers.perSecond.push(at * 100);
  }
  numbers.declinedBy.set("fraud: geo velocity", 12);
  Object.assign(numbers.attack, { startedAtMs: 4_000, payments: 14 });
  numbers.attacked(Verdict.APPROVE, 4_000, 1_999_900);
  numbers.attacked(Verdict.DECLINE, 31_000, 1_999_900);
  return {
    numbers,
    status: { state: "serving", ledger: "sqlite data/demo/ledger.db", durability: "process", partitions: [] },
    elapsedMs: 40_000,
    storyMs: 40_000,
    storyOpenedMs: 9 * HOUR,
    totalMs: 60_000,
    speed: 1,
    recovered: "A new ledger",
    carriesOn: false,
    url: "http://127.0.0.1:8080",
    curl: ["curl http://127.0.0.1:8080/healthz"],
    notes: [],
  };
}
