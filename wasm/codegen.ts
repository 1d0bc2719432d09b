/**
 * Generates code from every .proto of runtime/proto, actors/* and tests/properties/proto:
 *
 *   <folder>/gen/<file>_pb.ts     protobuf-es, for schemas, JSON and the control plane
 *   <folder>/gen/<file>_wire.ts   a fast encoder into a given buffer
 *   wasm/gen/<file>.ts            AssemblyScript decoders and field writers, but not of the runtime's
 *
 *   deno run -A wasm/codegen.ts [--check]     --check fails where a committed file is not what is generated
 *
 * It needs buf and protoc-gen-es, which npx fetches once.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { createFileRegistry, type DescFile } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assemblyScriptOf } from "./codegen_kernel.ts";
import { wireOf } from "./codegen_wire.ts";

const here = import.meta.dirname ?? dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const BUF = "@bufbuild/buf@1.74.0";
const PLUGIN = "@bufbuild/protoc-gen-es@2.17.0";

export const HEADER = (proto: string) =>
  `// Generated from ${proto} by wasm/codegen.ts. Do not edit: change the .proto and run \`deno task gen\`.\n`;

/** Every generated file, by path from the root. */
export function generate(): Map<string, string> {
  const protos = protoFiles();
  const set = fromBinary(FileDescriptorSetSchema, describe(protos));
  const registry = createFileRegistry(set);
  const files = new Map<string, string>();
  for (const [path, text] of protobufEs(set.file, protos)) files.set(path, text);
  for (const proto of protos) {
    const file = registry.getFile(proto);
    if (!file) throw new Error(`Cannot generate code for ${proto}: buf left it out`);
    const name = basename(proto, ".proto");
    files.set(`${dirname(proto)}/gen/${name}_wire.ts`, HEADER(proto) + wireOf(file));
    if (!proto.startsWith("runtime/")) {
      files.set(`wasm/gen/${name}.ts`, HEADER(proto) + assemblyScriptOf(file, schemaHash(file)));
    }
  }
  return files;
}

/** Paths from the root of the files that `generate` reads. */
export function protoFiles(): string[] {
  const folders = ["runtime/proto", "tests/properties/proto"];
  for (const entry of readdirSync(join(root, "actors"), { withFileTypes: true })) {
    if (entry.isDirectory()) folders.push(`actors/${entry.name}`);
  }
  return folders.sort().flatMap((folder) =>
    readdirSync(join(root, folder)).filter((file) => file.endsWith(".proto")).sort().map((file) =>
      `${folder}/${file}`
    )
  );
}

/** SHA-256 over a file's descriptor and those it imports, comments left out. */
function schemaHash(file: DescFile): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const add = (one: DescFile) => {
    if (seen.has(one.name)) return;
    seen.add(one.name);
    for (const dependency of one.dependencies) add(dependency);
    hash.update(
      toBinary(FileDescriptorProtoSchema, { ...one.proto, sourceCodeInfo: undefined }),
    );
  };
  add(file);
  return hash.digest("hex");
}

/** The descriptor set, with comments. */
function describe(protos: readonly string[]): Uint8Array {
  const paths = protos.flatMap((proto) => ["--path", proto]);
  return run([
    "-y",
    "-p",
    BUF,
    "buf",
    "build",
    ".",
    "--as-file-descriptor-set",
    "-o",
    "-#format=binpb",
    ...paths,
  ]);
}

/** Runs protoc-gen-es, with files renamed into gen/ so that its imports fit. */
function protobufEs(all: readonly FileDescriptorProto[], protos: readonly string[]): [string, string][] {
  const moved = (name: string) => protos.includes(name) ? `${dirname(name)}/gen/${basename(name)}` : name;
  const request = toBinary(CodeGeneratorRequestSchema, {
    $typeName: "google.protobuf.compiler.CodeGeneratorRequest",
    fileToGenerate: protos.map(moved),
    parameter: "target=ts,import_extension=ts",
    protoFile: all.map((file) => ({
      ...file,
      name: moved(file.name),
      dependency: file.dependency.map(moved),
    })),
    sourceFileDescriptors: [],
  });
  const response = fromBinary(
    CodeGeneratorResponseSchema,
    run(["-y", "-p", PLUGIN, "protoc-gen-es"], request),
  );
  if (response.error) throw new Error(`Cannot generate protobuf-es code: ${response.error}`);
  return response.file.map((file) => [file.name, file.content]);
}

function run(args: string[], input?: Uint8Array): Uint8Array {
  const result = spawnSync("npx", args, {
    cwd: root,
    input: input && Buffer.from(input),
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) {
    throw new Error(`Cannot run npx ${args.join(" ")}: ${result.stderr?.toString().trim() || result.error}`);
  }
  return result.stdout;
}

function main(args: string[]): void {
  const stale: string[] = [];
  for (const [path, text] of generate()) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    stale.push(path);
    if (args.includes("--check")) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`generated ${path}`);
  }
  if (args.includes("--check") && stale.length) {
    throw new Error(`Generated files are not fresh: ${stale.join(", ")}. Run \`deno task gen\`.`);
  }
}

if (import.meta.main) main(process.argv.slice(2));
