/** Reads the JUnit reports of `deno test` and `bun test`: how many tests passed, and which failed and why. */

export interface Report {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skipped: number;
}

export interface Failure {
  /** Where to look: a file, or the runner when it failed outside any test. */
  readonly where: string;
  readonly name: string;
  /** The message and the stack, with the seed where the test has one. */
  readonly reason: string;
}

interface Case {
  readonly name: string;
  readonly outcome: "passed" | "skipped" | Failure;
}

export function sum(all: readonly Report[]): Report {
  return {
    passed: all.reduce((passed, one) => passed + one.passed, 0),
    failures: all.flatMap((one) => one.failures),
    skipped: all.reduce((skipped, one) => skipped + one.skipped, 0),
  };
}

/** A report in which every test case is a test: Bun's. */
export function readJunit(xml: string): Report {
  return tally(cases(xml));
}

/**
 * Deno also lists each `describe` as a case, beside its steps named "suite > test". A suite is not a test;
 * but one that failed without a failed test inside (a hook that threw) must count.
 */
export function readDeno(xml: string): Report {
  const all = cases(xml);
  const suites = new Set<string>();
  const failedBelow = new Set<string>();
  for (const one of all) {
    for (let at = one.name.indexOf(SEPARATOR); at >= 0; at = one.name.indexOf(SEPARATOR, at + 1)) {
      const suite = one.name.slice(0, at);
      suites.add(suite);
      if (failed(one)) failedBelow.add(suite);
    }
  }
  return tally(all.filter((one) => !suites.has(one.name) || (failed(one) && !failedBelow.has(one.name))));
}

/** The failures of a run, one below the other, so that nobody has to look for them in what was printed. */
export function listed(failures: readonly Failure[]): string {
  return failures.map((one, i) => {
    const reason = one.reason.split("\n").slice(0, LINES_OF_REASON).map((line) => `     ${line}`.trimEnd());
    return [`${i + 1}. ${one.name} (${one.where})`, ...reason].join("\n");
  }).join("\n\n");
}

const SEPARATOR = " > ";
const LINES_OF_REASON = 40;

function failed(one: Case): boolean {
  return typeof one.outcome !== "string";
}

function tally(all: readonly Case[]): Report {
  return {
    passed: all.filter((one) => one.outcome === "passed").length,
    failures: all.flatMap(({ outcome }) => typeof outcome === "string" ? [] : [outcome]),
    skipped: all.filter((one) => one.outcome === "skipped").length,
  };
}

function cases(xml: string): Case[] {
  return xml.split("<testcase ").slice(1).map((text) => {
    const own = text.split("</testcase>")[0];
    const name = attribute(own, "name");
    const failure = /<(failure|error)\b[^>]*?(\/>|>([^<]*))/.exec(own);
    if (failure === null) return { name, outcome: own.includes("<skipped") ? "skipped" : "passed" };
    const where = attribute(own, "file") || attribute(own, "classname");
    const suite = attribute(own, "file") ? attribute(own, "classname") : ""; // Deno's names have it already
    const reason = plain(failure[3] ?? "") || attribute(failure[0], "message");
    return { name, outcome: { where, name: suite ? `${suite}${SEPARATOR}${name}` : name, reason } };
  });
}

function attribute(tag: string, name: string): string {
  return plain(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

function plain(text: string): string {
  return text.replace(/&(#(\d+)|#x([\da-fA-F]+)|lt|gt|quot|apos|amp);/g, (whole, name, decimal, hex) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
