/** Behaviour of the options: where a value comes from, and what is said when it is wrong. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "@std/testing/bdd";
import { configure, LEDGER_OPTIONS, START_OPTIONS } from "./config.ts";
import { toggle, variable } from "./options.ts";

describe("the configuration", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("takes defaults when nothing is said", () => {
    const { values, origins } = configure(START_OPTIONS, ["--config", file({})], {});
    assert.equal(values.ledger, "sqlite");
    assert.equal(values.httpPort, 8080);
    assert.equal(origins.httpPort, "default");
  });

  it("prefers the flag to the environment, and the environment to the file", () => {
    const path = file({ httpPort: 1, data: "from-file", partitions: 3 });
    const environment = { MILLRACE_HTTP_PORT: "2", MILLRACE_DATA: "from-environment" };
    const { values, origins } = configure(START_OPTIONS, ["--config", path, "--http-port", "3"], environment);
    assert.equal(values.httpPort, 3);
    assert.equal(values.data, "from-environment");
    assert.equal(values.partitions, 3);
    assert.equal(origins.httpPort, "--http-port");
    assert.equal(origins.data, "environment variable MILLRACE_DATA");
    assert.equal(origins.partitions, path);
  });

  it("names the option, the value, its source and the fix when a value is wrong", () => {
    fails(
      ["--http-port", "eighty"],
      {},
      /"eighty" as httpPort \(from --http-port\).*whole number from 0 to 65535.*--http-port 8080/,
    );
    fails(
      [],
      { MILLRACE_LEDGER: "kafka" },
      /"kafka" as ledger \(from environment variable MILLRACE_LEDGER\).*sqlite, jetstream/,
    );
    fails(["--data"], {}, /--data without a value.*For example: --data/);
    fails(["--http-port=70000"], {}, /from 0 to 65535/);
    fails(["--http-port", "0x10"], {}, /whole number/);
    fails(["--data="], {}, /not empty/);
  });

  it("reports every wrong option at once", () => {
    fails(
      ["--http-port", "x", "--partitions", "0", "--nonsense", "1"],
      {},
      /nonsense[^]*httpPort|httpPort[^]*nonsense/,
    );
  });

  it("suggests the option that was meant", () => {
    fails(["--leger", "sqlite"], {}, /Cannot use --leger: there is no such option\. Did you mean --ledger\?/);
    fails(
      ["--config", file({ dta: "x" })],
      {},
      /"dta" \(from .*\): there is no such option\. Did you mean data\?/,
    );
  });

  it("says what is wrong with a config file", () => {
    fails(["--config", "/nonexistent/millrace.json"], {}, /Cannot read the config file \/nonexistent/);
    fails(["--config", file("{")], {}, /is not JSON/);
    fails(["--config", file("[1]")], {}, /must hold one object/);
    fails(["--config", file({ httpPort: "8080" })], {}, /"8080" as httpPort .*"httpPort": 8080/);
  });

  it("lets a file hold options of other commands, and checks them too", () => {
    const { values } = configure(LEDGER_OPTIONS, ["--config", file({ httpPort: 1, data: "x" })], {});
    assert.equal(values.data, "x");
    assert.throws(() => configure(LEDGER_OPTIONS, ["--config", file({ httpPort: -1 })], {}), /httpPort/);
  });

  it("tells switches, values and operands apart", () => {
    const options = { ...LEDGER_OPTIONS, json: toggle("as JSON") };
    const args = ["--config", file({}), "fraud-0", "--json", "second", "--data=x", "--", "--third"];
    const { values, operands } = configure(options, args, {});
    assert.equal(values.json, true);
    assert.equal(values.data, "x");
    assert.deepEqual(operands, ["fraud-0", "second", "--third"]);
  });

  it("spells an option for the environment", () => {
    assert.equal(variable("natsUrl"), "MILLRACE_NATS_URL");
    assert.equal(variable("httpPort"), "MILLRACE_HTTP_PORT");
  });
});

function fails(args: string[], environment: Record<string, string>, expected: RegExp): void {
  const all = args.includes("--config") ? args : ["--config", file({}), ...args];
  assert.throws(() => configure(START_OPTIONS, all, environment), (error: Error) => {
    assert.match(error.message, expected);
    return true;
  });
}

const folder = mkdtempSync(join(tmpdir(), "millrace-config-"));
let files = 0;

function file(content: unknown): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
