import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";
import { build, buildDeclared, compileKernel, kernelNames } from "./build.ts";

const here = import.meta.dirname ?? dirname(fileURLToPath(import.meta.url));

describe("build", () => {
  it("gives the same bytes each time and on each runtime", async () => {
    // What stands in wasm/build may come from the other runtime, so comparing with it compares the two.
    const [{ file }] = await build(["tally"]);
    const fresh = await compileKernel(join(here, "kernels", "tally.ts"));
    assert.ok(readFileSync(file).equals(fresh));
  });

  it("leaves a fresh kernel alone", async () => {
    await build(["tally"]);
    assert.deepEqual((await build(["tally"])).map(({ built }) => built), [false]);
  });

  it("ends a compiler that comes to no end, names the function, and builds the next kernel", async () => {
    const tally = readFileSync(join(here, "kernels", "tally.ts"), "utf8");
    const endless = tally.replace("  total.count += 1;", "  total.count += thrice(1);") +
      "\nfunction thrice(n: i32): i32 { return thrice(thrice(thrice(n))); }\n";
    assert.notEqual(endless.indexOf("total.count += thrice"), -1);
    const before = process.env.MILLRACE_COMPILE_SECONDS;
    process.env.MILLRACE_COMPILE_SECONDS = "8";
    try {
      await assert.rejects(
        buildDeclared("endless", new Map([["kernel", endless]])),
        /Cannot build kernel endless: the compiler came to no end in 8 s.*Here: thrice in wasm\/declared\/kernel\.ts/,
      );
    } finally {
      if (before === undefined) delete process.env.MILLRACE_COMPILE_SECONDS;
      else process.env.MILLRACE_COMPILE_SECONDS = before;
    }
    assert.ok((await compileKernel(join(here, "kernels", "tally.ts"))).length > 0);
  });

  it("makes kernels that import nothing but abort", async () => {
    assert.ok(kernelNames().includes("tally"));
    for (const { name, file } of await build(["tally"])) {
      const module = await WebAssembly.compile(readFileSync(file));
      const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
      assert.ok(imports.every((one) => one === "env.abort"), `${name} imports ${imports}`);
    }
  });
});
