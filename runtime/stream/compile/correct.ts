/** What a kernel does with a correction: it leaves on its channel, and is seen in the view that it is of. */
import type { End } from "../plan.ts";
import type { Module } from "./text.ts";

/** `views`: the number of each view's operator. */
export function correctionText(
  module: Module,
  ends: readonly End[],
  views: ReadonlyMap<End, number>,
): string {
  const use = (file: string, name: string) => module.use(file, name);
  for (
    const name of ["Channel", "Key", "KeyLength", "Row", "RowLength", "ViewKey", "ViewKeyLength", "Back"]
  ) {
    use("operators/correct", `corrected${name}`);
  }
  const row = "correctedRow, correctedRowLength";
  const shown = ends.flatMap((end) => {
    const number = views.get(end);
    if (number === undefined) return [];
    return [
      `  if (correctedChannel == ${end.channel}) {`,
      `    ${use("operators/out", "enterRow")}(${use("operators/time", "newest")}(), ${number});`,
      `    op${number}.correct(correctedBack, correctedViewKey, correctedViewKeyLength, ${row});`,
      // Its messages cannot say that a row is gone; the one that stands in its place follows.
      ...(end.changelog ? [] : ["    if (correctedBack) return;"]),
      "  }",
    ];
  });
  return [
    "export function onCorrection(ptr: usize, length: u32): void {",
    "  enterOut();",
    "  enterValues();",
    `  if (!${
      use("operators/correct", "readCorrection")
    }(ptr, length) || correctedChannel >= ${ends.length}) {`,
    `    return ${use("operators/out", "refuse")}(${use("lib/effects", "Reject")}.MALFORMED);`,
    "  }",
    ...shown,
    `  ${use("operators/out", "emit")}(correctedChannel, correctedKey, correctedKeyLength, ${row});`,
    "}",
  ].join("\n");
}
