/** The rules of the house that a machine can check. CONTRIBUTING.md gives the reasons. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "@std/testing/bdd";
import { files, imports, isGenerated, isTest, resolved, ROOT, type Source, sources } from "./sources.ts";

/** About five hundred lines: beyond this a file cannot be read in a sitting. */
const LINES_MAX = 550;

/** What only the adapters (and processes: deploy, tests) may reach for. */
const AMBIENT: readonly (readonly [string, RegExp])[] = [
  ["the ambient clock", /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\./],
  ["ambient timers", /\b(?:setTimeout|setInterval|setImmediate)\s*\(/],
  ["ambient randomness", /\bMath\.random\b|\bcrypto\.(?:randomUUID|getRandomValues)\b/],
  [
    "sockets",
    /\bDeno\.(?:listen|connect|serve)\b|\bBun\.(?:listen|connect|serve)\b|\bnew WebSocket\b|(?<![.\w])fetch\(/,
  ],
  ["files or processes", /\bDeno\.(?:open|read|write|run|Command)\w*|\bBun\.(?:file|write|spawn)\b/],
];
const AMBIENT_MODULES =
  /^node:(?:fs|net|http|https|http2|dgram|tls|child_process|worker_threads|timers|perf_hooks|sqlite|os)\b/;
const DIGEST_ONLY = "runtime/hash.ts";

describe("the sources", () => {
  it("reach for the world only through it: time, randomness, timers, sockets and files live in adapters", () => {
    const found = pure().flatMap((source) => [
      ...AMBIENT.filter(([, pattern]) => pattern.test(source.code)).map(([what]) =>
        `${source.path} uses ${what}`
      ),
      ...imports(source)
        .filter((name) =>
          AMBIENT_MODULES.test(name) || (name === "node:crypto" && source.path !== DIGEST_ONLY)
        )
        .map((name) => `${source.path} imports ${name}`),
    ]);
    assert.deepEqual(found, []);
  });

  it("import one way: deploy → actors → runtime, and wasm nothing", () => {
    const found = sources().filter(({ path }) => !isTest(path)).flatMap((source) =>
      imports(source).flatMap((name) => {
        const to = resolved(source.path, name);
        const why = to === undefined ? undefined : wrongWay(source.path, to);
        return why ? [`${source.path} imports ${to}: ${why}`] : [];
      })
    );
    assert.deepEqual(found, []);
  });

  it("name files that exist", () => {
    const found = sources().filter(({ path }) => !isAssembly(path)).flatMap((source) =>
      imports(source).flatMap((name) => {
        const to = resolved(source.path, name);
        return to && !existsSync(join(ROOT, to)) ? [`${source.path} imports ${to}`] : [];
      })
    );
    assert.deepEqual(found, []);
  });

  it("can each be read in a sitting", () => {
    const found = sources().map(({ path, text }) => [path, text.split("\n").length - 1] as const)
      .filter(([, lines]) => lines > LINES_MAX);
    assert.deepEqual(found, []);
  });

  it("open with what they are for, but for tests, whose names say it", () => {
    const found = sources().filter(({ path }) => !path.endsWith("_test.ts")).filter(({ text }) =>
      !/^(?:#!.*\n)?\s*(?:\/\*\*?|\/\/)\s*\S/.test(text) &&
      !/^(?:#!.*\n)?\s*\/\*\*\n/.test(text)
    ).map(({ path }) => path);
    assert.deepEqual(found, []);
  });

  it("are all used: each is imported, or is where something starts", () => {
    const entries = /(?:_test\.ts|\/main\.ts|\/kernels\/\w+\.ts|_worker\.ts|_process\.ts)$/;
    const named = taskText();
    const used = new Set(
      sources().flatMap((source) =>
        imports(source).map((name) => withExtension(resolved(source.path, name)))
      ),
    );
    const mentioned = sources().map(({ text }) => text).join("\n");
    const dead = sources().map(({ path }) => path).filter((path) =>
      !used.has(path) && !entries.test(path) && !named.includes(path) &&
      // An operator that generated kernels import.
      !mentioned.includes(`"${path.replace(/^wasm\/|\.ts$/g, "")}"`) &&
      // Started as a process, or given to a compiler, by its name.
      !new RegExp(`["'\`/]${basename(path).replace(".", "\\.")}["'\`]`).test(mentioned)
    );
    assert.deepEqual(dead, []);
  });

  it("leave nothing for later", () => {
    // Spelt apart, so that this file does not find itself.
    const words = new RegExp(
      ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].map((word) => `\\b${word}\\b`).join("|"),
    );
    const found = files().filter(({ path, text }) =>
      path !== "LICENSE" && !path.endsWith(".lock") && words.test(text)
    )
      .map(({ path }) => path);
    assert.deepEqual(found, []);
  });

  it("name no path of anybody's machine", () => {
    const roots = ["/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/", "C:" + "\\\\"];
    const found = files().flatMap(({ path, text }) =>
      roots.filter((root) => text.includes(root)).map((root) => `${path}: ${root}`)
    );
    assert.deepEqual(found, []);
  });
});

describe("generated files", () => {
  it("say so in their first lines", () => {
    const found = files().filter(({ path }) => isGenerated(path) && path.endsWith(".ts"))
      .filter(({ text }) => !/\bgenerated\b/i.test(text.split("\n").slice(0, 60).join("\n"))).map((
        { path },
      ) => path);
    assert.deepEqual(found, []);
  });
});

describe("dependencies", () => {
  it("are pinned to one version each", () => {
    const { imports: map } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
    const loose = Object.values(map as Record<string, string>)
      .filter((target) => target.startsWith("npm:") && !/@\d+\.\d+\.\d+(?:\/|$)/.test(target));
    assert.deepEqual(loose, []);
  });

  it("are all imported somewhere", () => {
    const { imports: map } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
    const used = new Set(sources().concat(files().filter(({ path }) => isGenerated(path))).flatMap(imports));
    const idle = Object.keys(map).filter((name) =>
      ![...used].some((one) => one === name || one.startsWith(`${name}/`))
    );
    assert.deepEqual(idle, []);
  });

  it("tools have the same version wherever they are named", () => {
    const named = files().filter(({ path }) => /\.(?:md|toml|ts|json)$|^\.ci\/run$/.test(path));
    for (const [tool, pattern] of TOOLS) {
      const versions = new Set(
        named.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, version]) => version)),
      );
      assert.ok(versions.size <= 1, `${tool} is named with versions ${[...versions].join(", ")}`);
    }
  });
});

describe("the documents", () => {
  it("link to what exists", () => {
    const broken = files().filter(({ path }) => path.endsWith(".md")).flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .filter(([, target]) => !existsSync(join(ROOT, dirname(path), target)))
        .map(([, target]) => `${path} → ${target}`)
    );
    assert.deepEqual(broken, []);
  });
});

const TOOLS: readonly (readonly [string, RegExp])[] = [
  ["Deno", /\bdeno(?:@| = "|: ")(\d+\.\d+\.\d+)/g],
  ["Bun", /\bbun(?:@| = "|: ")(\d+\.\d+\.\d+)/g],
];

/** The runtime outside its adapters, and the workloads: they run in simulated worlds too. */
function pure(): Source[] {
  return sources().filter(({ path }) =>
    !isTest(path) &&
    ((path.startsWith("runtime/") && !path.startsWith("runtime/adapters/")) || path.startsWith("actors/"))
  );
}

function isAssembly(path: string): boolean {
  return path.startsWith("wasm/") && path.split("/").length > 2 || path.includes("/kernels/");
}

function wrongWay(from: string, to: string): string | undefined {
  const [layer] = from.split("/"), [target] = to.split("/");
  if (layer === "runtime" && (target === "actors" || target === "deploy")) {
    return "the runtime knows no workload";
  }
  if (layer === "actors" && target === "deploy") return "a workload does not know how it is deployed";
  if (layer === "actors" && target === "runtime" && to !== "runtime/mod.ts") {
    return "actors use runtime/mod.ts alone";
  }
  if (layer === "wasm" && target !== "wasm" && isAssembly(from)) return "wasm imports nothing from the rest";
  if (layer === "runtime" && to.startsWith("runtime/adapters/") && !from.startsWith("runtime/adapters/")) {
    return "only deploy and tests choose adapters";
  }
  if (target === "tests") return "tests are not part of the product";
  return undefined;
}

function withExtension(path: string | undefined): string {
  return path === undefined ? "" : path.endsWith(".ts") ? path : `${path}.ts`;
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The commands of deno.json and of the documents: what they name is where something starts. */
function taskText(): string {
  return files().filter(({ path }) =>
    path === "deno.json" || path === "tsconfig.json" || path.endsWith(".md")
  )
    .map(({ text }) => text).join("\n");
}
