/** The messages of outputs and views, and of pipelines with several sources: made from the plan. */
import { createFileRegistry, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import {
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { ValueType } from "../expr.ts";
import type { End, Plan, Source, Step } from "../plan.ts";

/** Of a changelog: whether the row is taken back. Its number is above any that a declaration gives. */
export const RETRACTED = { name: "retracted", number: 1000 } as const;

const TYPES: Readonly<Record<ValueType, FieldDescriptorProto_Type>> = {
  i64: FieldDescriptorProto_Type.INT64,
  f64: FieldDescriptorProto_Type.DOUBLE,
  bool: FieldDescriptorProto_Type.BOOL,
  text: FieldDescriptorProto_Type.STRING,
};

/** Fields of a message whose types are not those of its schema would be. */
export function endFields(end: End): { name: string; type: ValueType; number: number }[] {
  const fields = end.fields.map(({ name, type }, i) => ({ name, type, number: i + 1 }));
  if (!end.changelog) return fields;
  return [...fields, { name: RETRACTED.name, type: "bool", number: RETRACTED.number }];
}

/** One message per end, by its name. */
export function endMessages(plan: Plan): Map<string, DescMessage> {
  const file = create(FileDescriptorProtoSchema, {
    name: `${plan.name}.outputs.proto`,
    package: `millrace.declared.${identifier(plan.name)}`,
    syntax: "proto3",
    messageType: plan.ends.filter(({ fields }) => fields.length > 0).map((end) => ({
      name: messageName(end.name),
      field: endFields(end).map(({ name, type, number }) =>
        create(FieldDescriptorProtoSchema, {
          name: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          jsonName: name,
          number,
          type: TYPES[type],
          label: FieldDescriptorProto_Label.OPTIONAL,
        })
      ),
    })),
  });
  const made = fileOf([file], file.name);
  return new Map(plan.ends.flatMap((end) => {
    const message = made.messages.find(({ name }) => name === messageName(end.name)) ?? wholeMessage(end);
    return message ? [[end.name, message]] : [];
  }));
}

/** Codes of a pipeline's own reasons to refuse an event, beside those of every kernel. */
export const OWN_REJECTS = 100;

/** Reasons and figures by their codes, from 1 on, and reasons to refuse an event. */
export function decisionEnums(
  name: string,
  reasons: readonly string[],
  figures: readonly string[],
  rejects: readonly string[],
) {
  const values = (prefix: string, names: readonly string[], first = 1) => [
    { name: `${prefix}_NONE`, number: 0 },
    ...names.map((each, i) => ({
      name: `${prefix}_${each.replace(/[A-Z]/g, (l) => `_${l}`).toUpperCase()}`,
      number: first + i,
    })),
  ];
  const file = create(FileDescriptorProtoSchema, {
    name: `${name}.decisions.proto`,
    package: `millrace.declared.${identifier(name)}`,
    syntax: "proto3",
    enumType: [
      { name: "Reason", value: values("REASON", reasons) },
      { name: "Figure", value: values("FIGURE", figures) },
      { name: "Reject", value: values("REJECT", rejects, OWN_REJECTS) },
    ],
  });
  const { enums } = fileOf([file], file.name);
  return { reasons: enums[0], figures: enums[1], rejects: enums[2] };
}

/** Rows that are whole messages of a source leave as they came. */
function wholeMessage(end: End): DescMessage | undefined {
  let step = end.from;
  while (step.kind === "filter") step = step.from;
  return step.kind === "source" ? step.message : undefined;
}

/** Fields of a step's row that tell it from others. */
export function identityOf(step: Step): string[] {
  switch (step.kind) {
    case "filter":
      return identityOf(step.from);
    case "window":
      return [...step.keys.map(({ name }) => name), "windowStart"];
    case "running":
      return step.keys.map(({ name }) => name);
    case "top":
    case "keep": {
      const names = step.keys.map(({ name }) => name);
      return names.every((name) => step.fields.some((field) => field.name === name)) ? names : [];
    }
    default:
      return [];
  }
}

/** What one event of the pipeline is, and the field that tells each source's events, where there is one. */
export interface Input {
  readonly message: DescMessage;
  /** Field number within the envelope, by source; absent where the message is the source's own. */
  readonly variants?: ReadonlyMap<Source, number>;
}

export function inputOf(plan: Plan): Input {
  const { sources } = plan;
  const envelopes = new Set(sources.map(({ variant }) => variant?.within.typeName));
  if (envelopes.size > 1) {
    throw new TypeError(
      `Cannot compile pipeline "${plan.name}": its sources are of different envelopes (${
        [...envelopes].map((name) => name ?? "none").join(", ")
      }). Give all a variant of one message, or none.`,
    );
  }
  const { variant } = sources[0];
  if (variant) {
    const numbers = sources.map((source) =>
      [
        source,
        source.variant!.within.fields.find(({ localName }) => localName === source.variant!.field)!.number,
      ] as const
    );
    return { message: variant.within, variants: new Map(numbers) };
  }
  if (sources.length === 1) return { message: sources[0].message };
  return { message: envelope(plan), variants: new Map(sources.map((source, i) => [source, i + 1])) };
}

/** A message with one of each source's messages. */
function envelope(plan: Plan): DescMessage {
  const files = new Map<string, FileDescriptorProto>();
  const collect = (file: DescFile) => {
    for (const dependency of file.dependencies) collect(dependency);
    files.set(file.proto.name, file.proto);
  };
  for (const { plain, message } of plan.sources) collect((plain ?? message).file);
  const fields = plan.sources.map(({ name, message }, i): FieldDescriptorProto =>
    create(FieldDescriptorProtoSchema, {
      name: identifier(name),
      jsonName: name,
      number: i + 1,
      type: FieldDescriptorProto_Type.MESSAGE,
      typeName: `.${message.typeName}`,
      label: FieldDescriptorProto_Label.OPTIONAL,
      oneofIndex: 0,
    })
  );
  const file = create(FileDescriptorProtoSchema, {
    name: `${plan.name}.input.proto`,
    package: `millrace.declared.${identifier(plan.name)}`,
    syntax: "proto3",
    dependency: [...new Set(plan.sources.map(({ message }) => message.file.proto.name))],
    messageType: [{ name: "Input", field: fields, oneofDecl: [{ name: "event" }] }],
  });
  return fileOf([...files.values(), file], file.name).messages[0];
}

function fileOf(files: FileDescriptorProto[], name: string): DescFile {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files }));
  return registry.getFile(name)!;
}

function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

function messageName(name: string): string {
  const joined = name.split(/[^A-Za-z0-9]+/).map((part) => part[0]?.toUpperCase() + part.slice(1)).join("");
  return joined || "Row";
}
