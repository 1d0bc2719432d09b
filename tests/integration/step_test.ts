/** `millrace step` as somebody uses it: an exported partition, and commands on standard input. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "@std/testing/bdd";
import { Payments } from "../bench/payments.ts";
import { fraud } from "../../actors/payments/payments.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { start } from "../../runtime/mod.ts";
import { CONFIG } from "./system.ts";

const MAIN = fileURLToPath(new URL("../../deploy/millrace.ts", import.meta.url));
const FRAMES = 6;
const CARDS = 2;

describe("step", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-step-"));
  const archive = join(folder, "fraud-0.millrace");
  before(async () => {
    const data = join(folder, "data");
    await decideSome(data);
    assert.equal(millrace(["export", "fraud-0", archive, "--data", data], "").status, 0);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("shows one event after the other, each time it is asked to, and says when it is over", () => {
    const { stdout, status } = step("\n\n\n\n\n\n");
    assert.equal(status, 0);
    assert.deepEqual(framesIn(stdout), [2, 3, 4, 5, 6, 7]);
    assert.match(stdout, /That was the last event\.\n$/);
    assert.equal(stdout.match(/ {4}before /g)?.length, FRAMES);
    assert.equal(stdout.match(/→ reply /g)?.length, FRAMES);
  });

  it("goes on by several, by a frame, or to a frame", () => {
    assert.deepEqual(framesIn(step("2\nq\n").stdout), [2, 3, 4]);
    assert.deepEqual(framesIn(step("f\nf\nq\n").stdout), [2, 3, 4]);
    assert.deepEqual(framesIn(step("g 6\nq\n").stdout), [2, 6]);
  });

  it("tells what is known of a key as of where it stands", () => {
    const keys = keysIn(millrace(["step", archive], "").stdout);
    const { stdout } = step(`k ${keys[0]}\nk nobody\ng 7\nk ${keys.at(-1)}\nq\n`);
    const lines = stdout.split("\n");
    const told = lines.filter((line) => line.startsWith('{"'));
    const after = lines.filter((line) => line.startsWith("    after ")).map((line) => line.slice(12));
    assert.deepEqual(told, after);
    assert.equal(told.length, 2);
    assert.match(stdout, /nothing is known of nobody/);
  });

  it("says what it understands when it is told something else, and ends when nothing more comes", () => {
    const { stdout, status } = step("wat\ng 1\n");
    assert.equal(status, 0);
    assert.match(stdout, /Cannot do "wat": there is no such command\.\n {2}Enter +the next event/);
    assert.match(stdout, /This is frame 2: g takes a later one/);
    assert.deepEqual(framesIn(stdout), [2]);
  });

  it("prints all where nobody is asked", () => {
    assert.deepEqual(framesIn(millrace(["step", archive], "").stdout), [2, 3, 4, 5, 6, 7]);
  });

  function step(commands: string) {
    return millrace(["step", archive, "--interactive"], commands);
  }
});

async function decideSome(data: string): Promise<void> {
  const world = await openWorld({ ...CONFIG, ledger: "sqlite", data });
  const options = { kernels: readKernel };
  const runtime = await start({ pipelines: [fraud] }, world, new AbortController().signal, options);
  await runtime.ready;
  const payments = new Payments(CARDS, 2 * FRAMES, world.clock.now());
  for (let i = 0; i < FRAMES; i++) {
    assert.equal((await runtime.submit("fraud", payments.next())).kind, "decided");
  }
  await runtime.stop();
  await world.close();
}

function millrace(args: readonly string[], input: string): { stdout: string; status: number | null } {
  const deno = "Deno" in globalThis ? ["run", "--allow-all", "--no-check", "--quiet"] : [];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...deno, MAIN, ...args], {
    input,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return { stdout, status };
}

/** Numbers of the frames whose events are shown. */
function framesIn(stdout: string): number[] {
  return [...stdout.matchAll(/^(\d+)\.\d+ {2}\d{4}-/gm)].map(([, frame]) => Number(frame));
}

function keysIn(stdout: string): string[] {
  return [...stdout.matchAll(/^\d+\.\d+ {2}\S+ {2}(\S+)/gm)].map(([, key]) => key);
}
