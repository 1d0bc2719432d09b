/** The fields of a protobuf message as typed expressions: `e.price`, `e.buyer.country`. */
import {
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type Bool, fieldOf, type Num, type RowVariable, type Text, type ValueType } from "./expr.ts";

/** What a message's fields are as expressions. Repeated fields and maps are left out. */
export type Fields<M> = {
  readonly [
    K in Exclude<keyof M, "$typeName" | "$unknown"> & string as Shown<M[K]> extends never ? never : K
  ]: FieldExpr<M[K], K>;
};

type Shown<T> = NonNullable<T> extends readonly unknown[] ? (NonNullable<T> extends Uint8Array ? T : never)
  : T;

type FieldExpr<T, K extends string> = NonNullable<T> extends bigint | number ? Num<K>
  : NonNullable<T> extends string | Uint8Array ? Text<K>
  : NonNullable<T> extends boolean ? Bool<K>
  : NonNullable<T> extends Message ? Fields<NonNullable<T>>
  : never;

export type FieldsOf<D extends DescMessage> = Fields<MessageShape<D>>;

/** A message within a message: where a oneof holds one event of several kinds. */
export interface Variant<D extends DescMessage> {
  readonly message: D;
  /** Name of the field that holds it, in the enclosing message. */
  readonly field: string;
  readonly within: DescMessage;
}

/**
 * Expressions over the fields of `message`, as seen through `row`. A name that does not exist throws at once,
 * with the names that do.
 */
export function fieldsOf<D extends DescMessage>(message: D, row: RowVariable, prefix = ""): FieldsOf<D> {
  const known = new Map(message.fields.map((field) => [field.localName, field]));
  return new Proxy({}, {
    get(_target, name) {
      if (typeof name !== "string") return undefined;
      const field = known.get(name);
      if (!field) {
        if (name === "then" || name === "toJSON") return undefined; // asked by await and by printers
        throw new TypeError(
          `Cannot find field "${name}" in ${message.typeName}: it has ${[...known.keys()].join(", ")}`,
        );
      }
      const path = prefix + name;
      if (field.fieldKind === "message") return fieldsOf(field.message, row, `${path}.`);
      return fieldOf(row, path, typeOf(field, message));
    },
  }) as FieldsOf<D>;
}

/** The field that a path of local names leads to, with those of the messages on the way. */
export function resolvePath(message: DescMessage, path: string): DescField[] {
  const fields: DescField[] = [];
  let at: DescMessage | undefined = message;
  for (const name of path.split(".")) {
    const field: DescField | undefined = at?.fields.find(({ localName }) => localName === name);
    if (!field) throw new TypeError(`Cannot find field "${path}" in ${message.typeName}`);
    fields.push(field);
    at = field.fieldKind === "message" ? field.message : undefined;
  }
  return fields;
}

/** The type of a field as an expression; throws where it has none. */
export function typeOf(field: DescField, message: DescMessage): ValueType {
  if (field.fieldKind === "enum") return "i64";
  if (field.fieldKind !== "scalar") {
    throw new TypeError(
      `Cannot compute with field "${field.localName}" of ${message.typeName}: it is a ${field.fieldKind}. ` +
        `Use a scalar field, or one of a nested message.`,
    );
  }
  switch (field.scalar) {
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "f64";
    case ScalarType.BOOL:
      return "bool";
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "text";
    default:
      return "i64";
  }
}
