/** Looking ahead: the memory of the keys of events that come soon is asked for before it is needed. */
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { Node } from "../expr.ts";
import { resolvePath } from "../fields.ts";
import { inputsOf, type Named, type Plan, type Step, type View } from "../plan.ts";
import { originOf } from "./origin.ts";
import { inputOf } from "./output.ts";
import type { Module } from "./text.ts";

/** Keys that one event asks for ahead of time. */
const AHEAD_MAX = 4;

/** What asks, when its entries have come, for the rows that they name. */
const FURTHER: ReadonlySet<string> = new Set(["intervalJoin", "tableJoin", "top", "keep"]);

/** Asks for the memory of the keys of an event that comes soon, where they are fields of it. */
export function aheadText(
  module: Module,
  plan: Plan,
  numbered: readonly { readonly step: Step | View; readonly number: number }[],
): string {
  const { variants } = inputOf(plan);
  const use = (name: string) => module.use("lib/wire", name);
  const asks = numbered.flatMap(({ step, number }) =>
    step.kind === "view" ? [] : keyFields(step).map(({ input, path, method }) => {
      const source = plan.sources[input];
      const fields = resolvePath(source.message, path), key = fields[fields.length - 1];
      const variant = variants?.get(source);
      const above = [
        ...variant === undefined ? [] : [variant],
        ...fields.slice(0, -1).map((each) => each.number),
      ];
      const enter = above.map((each, i) =>
        `${i === 0 ? "" : "  "}if (!${use("findBytes")}(${
          i === 0 ? "ptr, length" : "at, foundLength"
        }, ${each})) break;`
      );
      const at = above.length === 0 ? "ptr, length" : `${use("at")}, ${use("foundLength")}`;
      const ask = isBytes(key)
        ? [
          `if (${use("findBytes")}(${at}, ${key.number})) op${number}.${method}(${use("at")}, ${
            use("foundLength")
          });`,
        ]
        : [
          `store<u64>(aheadKey, ${use("findVarint")}(${at}, ${key.number}));`,
          `if (${use("at")}) op${number}.${method}(aheadKey, 8);`,
        ];
      // A loop that runs once, so that a field that is not there leaves it.
      return ["  do {", ...[...enter, ...ask].map((line) => `    ${line}`), "  } while (false);"].join(
        "\n",
      );
    })
  );
  if (asks.length === 0) return "";
  const further = numbered.filter(({ step }) => FURTHER.has(step.kind)).map(({ number }) =>
    `  op${number}.aheadDone();`
  );
  return [
    "const aheadKey = memory.data(16, 8);",
    "export function onAhead(ptr: usize, length: u32): void {",
    ...asks.slice(0, AHEAD_MAX),
    "}",
    ...further.length ? ["export function onAheadDone(): void {", ...further, "}"] : [],
  ].join("\n");
}

/** A field of a source, and the method of the operator that asks for what it is the key of. */
interface KeyField {
  readonly input: number;
  readonly path: string;
  readonly method: "ahead" | "aheadPrimary";
}

/** The fields of sources that a step with state is keyed by, where each key is one field as it came. */
function keyFields(step: Step): KeyField[] {
  return keysOf(step).flatMap(([from, keys, method = "ahead"]) => {
    const origin = keys.length === 1 ? directOrigin(from, keys[0].node) : undefined;
    return origin ? [{ ...origin, method }] : [];
  });
}

function keysOf(step: Step): (readonly [Step, readonly Named[], KeyField["method"]?])[] {
  if (step.kind === "tableJoin") {
    const { left, right, foreign, leftPrimary, rightPrimary } = step;
    return [[left, foreign], [left, leftPrimary, "aheadPrimary"], [right, rightPrimary]];
  }
  if ("leftKeys" in step) return [[step.left, step.leftKeys], [step.right, step.rightKeys]];
  return "keys" in step ? [[step.from, step.keys]] : [];
}

/** Only of rows that come straight from a source: what comes later asks for other keys. */
function directOrigin(step: Step, node: Node): { input: number; path: string } | undefined {
  for (let at = step; at.kind !== "source"; at = inputsOf(at)[0]) {
    if (at.kind !== "filter" && at.kind !== "map") return undefined;
  }
  const origin = originOf(step, node);
  if (!origin) return undefined;
  let at = step;
  while (at.kind !== "source") at = inputsOf(at)[0];
  const field = resolvePath(at.message, origin.path).at(-1)!;
  return isBytes(field) || isVarint(field) ? origin : undefined;
}

function isBytes(field: DescField): boolean {
  return field.fieldKind === "scalar" &&
    (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES);
}

function isVarint(field: DescField): boolean {
  return field.fieldKind === "scalar" &&
    (field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64);
}
