/** What every checkpoint store must do. Each adapter's test calls this with a way to make an empty one. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";

export interface CheckpointPlace {
  /** A store on this place; a second one sees what the first has put. */
  open(): Promise<CheckpointStore>;
  remove(): Promise<void>;
}

export function checkpointContract(what: string, make: () => Promise<CheckpointPlace>): void {
  describe(`the checkpoint contract on ${what}`, () => {
    let place: CheckpointPlace;
    let store: CheckpointStore;
    before(async () => {
      place = await make();
      store = await place.open();
    });
    after(() => place?.remove());

    it("has nothing at first", async () => {
      assert.deepEqual(await store.list(""), []);
      assert.equal(await store.get("nothing/here"), undefined);
    });

    it("gives back what was put, also to another store on the same place", async () => {
      await store.put("tally-0/00000012", [text("one "), text("two "), text("three")]);
      assert.equal(await read(store, "tally-0/00000012"), "one two three");
      assert.equal(await read(await place.open(), "tally-0/00000012"), "one two three");
    });

    it("takes parts that come one after the other, and copies them", async () => {
      const reused = new Uint8Array(3);
      await store.put(
        "tally-1/async",
        (async function* () {
          for (const byte of [65, 66, 67]) {
            await Promise.resolve();
            yield reused.fill(byte);
          }
        })(),
      );
      assert.equal(await read(store, "tally-1/async"), "AAABBBCCC");
    });

    it("replaces a blob of the same name", async () => {
      await store.put("replaced", [text("a longer first version")]);
      await store.put("replaced", [text("second")]);
      assert.equal(await read(store, "replaced"), "second");
      assert.deepEqual(await store.list("replaced"), ["replaced"]);
    });

    it("keeps an empty blob", async () => {
      await store.put("empty", []);
      assert.equal(await read(store, "empty"), "");
    });

    it("keeps a blob of many megabytes byte for byte", async () => {
      const part = new Uint8Array(1 << 20).map((_, i) => i * 7);
      await store.put("large", Array.from({ length: 12 }, (_, i) => part.map((byte) => byte + i)));
      let at = 0;
      for await (const got of (await store.get("large"))!) {
        for (let i = 0; i < got.length; i += 997) {
          const place = at + i;
          const expected = ((place % part.length) * 7 + Math.floor(place / part.length)) & 255;
          assert.equal(got[i], expected, `byte ${place}`);
        }
        at += got.length;
      }
      assert.equal(at, 12 << 20);
    });

    it("lists names by prefix, sorted", async () => {
      for (const name of ["sorted/b", "sorted/a", "sorted/a/deeper", "sortedmore"]) {
        await store.put(name.replace("a/deeper", "c/deeper"), [text(name)]);
      }
      assert.deepEqual(await store.list("sorted/"), ["sorted/a", "sorted/b", "sorted/c/deeper"]);
      assert.deepEqual(await store.list("sorted"), ["sorted/a", "sorted/b", "sorted/c/deeper", "sortedmore"]);
    });

    it("deletes, and does not mind when there is nothing to delete", async () => {
      await store.put("gone/1", [text("x")]);
      await store.delete("gone/1");
      await store.delete("gone/1");
      assert.equal(await store.get("gone/1"), undefined);
      assert.deepEqual(await store.list("gone/"), []);
    });

    it("shows nothing of a blob whose parts fail half way, and keeps the one before", async () => {
      await store.put("half", [text("whole")]);
      const failing = (async function* () {
        yield text("the beginning");
        await Promise.resolve();
        throw new Error("the source broke");
      })();
      await assert.rejects(store.put("half", failing), /the source broke/);
      assert.equal(await read(store, "half"), "whole");
      assert.deepEqual(await store.list("half"), ["half"]);
    });

    it("refuses names that are none or that lead elsewhere", async () => {
      for (const name of ["", "/", "../x", "a/../../x", "a//b", ".", "a/.", "a b", "a\\b", "/etc/x", "ü"]) {
        await assert.rejects(async () => await store.put(name, []), /Cannot use checkpoint name/, name);
        await assert.rejects(async () => await store.get(name), /Cannot use checkpoint name/, name);
      }
    });
  });
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

async function read(store: CheckpointStore, name: string): Promise<string | undefined> {
  const parts = await store.get(name);
  if (!parts) return undefined;
  const decoder = new TextDecoder();
  let words = "";
  for await (const part of parts) words += decoder.decode(part, { stream: true });
  return words + decoder.decode();
}
