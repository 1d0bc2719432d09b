/** Messages with fields for what is looked up: made from their descriptors, with nothing else changed. */
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { Lookup } from "./plan.ts";

export interface Widening {
  readonly message: DescMessage;
  readonly lookups: readonly Lookup[];
}

/** The message of `root`'s name, with all that it refers to, in which some messages have fields more. */
export function widened(root: DescMessage, wider: readonly Widening[]): DescMessage {
  const files = new Map<string, FileDescriptorProto>();
  const collect = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    for (const dependency of file.dependencies) collect(dependency);
    files.set(file.proto.name, copyOf(file.proto));
  };
  for (const { lookups } of wider) for (const { source } of lookups) collect(source.message.file);
  for (const { message } of wider) collect(message.file);
  collect(root.file);
  for (const { message, lookups } of wider) {
    const file = files.get(message.file.proto.name)!;
    const found = messageIn(file, message.typeName);
    for (const lookup of lookups) {
      const { file: of } = lookup.source.message;
      if (of.proto.name !== file.name) {
        if (dependsOn(of, file.name)) {
          throw new TypeError(`${of.proto.name} imports ${file.name}, which is to hold its message`);
        }
        if (!file.dependency.includes(of.proto.name)) file.dependency.push(of.proto.name);
      }
      if (!found.field.some(({ number }) => number === lookup.field)) found.field.push(...fieldsFor(lookup));
    }
  }
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: sorted(files) }));
  return registry.getMessage(root.typeName)!;
}

function fieldsFor({ name, field, source }: Lookup): FieldDescriptorProto[] {
  const of = (suffix: string, number: number, type: Partial<FieldDescriptorProto>) =>
    create(FieldDescriptorProtoSchema, {
      name: (name + suffix).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      jsonName: name + suffix,
      number,
      label: FieldDescriptorProto_Label.OPTIONAL,
      type: type.type,
      typeName: type.typeName,
    });
  return [
    of("", field, { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${source.message.typeName}` }),
    of("Found", field + 1, { type: FieldDescriptorProto_Type.BOOL }),
    of("TimedOut", field + 2, { type: FieldDescriptorProto_Type.BOOL }),
  ];
}

function copyOf(file: FileDescriptorProto): FileDescriptorProto {
  return fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file));
}

function messageIn(file: FileDescriptorProto, typeName: string): DescriptorProto {
  const prefix = file.package ? `${file.package}.` : "";
  let found: DescriptorProto | undefined;
  let among = file.messageType;
  for (const name of typeName.slice(prefix.length).split(".")) {
    found = among.find((message) => message.name === name);
    among = found?.nestedType ?? [];
  }
  return found!;
}

function dependsOn(file: DescFile, name: string): boolean {
  return file.dependencies.some((each) => each.proto.name === name || dependsOn(each, name));
}

/** Each behind those it depends on. */
function sorted(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const done = new Set<FileDescriptorProto>();
  const visit = (file: FileDescriptorProto): void => {
    if (done.has(file)) return;
    for (const name of file.dependency) visit(files.get(name)!);
    done.add(file);
  };
  for (const file of files.values()) visit(file);
  return [...done];
}
