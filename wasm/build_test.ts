import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";
import { build, compileKernel, kernelNames } from "./build.ts";

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

  it("makes kernels that import nothing but abort", async () => {
    assert.ok(kernelNames().includes("tally"));
    for (const { name, file } of await build(["tally"])) {
      const module = await WebAssembly.compile(readFileSync(file));
      const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
      assert.ok(imports.every((one) => one === "env.abort"), `${name} imports ${imports}`);
    }
  });
});
