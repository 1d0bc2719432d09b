import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "@std/testing/bdd";
import { create, toBinary } from "@bufbuild/protobuf";
import { TallySchema } from "../actors/tally/gen/tally_pb.ts";
import { start } from "../runtime/mod.ts";
import { against } from "./against.ts";
import type { LedgerConfig } from "./config.ts";
import { readKernel } from "./kernels.ts";
import { configuredTopology, DEFAULTS } from "./topology.ts";
import { openWorld } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-against-"));
const data = join(folder, "data");

/** A module that declares counts of at least `least` in windows of `size`. */
function declaration(name: string, size: string, least: number): string {
  const url = (path: string) => JSON.stringify(pathToFileURL(resolve(path)).href);
  const file = join(folder, `${name}.ts`);
  writeFileSync(
    file,
    `import { TallySchema } from ${url("actors/tally/gen/tally_pb.ts")};
     import { bounded, count, pipeline, source, tumbling } from ${url("runtime/mod.ts")};
     export default pipeline("counted", {
       input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s") }),
     }).key((e) => e.key).window(tumbling("${size}")).aggregate({ n: count() })
       .having((w) => w.n.gte(${least})).to("counts");`,
  );
  return file;
}

const old = declaration("old", "10s", 1);
const tail = declaration("tail", "10s", 2);
const longer = declaration("longer", "20s", 2);

async function told(path: string, other: string): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  return { code: await against(path, other, (line) => void lines.push(line)), lines };
}

describe("explain --against", () => {
  before(async () => {
    const config = { ...DEFAULTS, ledger: "sqlite", data, logLevel: "silent" } as unknown as LedgerConfig;
    const world = await openWorld(config);
    const topology = await configuredTopology({ ...DEFAULTS, pipelines: old });
    const runtime = await start(topology, world, new AbortController().signal, { kernels: readKernel });
    await runtime.ready;
    await runtime.submit("counted", toBinary(TallySchema, create(TallySchema, { key: "a", at: 1_000_000n })));
    await runtime.stop();
    await world.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("tells of two declarations what would become of the state", async () => {
    assert.deepEqual((await told(tail, old)).lines, [
      "counted: its state carries over",
      "  .filter, step 4: filter (n gte 2) (it was filter (n gte 1))",
    ]);
    const { code, lines } = await told(longer, old);
    assert.equal(code, 3);
    assert.equal(lines[0], "counted: its state is rebuilt by replay");
    assert.match(lines[1], /\.aggregate, step 3: window tumbling 20s .*it was window tumbling 10s/);
  });

  it("tells the same of what runs in a folder, and what a replay would have to read", async () => {
    assert.deepEqual(await told(old, data), { code: 0, lines: ["counted: nothing changed"] });
    assert.equal((await told(tail, data)).code, 0);
    const { code, lines } = await told(longer, data);
    assert.equal(code, 3);
    assert.match(lines[0], /rebuilt by replay: \d+ frames, 1 MB in partition 0; how long that takes is told/);
  });
});
