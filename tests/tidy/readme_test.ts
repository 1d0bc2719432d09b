/** The README's code is the code of the repository, and its program runs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { ROOT } from "./sources.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");

describe("the README", () => {
  it("shows code as it stands in the files it names", () => {
    const blocks = [...readme.matchAll(/<!-- from (\S+) -->\n+```ts\n([^]*?)```/g)];
    assert.ok(blocks.length >= 3, `only ${blocks.length} blocks name their file`);
    for (const [, path, code] of blocks) {
      assert.ok(
        readFileSync(join(ROOT, path), "utf8").includes(code.trimEnd()),
        `the code differs from ${path}`,
      );
    }
  });

  it("shows a program that decides, and goes on where it ended when it runs again", () => {
    const data = mkdtempSync(join(tmpdir(), "millrace-readme-"));
    try {
      assert.deepEqual(run(data), ["frame 2: [ 1, 20 ]", "frame 3: [ 2, 42 ]"]);
      assert.deepEqual(run(data), ["frame 5: [ 3, 62 ]", "frame 6: [ 4, 84 ]"]);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it("names only tasks that exist", () => {
    const { tasks } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
    const named = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].flatMap((path) =>
      [...readFileSync(join(ROOT, path), "utf8").matchAll(/deno(?:@\S+)? task ([a-z:]+)/g)].map(([, task]) =>
        task
      )
    );
    assert.deepEqual(named.filter((task) => !(task in tasks)), []);
  });
});

function run(data: string): string[] {
  const permissions = process.versions.deno
    ? ["run", "--no-check", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"]
    : [];
  const output = execFileSync(
    process.execPath,
    [...permissions, "deploy/examples/tally.ts", "--data", data],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  return output.trim().split("\n");
}
