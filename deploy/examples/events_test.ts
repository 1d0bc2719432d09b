import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";

const PROGRAM = fileURLToPath(new URL("./events.ts", import.meta.url));

describe("deno task events", () => {
  const names = run("nothing").err.match(/one of (.*), and how many/)![1].split(", ");

  it("writes events of every workload that has a generator, a line each", () => {
    assert.ok(names.includes("payments") && names.includes("shop"));
    for (const name of names) {
      const { code, out, err } = run(name, "20");
      assert.equal(code, 0, err);
      const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.ok(events.length >= 20, `${name}: ${events.length}`);
      assert.ok(events.every((event) => Object.keys(event).length > 0));
    }
  });

  it("draws the same of the same seed", () => {
    const players = (seed: string) =>
      [...run("games", "50", "--seed", seed).out.matchAll(/"player":"[^"]*"/g)].join();
    assert.equal(players("7"), players("7"));
    assert.notEqual(players("7"), players("8"));
  });

  it("refuses what it cannot make, with what it can", () => {
    for (const wrong of [["shop", "0"], ["shop", "many"], ["shop", "5", "--seed", "x"], []]) {
      const { code, err } = run(...wrong);
      assert.equal(code, 2);
      assert.match(err, /name one of ads, /);
    }
  });
});

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const permissions = process.versions.deno ? ["run", "--no-check", "--no-prompt", "--allow-read"] : [];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...permissions, PROGRAM, ...args], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  return { code: status, out: stdout, err: stderr };
}
