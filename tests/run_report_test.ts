/** Behaviour of the counting behind the closing line of a test run, and of the list of failures above it. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { listed, readDeno, readJunit, type Report, sum } from "./run_report.ts";

const CASE = {
  passed: (name: string) => `<testcase name="${name}" time="0">\n</testcase>`,
  failed: (name: string) => {
    return `<testcase name="${name}" classname="./a_test.ts" time="0">` +
      `<failure message="Uncaught x">Error: 1 &lt; 2\n    at seed 7</failure></testcase>`;
  },
  skipped: (name: string) => `<testcase name="${name}" time="0"><skipped/></testcase>`,
};

function counts(report: Report) {
  return [report.passed, report.failures.length, report.skipped];
}

describe("the closing line of a test run", () => {
  it("counts the tests of a suite and not the suite, under Deno", () => {
    const xml = CASE.passed("ledger") + CASE.passed("ledger &gt; appends") +
      CASE.skipped("ledger &gt; purges") +
      CASE.passed("alone");
    assert.deepEqual(counts(readDeno(xml)), [2, 0, 1]);
  });

  it("counts a failed test once, though its suite fails with it", () => {
    const xml = CASE.failed("ledger") + CASE.failed("ledger &gt; inner") +
      CASE.failed("ledger &gt; inner &gt; appends") + CASE.passed("ledger &gt; reads");
    assert.deepEqual(counts(readDeno(xml)), [1, 1, 0]);
  });

  it("counts a suite that failed by itself, as when its set-up throws", () => {
    const xml = CASE.failed("ledger") + CASE.passed("ledger &gt; appends");
    assert.deepEqual(counts(readDeno(xml)), [1, 1, 0]);
  });

  it("counts every case of Bun's report, self-closed or not", () => {
    const xml = `<testcase name="a" /><testcase name="b" />` + CASE.failed("c") + CASE.skipped("d");
    assert.deepEqual(counts(readJunit(xml)), [2, 1, 1]);
  });

  it("sums the runtimes", () => {
    const one = readJunit(CASE.passed("a") + CASE.failed("b") + CASE.skipped("c"));
    assert.deepEqual(counts(sum([one, one])), [2, 2, 2]);
  });
});

describe("the list of failures", () => {
  it("says file, test, message and stack, from Deno's report", () => {
    const xml = CASE.passed("ledger &gt; reads") + CASE.failed("ledger &gt; appends");
    const text = "1. ledger > appends (./a_test.ts)\n     Error: 1 < 2\n         at seed 7";
    assert.equal(listed(readDeno(xml).failures), text);
  });

  it("says the same from Bun's, which has file and suite apart, and at times no more than a message", () => {
    const xml =
      `<testcase name="appends" classname="ledger &gt; sqlite" time="0" file="b_test.ts" line="3">` +
      `<failure type="AssertionError" message="the seed is 5&#10;&quot;1&quot; !== &#x32;" /></testcase>`;
    const text = '1. ledger > sqlite > appends (b_test.ts)\n     the seed is 5\n     "1" !== 2';
    assert.equal(listed(readJunit(xml).failures), text);
  });
});
