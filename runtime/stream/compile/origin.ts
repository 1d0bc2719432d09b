/** Where a value comes from: the field of a source, handed on unchanged. */
import type { Node } from "../expr.ts";
import { inputsOf, type Step } from "../plan.ts";

export interface Origin {
  readonly input: number;
  readonly path: string;
}

/** The field of the one source that a value is, however many steps it was handed through. */
export function originOf(step: Step, node: Node): Origin | undefined {
  const origins = originsOf(step, node);
  return origins?.length === 1 ? origins[0] : undefined;
}

/** The same of rows that several sources give: a field of each of them. */
export function originsOf(step: Step, node: Node): readonly Origin[] | undefined {
  if (node.kind !== "field") return undefined;
  let at: Step | undefined = step;
  while (at && at.row !== node.row) at = inputsOf(at)[0];
  if (!at) return undefined;
  // A filter has the row of what it reads from.
  while (at.kind === "filter" || at.kind === "ordered") at = at.from;
  switch (at.kind) {
    case "source":
      return [{ input: at.input, path: node.name }];
    case "union": {
      const { name, type } = node;
      const all = at.inputs.map((from) => originsOf(from, { kind: "field", type, row: from.row, name }));
      return all.every((origins) => origins !== undefined) ? all.flat() : undefined;
    }
    case "map": {
      const value = at.values.find(({ name }) => name === node.name);
      return value && originsOf(at.from, value.node);
    }
    case "window":
    case "running": {
      const key = at.keys.find(({ name }) => name === node.name);
      return key && originsOf(at.from, key.node);
    }
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin": {
      const value = at.values.find(({ name }) => name === node.name);
      return value && (originsOf(at.left, value.node) ?? originsOf(at.right, value.node));
    }
    case "decide": {
      const key = at.keys.find(({ name }) => name === node.name);
      return key && originsOf(at.from, key.node);
    }
    case "top":
    case "keep":
    case "over": {
      const from: Step = at.from;
      const field = from.fields.find(({ name }) => name === node.name);
      return field && originsOf(from, { kind: "field", type: field.type, row: from.row, name: field.name });
    }
    default:
      return undefined;
  }
}
