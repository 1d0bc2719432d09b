/**
 * Message descriptors written in the test that uses them, without a .proto file: for tests of what must hold
 * for any schema.
 */
import { create, createFileRegistry, type DescEnum, type DescMessage } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

export type TestType =
  | keyof typeof FieldDescriptorProto_Type
  /** A message ("Inner") or an enum ("enum Colour") of the same schema. */
  | (string & Record<never, never>);

export interface TestField {
  readonly name: string;
  readonly number: number;
  readonly type: TestType;
  readonly oneof?: string;
  readonly repeated?: boolean;
  readonly optional?: boolean;
}

export interface TestSchema {
  message(name: string): DescMessage;
  enum(name: string): DescEnum;
}

/** `messages` maps a name to its fields, `enums` a name to its values by number. */
export function schema(
  messages: Record<string, readonly TestField[]>,
  enums: Record<string, Record<string, number>> = {},
): TestSchema {
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    messageType: Object.entries(messages).map(([name, fields]) =>
      descriptor(name, fields)
    ) as DescriptorProto[],
    enumType: Object.entries(enums).map(([name, values]) => ({
      name,
      value: Object.entries(values).map(([value, number]) => ({ name: value, number })),
    })),
  });
  const registry = createFileRegistry(file, () => undefined);
  return {
    message(name) {
      const found = registry.getMessage(`test.${name}`);
      if (found === undefined) {
        throw new Error(`Cannot find message "${name}": the test's schema does not have it`);
      }
      return found;
    },
    enum(name) {
      const found = registry.getEnum(`test.${name}`);
      if (found === undefined) {
        throw new Error(`Cannot find enum "${name}": the test's schema does not have it`);
      }
      return found;
    },
  };
}

function descriptor(name: string, fields: readonly TestField[]) {
  const oneofs = [...new Set(fields.flatMap((field) => field.oneof ?? []))];
  const synthetic = fields.filter((field) => field.optional).map((field) => `_${field.name}`);
  const indexOf = (oneof: string) => [...oneofs, ...synthetic].indexOf(oneof);
  return {
    name,
    oneofDecl: [...oneofs, ...synthetic].map((oneof) => ({ name: oneof })),
    field: fields.map((field) => ({
      name: field.name,
      jsonName: field.name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      number: field.number,
      label: field.repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
      ...typeOf(field.type),
      ...(field.oneof ? { oneofIndex: indexOf(field.oneof) } : {}),
      ...(field.optional ? { oneofIndex: indexOf(`_${field.name}`), proto3Optional: true } : {}),
    })),
  };
}

function typeOf(type: TestType) {
  if (type.startsWith("enum ")) {
    return { type: FieldDescriptorProto_Type.ENUM, typeName: `.test.${type.slice(5)}` };
  }
  if (type in FieldDescriptorProto_Type) {
    return { type: FieldDescriptorProto_Type[type as keyof typeof FieldDescriptorProto_Type] };
  }
  return { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.test.${type}` };
}
