/** Expressions as people read them. */
import type { Node } from "./expr.ts";

/** An expression, about as it was written. */
export function formula(node: Node): string {
  switch (node.kind) {
    case "field":
      return node.name;
    case "const":
      return typeof node.value === "string" ? JSON.stringify(node.value) : String(node.value);
    case "call":
      return `${node.name}(${node.args.map(formula).join(", ")})`;
    case "op":
      return node.args.length === 2
        ? `(${formula(node.args[0])} ${node.op} ${formula(node.args[1])})`
        : `${node.op}(${node.args.map(formula).join(", ")})`;
  }
}
