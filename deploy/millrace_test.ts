import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "@std/testing/bdd";

const folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
const program = fileURLToPath(new URL("./millrace.ts", import.meta.url));
/** Those of the task: a command that needs more of them fails here. */
const DENO_PERMISSIONS = taskPermissions("millrace");

describe("the command line", () => {
  it("explains itself, and each command with examples", async () => {
    const all = await run("help");
    assert.equal(all.code, 0);
    for (const name of ["start", "demo", "run", "inspect", "verify", "export", "import", "step", "doctor"]) {
      assert.match(all.out, new RegExp(`^  ${name} `, "m"));
      const one = await run("help", name);
      assert.equal(one.code, 0);
      assert.match(one.out, /Usage: .*Examples:/s);
    }
    assert.equal((await run("verify", "--help")).out, (await run("help", "verify")).out);
  });

  it("suggests what was meant", async () => {
    const { code, err } = await run("strat");
    assert.equal(code, 2);
    assert.match(err, /no such command\. Did you mean `start`\?/);
    assert.match((await run("inspect", "--dta", "x")).err, /Did you mean --data\?/);
  });

  it("says that there is no ledger where there is none", async () => {
    const { code, err } = await run("verify", "--data", join(folder, "nothing"));
    assert.equal(code, 2);
    assert.match(err, /Cannot read the ledger in .*nothing: there is none/);
  });

  it("looks at the folder of the ledger, with no more rights than the task has", async () => {
    assert.match((await run("doctor", "--data", folder)).out, /^ok +data folder .* MB free$/m);
  });

  it("names the option behind what cannot be opened", async () => {
    const nats = await run("start", "--ledger", "jetstream", "--nats-url", "nats://127.0.0.1:1");
    assert.equal(nats.code, 1);
    assert.match(nats.err, /Cannot connect to NATS .*option: --nats-url/s);
    assert.match((await run("start", "--config", "nope.json")).err, /nope\.json: .*Correct --config/);
    assert.match((await run("start", "--pipelines", "nope.ts")).err, /from nope\.ts: .*Correct the file/);
  });

  it("runs a pipeline whose kernel is handwritten, from the module that exports it", async () => {
    const module = fileURLToPath(new URL("../actors/tally/tally.ts", import.meta.url));
    const input = join(folder, "tea.ndjson");
    writeFileSync(input, [20, 22].map((amount) => JSON.stringify({ key: "tea", amount })).join("\n"));
    const given = ["--pipelines", module, "--data", join(folder, "own")];
    const { code, out, err } = await run("run", "tally", input, ...given);
    assert.equal(code, 0, err);
    assert.deepEqual(json(out).map(({ figures }) => figures), [{ COUNT: 1, SUM: 20 }, { COUNT: 2, SUM: 42 }]);
    assert.match((await run("verify", ...given)).out, /proven +tally-0/);
    assert.match((await run("explain", module)).err, /Cannot tell the plan of tally: .*handwritten/);
  });

  it("counts late events after all, and writes what that changes once", async () => {
    const data = join(folder, "late"), input = join(folder, "late.ndjson"), module = join(folder, "sums.ts");
    const imported = (path: string) => JSON.stringify(new URL(`../${path}`, import.meta.url).href);
    writeFileSync(
      module,
      `import { bounded, count, pipeline, source, tumbling } from ${imported("runtime/mod.ts")};
       import { TallySchema } from ${imported("actors/tally/gen/tally_pb.ts")};
       export default pipeline("sums", {
         input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") }),
       }).key((e) => e.key).window(tumbling("10s")).aggregate({ n: count() }).to("out", { corrected: true });`,
    );
    const events = [1, 30, 2].map((second) => JSON.stringify({ key: "a", at: String(second * 1_000_000) }));
    writeFileSync(input, events.join("\n"));
    const given = ["--pipelines", module, "--data", data];
    assert.deepEqual(
      json((await run("run", "sums", input, "--open", ...given)).out).map(({ row }) => row.n),
      [1],
    );
    assert.equal((await run("late", "sums", "--write", ...given)).code, 2);
    const told = await run("late", "sums", "--reapply", ...given);
    assert.match(told.err, /2 rows would differ/);
    const written = await run("late", "sums", "--reapply", "--write", ...given);
    assert.equal(written.out, told.out);
    assert.deepEqual(json(written.out).map(({ retracted, row }) => [retracted, row.n]), [[true, 1], [
      undefined,
      2,
    ]]);
    assert.match((await run("late", "sums", "--reapply", "--write", ...given)).err, /0 rows corrected/);
    assert.match((await run("verify", ...given)).out, /proven/);
  });

  it("decides a file, shows its frames, and proves them", async () => {
    const data = join(folder, "file"), input = join(folder, "payments.ndjson");
    const at = Date.now() * 1_000;
    const payment = (card: string) => ({
      payment: { card, bin: "411111", merchant: "m", amount: 1_000, at },
    });
    writeFileSync(input, [payment("a"), payment("b")].map((each) => JSON.stringify(each)).join("\n"));
    const decided = await run("run", "payments", input, "--data", data);
    assert.equal(decided.code, 0, decided.err);
    assert.deepEqual(json(decided.out).map(({ verdict }) => verdict), ["APPROVE", "APPROVE"]);

    const again = await run("run", "payments", input, "--data", data);
    assert.match(again.err, /was run on this ledger before: what it took up to line 2 changes nothing/);
    assert.match(again.err, /2 events: 0 decided, 2 applied/);

    const shown = await run(
      "inspect",
      "fraud-0",
      "--data",
      data,
      "--from",
      "1",
      "--effects",
      "reply",
      "--json",
    );
    const events = json(shown.out).flatMap(({ events }) => events);
    assert.deepEqual(events.map(({ payload }) => payload.payment.card), ["a", "b"]);
    assert.deepEqual(events.map(({ effects }) => effects[0].payload.verdict), ["APPROVE", "APPROVE"]);

    const verified = await run("verify", "--data", data, "--json");
    assert.equal(verified.code, 0, verified.err);
    const chains = json(verified.out);
    for (const { findings } of chains) assert.deepEqual(findings, []);
    assert.deepEqual(Object.fromEntries(chains.map(({ chain, events }) => [chain, events])), {
      "bin-attack-0": 4,
      "fraud-0": 4,
      "pretrade-0": 0,
    });
  });

  it("tells the state as it was, and takes a partition elsewhere to step through it", async () => {
    const data = join(folder, "file"), file = join(folder, "fraud-0.millrace");
    const state = async (at: string) =>
      json((await run("inspect", "fraud", "--data", data, "--key", "a", "--at", at, "--json")).out)[0].state;
    assert.equal(await state("1"), null);
    assert.equal((await state(new Date(Date.now() + 60_000).toISOString())).count, 1);
    assert.equal((await run("export", "fraud-0", file, "--data", data)).code, 0);
    const steps = json((await run("step", file, "--key", "b", "--json")).out);
    assert.deepEqual(steps.map(({ before, after }) => [before?.count, after.count]), [[undefined, 1], [
      1,
      1,
    ]]);
    const copy = join(folder, "copy");
    assert.equal((await run("import", file, "--data", copy)).code, 0);
    assert.equal((await run("verify", "--data", copy)).code, 0);
    const { code, err } = await run("step", join(folder, "nothing"), "--data", copy);
    assert.equal(code, 2);
    assert.match(err, /there is no such file, and sqlite \S+ holds fraud-0/);
  });

  it("proves the chain of a ledger that other options wrote, and says that its effects are not proven", async () => {
    const { code, out } = await run("verify", "--data", join(folder, "file"), "--dedupe-seconds", "1");
    assert.equal(code, 3);
    assert.match(
      out,
      /NOT PROVEN {2}\S+: frames 2 to \d+ .* were decided by kernel \w+, which is not at hand/,
    );
  });

  it("ends with what is damaged where a partition cannot be recovered, instead of waiting for it", async () => {
    const module = fileURLToPath(new URL("../actors/tally/tally.ts", import.meta.url));
    const data = join(folder, "damaged"), input = join(folder, "one.ndjson");
    writeFileSync(input, JSON.stringify({ key: "tea", amount: 1 }));
    const given = ["run", "tally", input, "--pipelines", module, "--data", data];
    assert.equal((await run(...given)).code, 0);
    rmSync(join(data, "checkpoints"), { recursive: true });
    const database = new DatabaseSync(join(data, "ledger.db"));
    database.exec("UPDATE chain_1 SET message = zeroblob(length(message)) WHERE sequence = 2");
    database.close();
    const { code, err } = await run(...given);
    assert.equal(code, 1);
    assert.match(err, /frame 2 of tally-0/);
  });

  it("serves until it is told to stop", async () => {
    const child = open("start", "--data", join(folder, "start"), "--http-port", "0");
    const { serving, durability } = JSON.parse(await firstLine(child));
    assert.equal(durability, "process");
    const health = await fetch(`${serving}/readyz`);
    assert.equal(health.status, 200);
    await health.body?.cancel();
    process.kill(child.pid!, "SIGTERM");
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
  });
});

describe("the demo", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  const data = join(folder, "demo");
  const brief = ["--data", data, "--rate", "500", "--http-port", "0"];

  it("ends with a summary in which nothing was lost or doubled, and the attack was blocked", async () => {
    const { code, out } = await run("demo", ...brief, "--seconds", "4", "--json");
    assert.equal(code, 0, out);
    const summary = JSON.parse(out.trimEnd().split("\n").at(-1)!);
    assert.deepEqual(Object.keys(summary), [
      "events",
      "decisions",
      "declined",
      "attack",
      "decideUs",
      "durableMs",
      "lost",
      "duplicated",
    ]);
    assert.ok(summary.events > 0 && summary.decisions > 0 && summary.declined > 0);
    const { startedAtMs, blockedAtMs, firstTransactionToBlockMs } = summary.attack;
    assert.equal(blockedAtMs - startedAtMs, firstTransactionToBlockMs);
    assert.ok(firstTransactionToBlockMs <= 90_000);
    assert.ok(summary.decideUs.p50 <= summary.durableMs.p50 * 1_000);
    assert.deepEqual([summary.lost, summary.duplicated], [0, 0]);
    // Orders are decided too, on any day of the week.
    assert.match(out, /; 0 events rejected\./);
  });

  it("carries on after kill -9, and says what it recovered", async () => {
    const child = open("demo", ...brief, "--seconds", "60");
    await untilOutput(child, /decisions\/s/);
    child.kill("SIGKILL");
    await once(child, "exit");
    const { code, out } = await run("demo", ...brief, "--seconds", "2", "--json");
    assert.equal(code, 0, out);
    assert.match(out, /^Recovered [\d,]+ frames in .*: [\d,]+ events replayed/m);
    assert.match(out, /0 lost, 0 duplicated/);
    const verified = await run("verify", "--data", data);
    assert.equal(verified.code, 0, verified.out + verified.err);
  });
});

/** The permissions of a task in deno.json. */
function taskPermissions(task: string): string[] {
  const { tasks } = JSON.parse(readFileSync(new URL("../deno.json", import.meta.url), "utf8"));
  const { command } = tasks[task] as { command: string };
  return command.split(" ").filter((word) => word === "--no-prompt" || word.startsWith("--allow-"));
}

function open(...args: string[]): ChildProcess {
  const runner = process.versions.deno ? ["run", "--no-check", "--quiet", ...DENO_PERMISSIONS] : [];
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("MILLRACE_"));
  return spawn(process.execPath, [...runner, program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(environment), NO_COLOR: "1" },
    cwd: folder,
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = open(...args);
  let out = "", err = "";
  child.stdout!.on("data", (part) => out += part);
  child.stderr!.on("data", (part) => err += part);
  const [code] = await once(child, "close");
  return { code, out, err };
}

// deno-lint-ignore no-explicit-any -- lines of JSON of several shapes
function json(text: string): any[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function firstLine(child: ChildProcess): Promise<string> {
  return (await untilOutput(child, /\n/)).split("\n")[0];
}

function untilOutput(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = "", err = "";
    child.stderr!.on("data", (part) => err += part);
    child.stdout!.on("data", (part) => {
      out += part;
      if (pattern.test(out)) resolve(out);
    });
    child.once(
      "exit",
      (code) => reject(new Error(`ended with ${code} before it said ${pattern}: ${out}${err}`)),
    );
  });
}
