import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";
import { generate } from "./codegen.ts";

const root = resolve(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)), "..");

describe("codegen", () => {
  it("would generate what is committed", () => {
    let files: Map<string, string>;
    try {
      files = generate();
    } catch (cause) {
      if (process.env.CI || !/Cannot run npx/.test(String(cause))) throw cause;
      console.log(`generated files were not compared: ${cause}`); // no buf without the package registry
      return;
    }
    const stale = [...files].filter(([path, text]) =>
      !existsSync(join(root, path)) || readFileSync(join(root, path), "utf8") !== text
    );
    assert.deepEqual(stale.map(([path]) => path), []);
  });
});
