/** Counts the tests in the JUnit reports of `deno test` and `bun test`. */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Case {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

export function sum(all: readonly Counts[]): Counts {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of all) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  return total;
}

/** A report in which every test case is a test: Bun's. */
export function countJunit(xml: string): Counts {
  return tally(cases(xml));
}

/**
 * Deno also lists each `describe` as a case, beside its steps named "suite > test". A suite is not a test;
 * but one that failed without a failed test inside (a hook that threw) must count.
 */
export function countDeno(xml: string): Counts {
  const all = cases(xml);
  const suites = new Set<string>();
  const failedBelow = new Set<string>();
  for (const one of all) {
    for (let at = one.name.indexOf(SEPARATOR); at >= 0; at = one.name.indexOf(SEPARATOR, at + 1)) {
      const suite = one.name.slice(0, at);
      suites.add(suite);
      if (one.outcome === "failed") failedBelow.add(suite);
    }
  }
  return tally(all.filter((one) => {
    return !suites.has(one.name) || (one.outcome === "failed" && !failedBelow.has(one.name));
  }));
}

const SEPARATOR = " &gt; ";

function cases(xml: string): Case[] {
  return xml.split("<testcase ").slice(1).map((text) => {
    const own = text.split("</testcase>")[0];
    const outcome = /<(failure|error)\b/.test(own) ? "failed" : /<skipped\b/.test(own) ? "skipped" : "passed";
    return { name: /name="([^"]*)"/.exec(own)?.[1] ?? "", outcome };
  });
}

function tally(all: readonly Case[]): Counts {
  const count = (outcome: Case["outcome"]) => all.filter((one) => one.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}
