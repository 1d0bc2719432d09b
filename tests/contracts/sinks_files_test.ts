/** The sink contract on files, and what only files have to show. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyText } from "../../runtime/output/identity.ts";
import { OutputRecordSchema } from "../../runtime/proto/gen/output_pb.ts";
import { openSink } from "./sink_places.ts";
import { batches, goOn, payloadText, type Seen, sinkContract, type SinkPlace } from "./sinks.ts";

for (const format of ["ndjson", "protobuf"] as const) {
  sinkContract(`files of ${format}`, {
    rows: "output",
    steps: ["write", "sync", "name", "folder", "done"],
    atomic: true,
    make: () => place(format),
  });
}

async function place(format: "ndjson" | "protobuf"): Promise<SinkPlace & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-sink-"));
  const config = { kind: "files", folder, format } as const;
  return {
    config,
    folder,
    open: (step) => openSink(config, step),
    async seen() {
      const names = await readdir(folder, { recursive: true });
      const files = names.filter((name) => /\.(ndjson|pb)$/.test(name));
      const contents = await Promise.all(files.map((name) => readFile(join(folder, name))));
      return contents.flatMap((bytes) => format === "ndjson" ? ofLines(bytes) : ofRecords(bytes));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

function ofLines(bytes: Uint8Array): Seen[] {
  return new TextDecoder().decode(bytes).trimEnd().split("\n").map((line) => {
    const { partition, frame, output, key, value } = JSON.parse(line);
    return { partition, frame, output, key, payload: value };
  });
}

function ofRecords(bytes: Uint8Array): Seen[] {
  const reader = new BinaryReader(bytes), seen: Seen[] = [];
  while (reader.pos < reader.len) {
    const { partition, frame, output, key, payload } = fromBinary(OutputRecordSchema, reader.bytes());
    seen.push({ partition, frame: Number(frame), output, key: keyText(key), payload: payloadText(payload) });
  }
  return seen;
}

describe("files as a sink", () => {
  it("shows a reader whole segments in the order of their names, and clears away what a crash left", async () => {
    const { folder, open, remove } = await place("ndjson");
    await goOn(await open(), batches(0, [1, 2, 3]));
    const left = join(folder, "0", "000000000000009.0000000.ndjson.of-a-crash~");
    await writeFile(left, "half a rec");
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(left, longAgo, longAgo);
    assert.deepEqual((await (await open()).position(0))!.frame, 3);
    const names = await readdir(join(folder, "0"));
    assert.deepEqual(names.sort(), [
      "000000000000001.0000000.ndjson",
      "000000000000001.0000005.ndjson",
      "000000000000002.0000005.ndjson",
    ]);
    await remove();
  });

  it("leaves alone what another writer is about to finish", async () => {
    const { open, remove } = await place("ndjson");
    const [first] = batches(0, [1]);
    const reached = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
    const one = await open((step) => {
      if (step !== "name") return;
      reached.resolve();
      return go.promise;
    });
    const committed = one.commit(first);
    await reached.promise;
    assert.equal(await (await open()).position(0), undefined);
    go.resolve();
    await committed;
    assert.deepEqual(await (await open()).position(0), first.next);
    await remove();
  });

  it("refuses to guess where it stands when its newest segment was cut short", async () => {
    for (const format of ["ndjson", "protobuf"] as const) {
      const { folder, open, remove } = await place(format);
      await goOn(await open(), batches(0, [1]));
      const [name] = await readdir(join(folder, "0"));
      const file = join(folder, "0", name);
      await truncate(file, (await readFile(file)).length - 3);
      await assert.rejects(
        async () => await (await open()).position(0),
        /Cannot resume files .* does not end with a record\. Restore it, or move it away/,
      );
      await remove();
    }
  });
});
