/** Behaviour of the counting behind the closing line of a test run. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { countDeno, countJunit, sum } from "./run_counts.ts";

const CASE = {
  passed: (name: string) => `<testcase name="${name}" time="0">\n</testcase>`,
  failed: (name: string) => `<testcase name="${name}" time="0"><failure message="x">x</failure></testcase>`,
  skipped: (name: string) => `<testcase name="${name}" time="0"><skipped/></testcase>`,
};

describe("the closing line of a test run", () => {
  it("counts the tests of a suite and not the suite, under Deno", () => {
    const xml = CASE.passed("ledger") + CASE.passed("ledger &gt; appends") +
      CASE.skipped("ledger &gt; purges") +
      CASE.passed("alone");
    assert.deepEqual(countDeno(xml), { passed: 2, failed: 0, skipped: 1 });
  });

  it("counts a failed test once, though its suite fails with it", () => {
    const xml = CASE.failed("ledger") + CASE.failed("ledger &gt; inner") +
      CASE.failed("ledger &gt; inner &gt; appends") + CASE.passed("ledger &gt; reads");
    assert.deepEqual(countDeno(xml), { passed: 1, failed: 1, skipped: 0 });
  });

  it("counts a suite that failed by itself, as when its set-up throws", () => {
    const xml = CASE.failed("ledger") + CASE.passed("ledger &gt; appends");
    assert.deepEqual(countDeno(xml), { passed: 1, failed: 1, skipped: 0 });
  });

  it("counts every case of Bun's report, self-closed or not", () => {
    const xml = `<testcase name="a" /><testcase name="b" />` + CASE.failed("c") + CASE.skipped("d");
    assert.deepEqual(countJunit(xml), { passed: 2, failed: 1, skipped: 1 });
  });

  it("sums the runtimes", () => {
    const one = { passed: 1, failed: 2, skipped: 3 };
    assert.deepEqual(sum([one, one]), { passed: 2, failed: 4, skipped: 6 });
  });
});
