/** Where a value comes from: the field of a source, handed on unchanged. */
import type { Node } from "../expr.ts";
import { inputsOf, type Step } from "../plan.ts";

/** The field of a source that a value is, however many steps it was handed through. */
export function originOf(step: Step, node: Node): { input: number; path: string } | undefined {
  if (node.kind !== "field") return undefined;
  let at: Step | undefined = step;
  while (at && at.row !== node.row) at = inputsOf(at)[0];
  if (!at) return undefined;
  // A filter has the row of what it reads from.
  while (at.kind === "filter" || at.kind === "ordered") at = at.from;
  switch (at.kind) {
    case "source":
      return { input: at.input, path: node.name };
    case "map": {
      const value = at.values.find(({ name }) => name === node.name);
      return value && originOf(at.from, value.node);
    }
    case "window":
    case "running": {
      const key = at.keys.find(({ name }) => name === node.name);
      return key && originOf(at.from, key.node);
    }
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin": {
      const value = at.values.find(({ name }) => name === node.name);
      return value && (originOf(at.left, value.node) ?? originOf(at.right, value.node));
    }
    case "decide": {
      const key = at.keys.find(({ name }) => name === node.name);
      return key && originOf(at.from, key.node);
    }
    case "top":
    case "keep":
    case "over": {
      const from: Step = at.from;
      const field = from.fields.find(({ name }) => name === node.name);
      return field && originOf(from, { kind: "field", type: field.type, row: from.row, name: field.name });
    }
    default:
      return undefined;
  }
}
