/**
 * Retries under kill -9, over HTTP: clients send 10,000 idempotency keys, again until each is answered and
 * some once more, while the process is killed under them. One effect and one answer for each key.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { CONFIG } from "./system.ts";

const IDS = 10_000;
const CARDS = 50;
const CLIENTS = 32;
const KILLS = 6;
/** Of an answered key, the share that is asked again. */
const REPEATS = 0.2;
const TRIES_MAX = 2_000;
const seed = seedOf(process.env, 1);

describe(`retries under kill -9 (seed ${seed})`, () => {
  it(`${IDS} idempotency keys have one effect each, and one answer however often they are sent`, async () => {
    const data = await mkdtemp(join(tmpdir(), "millrace-retries-"));
    const random = seeded(`retries ${seed}`);
    const door = new Door(data);
    const killAt = Array.from({ length: KILLS }, () => random.int(IDS / 20, IDS - IDS / 20)).sort((a, b) =>
      a - b
    );
    const answers = new Map<number, string>();
    let retries = 0;
    let next = 0;
    const client = async () => {
      for (let id = next++; id < IDS; id = next++) {
        if (id === killAt[0]) {
          killAt.shift();
          door.restart();
        }
        const { answer, tries } = await door.ask(id);
        retries += tries - 1;
        answers.set(id, answer);
        if (!random.chance(REPEATS)) continue;
        const earlier = random.pick([id, random.int(0, id)]);
        const again = await door.ask(earlier);
        if (answers.has(earlier)) {
          assert.equal(again.answer, answers.get(earlier), `key ${earlier} answered anew`);
        }
      }
    };
    try {
      door.restart();
      await Promise.all(Array.from({ length: CLIENTS }, client));
      assert.equal(answers.size, IDS);
      assert.equal(killAt.length, 0);
      assert.ok(retries > 0, "no kill hit a request");
      for (let card = 0; card < CARDS; card++) {
        const { count, sum } = await door.state(`card-${card}`);
        assert.deepEqual({ count, sum }, { count: IDS / CARDS, sum: IDS / CARDS });
      }
    } finally {
      await door.close();
      await rm(data, { recursive: true, force: true });
    }
  });
});

/** The process behind the door, and who asks there. */
class Door {
  #child: ChildProcess | undefined;
  #port: Promise<number> = Promise.reject(new Error("not started"));

  constructor(private readonly data: string) {
    this.#port.catch(() => {});
  }

  /** Kills the process, if there is one, and starts the next on the same data. */
  restart(): void {
    this.#port = this.#port.catch(() => 0).then(() => this.close()).then(() => this.#start());
    this.#port.catch(() => {});
  }

  #start(): Promise<number> {
    const path = fileURLToPath(new URL("door.ts", import.meta.url));
    const run = "Deno" in globalThis ? ["run", "-A", "--no-check", path] : [path];
    const config = JSON.stringify({ ...CONFIG, ledger: "sqlite", data: this.data });
    const child = spawn(process.execPath, [...run, config], { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    return new Promise((resolve, reject) => {
      let said = "";
      child.stdout!.on("data", (part) => {
        said += part;
        if (said.includes("\n")) resolve(JSON.parse(said).port);
      });
      child.once("exit", (code) => reject(new Error(`the runtime ended with ${code}`)));
    });
  }

  /** Sends an event until it is answered; the answer without what may differ between first and repeat. */
  async ask(id: number): Promise<{ answer: string; tries: number }> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      try {
        const response = await fetch(`http://127.0.0.1:${await this.#port}/v1/tally/decide`, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": `key-${id}` },
          body: JSON.stringify({ key: `card-${id % CARDS}`, amount: 1 }),
        });
        const text = await response.text();
        if (response.status === 200) {
          return { answer: JSON.stringify({ ...JSON.parse(text), duplicate: undefined }), tries };
        }
        assert.ok([409, 429, 503].includes(response.status), text);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`key ${id} was never answered`);
  }

  async state(key: string): Promise<{ count: number; sum: number }> {
    return await (await fetch(`http://127.0.0.1:${await this.#port}/v1/tally/state/${key}`)).json();
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}
