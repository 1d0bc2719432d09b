/**
 * Expressions: typed values that a declaration computes with. They are trees, not results: `e.price.mul(2)`
 * says what is to be computed for each event, and the compiler writes it into the kernel.
 *
 * Integers are int64 and checked: an overflow rejects the event. `div` gives a float, `idiv` an integer.
 */

/** What an expression's value is: int64, float64, boolean, or UTF-8 text. */
export type ValueType = "i64" | "f64" | "bool" | "text";

/** A row that expressions look at: the event of a source, or what a step gives. Identity matters. */
export interface RowVariable {
  readonly of: string;
}

export type Node =
  | { readonly kind: "field"; readonly type: ValueType; readonly row: RowVariable; readonly name: string }
  | { readonly kind: "const"; readonly type: ValueType; readonly value: bigint | number | boolean | string }
  | { readonly kind: "op"; readonly type: ValueType; readonly op: Op; readonly args: readonly Node[] }
  /** A function of the developer's own, in AssemblyScript. */
  | {
    readonly kind: "call";
    readonly type: ValueType;
    readonly source: string;
    readonly name: string;
    readonly args: readonly Node[];
  };

export type Op =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "idiv"
  | "mod"
  | "neg"
  | "abs"
  | "least"
  | "greatest"
  | "eq"
  | "ne"
  | "lt"
  | "lte"
  | "gt"
  | "gte"
  | "and"
  | "or"
  | "not"
  | "if"
  | "float"
  | "round"
  | "floorTo"
  | "concat"
  | "startsWith"
  | "endsWith"
  | "contains"
  | "length"
  | "split"
  | "code"
  | "lower"
  | "upper"
  | "trim"
  | "digits"
  | "rfc3339"
  | "date"
  | "now";

/** Anything a number may be written as. */
export type NumLike = Num<string> | number | bigint;
export type TextLike = Text<string> | string;
export type BoolLike = Bool<string> | boolean;

/** The name, where a value is a field as it stands; `string` once something was computed. */
declare const named: unique symbol;

export abstract class Value<N extends string = string> {
  declare readonly [named]: N;
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
}

/** A number: int64 or float64. */
export class Num<N extends string = string> extends Value<N> {
  add(other: NumLike): Num {
    return arithmetic("add", this, other);
  }
  sub(other: NumLike): Num {
    return arithmetic("sub", this, other);
  }
  mul(other: NumLike): Num {
    return arithmetic("mul", this, other);
  }
  /** The quotient as a float. Division by zero gives an infinity or NaN, which compare as false. */
  div(other: NumLike): Num {
    return new Num(op("f64", "div", float(this), float(num(other))));
  }
  /** The quotient of two integers, cut towards zero. Division by zero rejects the event. */
  idiv(other: NumLike): Num {
    return integers("idiv", this, other);
  }
  mod(other: NumLike): Num {
    return integers("mod", this, other);
  }
  neg(): Num {
    return new Num(op(this.node.type, "neg", this.node));
  }
  abs(): Num {
    return new Num(op(this.node.type, "abs", this.node));
  }
  /** The smaller of two. */
  least(other: NumLike): Num {
    return arithmetic("least", this, other);
  }
  greatest(other: NumLike): Num {
    return arithmetic("greatest", this, other);
  }
  /** The largest multiple of `step` not above it (both integers). */
  floorTo(step: NumLike): Num {
    return integers("floorTo", this, step);
  }
  toFloat(): Num {
    return new Num(float(this));
  }
  /** The nearest integer, halves away from zero. */
  round(): Num {
    return this.node.type === "i64" ? this : new Num(op("i64", "round", this.node));
  }
  /** An integer's decimal digits. */
  toText(): Text {
    if (this.node.type !== "i64") throw new TypeError("Cannot write a float as text: round it first");
    return new Text(op("text", "digits", this.node));
  }
  eq(other: NumLike): Bool {
    return comparison("eq", this, other);
  }
  ne(other: NumLike): Bool {
    return comparison("ne", this, other);
  }
  lt(other: NumLike): Bool {
    return comparison("lt", this, other);
  }
  lte(other: NumLike): Bool {
    return comparison("lte", this, other);
  }
  gt(other: NumLike): Bool {
    return comparison("gt", this, other);
  }
  gte(other: NumLike): Bool {
    return comparison("gte", this, other);
  }
  /** Whether it lies in [from, to]. */
  between(from: NumLike, to: NumLike): Bool {
    return this.gte(from).and(this.lte(to));
  }
  oneOf(values: readonly NumLike[]): Bool {
    return anyOf(values.map((value) => this.eq(value)));
  }
}

/** UTF-8 text, compared by its bytes. */
export class Text<N extends string = string> extends Value<N> {
  eq(other: TextLike): Bool {
    return new Bool(op("bool", "eq", this.node, text(other).node));
  }
  ne(other: TextLike): Bool {
    return new Bool(op("bool", "ne", this.node, text(other).node));
  }
  lt(other: TextLike): Bool {
    return new Bool(op("bool", "lt", this.node, text(other).node));
  }
  gt(other: TextLike): Bool {
    return new Bool(op("bool", "gt", this.node, text(other).node));
  }
  oneOf(values: readonly TextLike[]): Bool {
    return anyOf(values.map((value) => this.eq(value)));
  }
  startsWith(other: TextLike): Bool {
    return new Bool(op("bool", "startsWith", this.node, text(other).node));
  }
  endsWith(other: TextLike): Bool {
    return new Bool(op("bool", "endsWith", this.node, text(other).node));
  }
  contains(other: TextLike): Bool {
    return new Bool(op("bool", "contains", this.node, text(other).node));
  }
  /** Bytes. */
  length(): Num {
    return new Num(op("i64", "length", this.node));
  }
  concat(other: TextLike): Text {
    return new Text(op("text", "concat", this.node, text(other).node));
  }
  /** With small letters; of ASCII, others stay as they are. */
  lower(): Text {
    return new Text(op("text", "lower", this.node));
  }
  upper(): Text {
    return new Text(op("text", "upper", this.node));
  }
  /** Without spaces, tabs and ends of lines around it. */
  trim(): Text {
    return new Text(op("text", "trim", this.node));
  }
  /**
   * A short text (a currency, a country, an airport) as an integer, another for each: up to 8 bytes; 0 where it is
   * empty. A longer one rejects the event.
   */
  code(): Num {
    return new Num(op("i64", "code", this.node));
  }
  /** The part number `index` (from 0) between separators; empty where there is none. */
  split(separator: TextLike, index: NumLike): Text {
    return new Text(op("text", "split", this.node, text(separator).node, num(index).node));
  }
}

export class Bool<N extends string = string> extends Value<N> {
  and(other: BoolLike): Bool {
    return new Bool(op("bool", "and", this.node, bool(other).node));
  }
  or(other: BoolLike): Bool {
    return new Bool(op("bool", "or", this.node, bool(other).node));
  }
  not(): Bool {
    return new Bool(op("bool", "not", this.node));
  }
  eq(other: BoolLike): Bool {
    return new Bool(op("bool", "eq", this.node, bool(other).node));
  }
}

/** A literal as an expression; an expression as it is. */
export function num(value: NumLike): Num {
  if (value instanceof Num) return value;
  if (typeof value === "bigint") return new Num(constant("i64", BigInt.asIntN(64, value)));
  if (typeof value !== "number") {
    throw new TypeError(`Cannot compute with ${describe(value)}: a number is wanted`);
  }
  if (!Number.isFinite(value)) throw new TypeError(`Cannot compute with ${value}: a finite number is wanted`);
  return Number.isSafeInteger(value)
    ? new Num(constant("i64", BigInt(value)))
    : new Num(constant("f64", value));
}

export function text(value: TextLike): Text {
  if (value instanceof Text) return value;
  if (typeof value !== "string") {
    throw new TypeError(`Cannot compare with ${describe(value)}: text is wanted`);
  }
  return new Text(constant("text", value));
}

export function bool(value: BoolLike): Bool {
  if (value instanceof Bool) return value;
  if (typeof value !== "boolean") {
    throw new TypeError(
      `Cannot decide by ${describe(value)}: a condition is wanted, such as e.status.gte(500)`,
    );
  }
  return new Bool(constant("bool", value));
}

/** One or the other: `when(e.price.gt(100), "dear", "cheap")`. */
export function when(condition: BoolLike, then: NumLike, otherwise: NumLike): Num;
export function when(condition: BoolLike, then: TextLike, otherwise: TextLike): Text;
export function when(
  condition: BoolLike,
  then: NumLike | TextLike,
  otherwise: NumLike | TextLike,
): Num | Text {
  const test = bool(condition).node;
  if (then instanceof Text || typeof then === "string") {
    return new Text(op("text", "if", test, text(then).node, text(otherwise as TextLike).node));
  }
  const [a, b] = alike(num(then), num(otherwise as NumLike));
  return new Num(op(a.type, "if", test, a, b));
}

/** Whether any of the conditions holds. */
export function anyOf(conditions: readonly BoolLike[]): Bool {
  return conditions.map(bool).reduce((a, b) => a.or(b), bool(false));
}

export function allOf(conditions: readonly BoolLike[]): Bool {
  return conditions.map(bool).reduce((a, b) => a.and(b), bool(true));
}

/** A time given in seconds, as the microseconds that times are. */
export function seconds(value: NumLike): Num {
  return num(value).mul(1_000_000n);
}

export function millis(value: NumLike): Num {
  return num(value).mul(1_000n);
}

/** A time given as RFC 3339 text. What is no such text rejects the event. */
export function rfc3339(value: TextLike): Num {
  return new Num(op("i64", "rfc3339", text(value).node));
}

/** The clock as the event is applied: the frame's, the same in every replay. */
export function now(): Num {
  return new Num(op("i64", "now"));
}

/** Whether an optional field of an event is there. */
export function isSet(field: AnyValue): Bool {
  const { node } = field;
  if (node.kind !== "field") throw new TypeError("Cannot tell whether it is set: it is no field of an event");
  return new Bool({ kind: "field", type: "bool", row: node.row, name: `${node.name}?` });
}

/** The UTC date of a time, as `yyyy-MM-dd`. */
export function date(time: NumLike): Text {
  return new Text(op("text", "date", num(time).node));
}

/**
 * A function in AssemblyScript: the text of a module and the name of what it exports. It takes and gives i64,
 * f64 or bool; text is taken as (address, length). It must be pure.
 */
export function assembly(source: string, name: string) {
  const call = (type: ValueType, args: readonly (NumLike | TextLike | BoolLike)[]): Node => ({
    kind: "call",
    type,
    source,
    name,
    args: args.map((arg) => valueOf(arg).node),
  });
  return {
    i64: (...args: (NumLike | TextLike | BoolLike)[]) => new Num(call("i64", args)),
    f64: (...args: (NumLike | TextLike | BoolLike)[]) => new Num(call("f64", args)),
    bool: (...args: (NumLike | TextLike | BoolLike)[]) => new Bool(call("bool", args)),
  };
}

export type AnyValue = Num<string> | Text<string> | Bool<string>;
export type Literal = number | bigint | string | boolean;

/** Any value or literal as an expression. */
export function valueOf(value: AnyValue | Literal): Num | Text | Bool {
  if (value instanceof Num || value instanceof Text || value instanceof Bool) return value;
  if (typeof value === "string") return text(value);
  if (typeof value === "boolean") return bool(value);
  return num(value as NumLike);
}

/** An expression around a node. */
export function wrap(node: Node): Num | Text | Bool {
  return node.type === "text" ? new Text(node) : node.type === "bool" ? new Bool(node) : new Num(node);
}

export function fieldOf(row: RowVariable, name: string, type: ValueType): Num | Text | Bool {
  return wrap({ kind: "field", type, row, name });
}

/** Every node of a tree. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  if (node.kind === "op" || node.kind === "call") { for (const arg of node.args) yield* walk(arg); }
}

function constant(type: ValueType, value: bigint | number | boolean | string): Node {
  return { kind: "const", type, value };
}

function op(type: ValueType, name: Op, ...args: Node[]): Node {
  return { kind: "op", type, op: name, args };
}

function float(value: Num): Node {
  return value.node.type === "f64" ? value.node : op("f64", "float", value.node);
}

/** Two numbers of one type: integers stay integers, anything with a float is a float. */
function alike(a: Num, b: Num): [Node, Node] {
  return a.node.type === b.node.type ? [a.node, b.node] : [float(a), float(b)];
}

function arithmetic(name: Op, left: Num, other: NumLike): Num {
  const [a, b] = alike(left, num(other));
  return new Num(op(a.type, name, a, b));
}

function integers(name: Op, left: Num, other: NumLike): Num {
  const right = num(other);
  if (left.node.type !== "i64" || right.node.type !== "i64") {
    throw new TypeError(`Cannot use ${name} on floats: it is for integers. Use div, or round() first.`);
  }
  return new Num(op("i64", name, left.node, right.node));
}

function comparison(name: Op, left: Num, other: NumLike): Bool {
  const [a, b] = alike(left, num(other));
  return new Bool(op("bool", name, a, b));
}

function describe(value: unknown): string {
  if (value instanceof Value) return `a ${value.node.type === "text" ? "text" : value.node.type}`;
  return typeof value === "object" || typeof value === "function" ? `a ${typeof value}` : String(value);
}
