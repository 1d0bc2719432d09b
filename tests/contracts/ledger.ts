/**
 * What every ledger must do, whatever keeps it. Each adapter's test calls `ledgerContract` with a way to make
 * an empty place to keep chains in, and to open any number of ledgers (writers) on that place.
 */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { Appended, Chain, Ledger, Stored } from "../../runtime/world/ledger.ts";

export interface LedgerPlace {
  /** A writer of its own on this place: its own connection, as another process would have. */
  open(): Promise<Ledger>;
  /** Ends a writer as a crash would: nothing flushed, nothing said. */
  crash(ledger: Ledger): Promise<void>;
  /** Removes the place and everything opened on it. */
  remove(): Promise<void>;
}

export interface LedgerContractOptions {
  /** Why this ledger is not tested here; every skip has its reason. */
  readonly skip?: string;
}

export function ledgerContract(
  what: string,
  make: () => Promise<LedgerPlace>,
  options: LedgerContractOptions = {},
): void {
  const title = options.skip ? `the ledger contract on ${what} (skipped: ${options.skip})` : what;
  describe(`the ledger contract on ${title}`, { skip: options.skip !== undefined }, () => {
    let place: LedgerPlace;
    let ledger: Ledger;
    let chains = 0;
    const fresh = () => ledger.open(`contract-${++chains}`);

    before(async () => {
      place = await make();
      ledger = await place.open();
    });
    after(async () => {
      await ledger?.close();
      await place?.remove();
    });

    it("opens a new chain empty, with extent 1 to 0", async () => {
      const chain = await fresh();
      assert.deepEqual(await chain.extent(), { first: 1, last: 0 });
      assert.equal(await chain.get(1), undefined);
      assert.deepEqual(await collect(chain.read(1)), []);
    });

    it("appends as sequences 1, 2, 3 and reads them back", async () => {
      const chain = await fresh();
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await chain.append(i, message(i + 1)), { kind: "stored", sequence: i + 1 });
      }
      assert.deepEqual(await chain.extent(), { first: 1, last: 3 });
      assert.deepEqual(await chain.get(2), message(2));
      assert.deepEqual(await collect(chain.read(1)), [1, 2, 3].map(stored));
      assert.deepEqual(await collect(chain.read(2)), [2, 3].map(stored));
      assert.deepEqual(await collect(chain.read(2, 2)), [stored(2)]);
      assert.deepEqual(await collect(chain.read(4)), []);
    });

    it("is followed, where it can be: what is there, then what comes, until the signal", async () => {
      const chain = await fresh();
      if (!chain.follow) return;
      await appendAll(chain, 1, 3);
      const over = new AbortController();
      const seen: Stored[] = [];
      for await (const { sequence, message, last } of chain.follow(2, over.signal)) {
        seen.push({ sequence, message: new Uint8Array(message) });
        assert.ok(last >= sequence);
        if (sequence === 3) await appendAll(chain, 4, 300);
        if (sequence === 300) over.abort();
      }
      assert.deepEqual(seen, numbers(2, 300).map(stored));
    });

    it("keeps an empty message", async () => {
      const chain = await fresh();
      assert.equal((await chain.append(0, new Uint8Array())).kind, "stored");
      assert.deepEqual(await chain.get(1), new Uint8Array());
      assert.deepEqual(await collect(chain.read(1)), [{ sequence: 1, message: new Uint8Array() }]);
    });

    it("keeps the order of appends in flight together", async () => {
      const chain = await fresh();
      const outcomes = await Promise.all(numbers(1, 200).map((i) => chain.append(i - 1, message(i))));
      assert.deepEqual(outcomes, numbers(1, 200).map((sequence) => ({ kind: "stored", sequence })));
      assert.deepEqual(await collect(chain.read(1)), numbers(1, 200).map(stored));
    });

    it("settles appends in flight in the order they were made", async () => {
      const chain = await fresh();
      const settled: number[] = [];
      await Promise.all(
        numbers(1, 20).map((i) => chain.append(i - 1, message(i)).then(() => settled.push(i))),
      );
      assert.deepEqual(settled, numbers(1, 20));
    });

    it("refuses an append that does not follow the last message", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 3);
      assert.equal((await chain.append(2, message(99))).kind, "fenced");
      assert.equal((await chain.append(0, message(99))).kind, "fenced");
      assert.equal((await chain.append(5, message(99))).kind, "fenced");
      assert.deepEqual(await collect(chain.read(1)), [1, 2, 3].map(stored));
      assert.equal((await chain.append(3, message(4))).kind, "stored");
    });

    it("refuses everything in flight behind a refused append", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 2);
      const outcomes = await Promise.all([1, 2, 3].map((at) => chain.append(at + 10, message(at))));
      assert.deepEqual(outcomes.map((outcome) => outcome.kind), ["fenced", "fenced", "fenced"]);
      assert.deepEqual(await chain.extent(), { first: 1, last: 2 });
    });

    it("lets only one of two writers extend a chain", async () => {
      const other = await place.open();
      const mine = await fresh();
      const theirs = await other.open(mine.name);
      const both = await Promise.all([
        Promise.all(numbers(1, 50).map((i) => mine.append(i - 1, bytes("mine", i)))),
        Promise.all(numbers(1, 50).map((i) => theirs.append(i - 1, bytes("theirs", i)))),
      ]);
      const kept = (await collect(mine.read(1))).map(({ message }) => new TextDecoder().decode(message));
      assert.equal(kept.length, (await mine.extent()).last);
      for (const [name, outcomes] of [["mine", both[0]], ["theirs", both[1]]] as const) {
        for (const [i, outcome] of outcomes.entries()) {
          const present = kept[i] === `${name} ${i + 1}`;
          assert.equal(
            outcome.kind === "stored",
            present,
            `${name} ${i + 1}: ${outcome.kind}, present: ${present}`,
          );
        }
      }
      assert.equal(both.flat().filter((outcome) => outcome.kind === "stored").length, kept.length);
      assert.ok(kept.length >= 1, "one of the two gets on");
      await other.close();
    });

    it("fences off a writer once another has taken over", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 5);
      const successor = await place.open();
      const taken = await successor.open(chain.name);
      const { last } = await taken.extent();
      assert.equal(last, 5);
      assert.equal((await taken.append(last, message(6))).kind, "stored");
      const late = await Promise.all([5, 6, 7].map((at) => chain.append(at, message(99))));
      // The second one names the right sequence by chance: a caller must stop at its first refusal.
      assert.equal(late[0].kind, "fenced");
      assert.deepEqual(await taken.get(6), message(6));
      await successor.close();
    });

    it("shows in its tail whether an append whose answer was lost is stored", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 2);
      const lost = chain.append(2, message(3));
      const again = await chain.append(2, message(3));
      assert.equal(again.kind, "fenced");
      // A replicated ledger refuses against what is still being agreed on: its tail shows it a little later.
      await lost;
      assert.deepEqual(await chain.extent(), { first: 1, last: 3 });
      assert.deepEqual(await chain.get(3), message(3));
    });

    it("takes a message as large as it says, and refuses a larger one without harm", async () => {
      const chain = await fresh();
      const largest = new Uint8Array(chain.messageBytesMax).map((_, i) => i * 31);
      assert.equal((await chain.append(0, largest)).kind, "stored");
      assert.deepEqual(await chain.get(1), largest);
      const refused = await chain.append(1, new Uint8Array(chain.messageBytesMax + 1));
      assert.equal(refused.kind, "failed");
      assert.match(refused.kind === "failed" ? refused.cause.message : "", /Cannot append 2 .*bytes/);
      assert.equal((await chain.append(1, message(2))).kind, "stored");
      assert.deepEqual((await collect(chain.read(1))).map((entry) => entry.sequence), [1, 2]);
    });

    it("does not share bytes with its caller, once an append has settled", async () => {
      const chain = await fresh();
      const mine = message(1);
      await chain.append(0, mine);
      mine.fill(0);
      const got = (await chain.get(1))!;
      assert.deepEqual(got, message(1));
      got.fill(0);
      for await (const entry of chain.read(1)) entry.message.fill(0);
      assert.deepEqual(await chain.get(1), message(1));
    });

    it("purges from the front and keeps the numbering, even when nothing is left", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 10);
      await chain.purge(4);
      assert.deepEqual(await chain.extent(), { first: 5, last: 10 });
      assert.equal(await chain.get(4), undefined);
      assert.deepEqual(await collect(chain.read(1)), numbers(5, 10).map(stored));
      await chain.purge(2);
      assert.deepEqual(await chain.extent(), { first: 5, last: 10 });
      await chain.purge(10);
      assert.deepEqual(await chain.extent(), { first: 11, last: 10 });
      assert.equal((await chain.append(0, message(1))).kind, "fenced");
      assert.equal((await chain.append(10, message(11))).kind, "stored");
      assert.deepEqual(await collect(chain.read(1)), [stored(11)]);
    });

    it("purges while others append and read, and stays purged when opened anew or after a crash", async () => {
      const writer = await place.open();
      const chain = await writer.open(`purged-${++chains}`);
      await appendAll(chain, 1, 300);
      const reader = await ledger.open(chain.name);
      const [, , read] = await Promise.all([
        chain.purge(120),
        appendAll(chain, 301, 400),
        collect(reader.read(200, 300)),
      ]);
      assert.deepEqual(read, numbers(200, 300).map(stored));
      await place.crash(writer);
      const again = await (await place.open()).open(chain.name);
      assert.deepEqual(await again.extent(), { first: 121, last: 400 });
      assert.deepEqual(await collect(again.read(1, 122)), numbers(121, 122).map(stored));
      await again.purge(1_000_000);
      assert.deepEqual(await again.extent(), { first: 401, last: 400 });
    });

    it("begins a new chain where it is asked to, and leaves one that exists as it is", async () => {
      const name = `begins-${++chains}`;
      const chain = await ledger.open(name, 501);
      assert.deepEqual(await chain.extent(), { first: 501, last: 500 });
      assert.equal((await chain.append(0, message(1))).kind, "fenced");
      await appendAll(chain, 501, 503);
      const again = await ledger.open(name, 7);
      assert.deepEqual(await again.extent(), { first: 501, last: 503 });
      assert.deepEqual(await collect(again.read(1)), numbers(501, 503).map(stored));
    });

    it("finds everything acknowledged when opened anew after a close", async () => {
      const writer = await place.open();
      const chain = await writer.open(`reopen-${++chains}`);
      await appendAll(chain, 1, 100);
      await writer.close();
      const again = await (await place.open()).open(chain.name);
      assert.deepEqual(await collect(again.read(1)), numbers(1, 100).map(stored));
      assert.equal((await again.append(100, message(101))).kind, "stored");
    });

    it("finds everything acknowledged after a crash of its writer, and what it shows can be built upon", async () => {
      const writer = await place.open();
      const chain = await writer.open(`crash-${++chains}`);
      await appendAll(chain, 1, 50);
      for (let i = 50; i < 60; i++) void chain.append(i, message(i + 1));
      await place.crash(writer);
      const again = await ledger.open(chain.name);
      const { last } = await again.extent();
      assert.ok(last >= 50 && last <= 60, `last is ${last}`);
      assert.deepEqual(await collect(again.read(1, last)), numbers(1, last).map(stored));
    });

    it("lists its chains, sorted", async () => {
      const other = await place.open();
      for (const name of ["zebra-0", "apple-1", "apple-0"]) await other.open(name);
      const names = await ledger.chains();
      assert.deepEqual(names.filter((name) => /zebra|apple/.test(name)), ["apple-0", "apple-1", "zebra-0"]);
      assert.deepEqual(names, [...names].sort());
      await other.close();
    });

    it("refuses chain names that do not fit", async () => {
      for (const name of ["", "A", "a.b", "a b", "../x", "a_b", "a".repeat(129)]) {
        await assert.rejects(ledger.open(name), /Cannot open chain/);
      }
    });

    it("keeps many chains apart", async () => {
      const many = await Promise.all(numbers(1, 16).map(fresh));
      await Promise.all(many.map((chain, c) => appendAll(chain, 1, c + 1)));
      for (const [c, chain] of many.entries()) {
        assert.deepEqual(await chain.extent(), { first: 1, last: c + 1 });
        assert.deepEqual(await collect(chain.read(1)), numbers(1, c + 1).map(stored));
      }
    });

    it("takes 10,000 messages with a window in flight, and reads them all in order", async () => {
      const chain = await fresh();
      const window: Promise<Appended>[] = [];
      for (let i = 1; i <= 10_000; i++) {
        window.push(chain.append(i - 1, message(i)));
        if (window.length >= 64) assert.equal((await window.shift())!.kind, "stored");
      }
      for (const outcome of await Promise.all(window)) assert.equal(outcome.kind, "stored");
      let next = 1;
      for await (const entry of chain.read(1)) assert.deepEqual(entry, stored(next++));
      assert.equal(next, 10_001);
    });

    it("lets a reader stop early, and read again", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 300);
      for (let round = 0; round < 3; round++) {
        for await (const entry of chain.read(10)) if (entry.sequence === 20) break;
      }
      assert.equal((await collect(chain.read(250))).length, 51);
    });

    it("fails an append to a closed chain, and keeps its ledger working", async () => {
      const chain = await fresh();
      await appendAll(chain, 1, 1);
      await chain.close();
      assert.equal((await chain.append(1, message(2))).kind, "failed");
      const again = await ledger.open(chain.name);
      assert.equal((await again.append(1, message(2))).kind, "stored");
    });
  });
}

/** Message `i` of a chain: its number in words, so that a mix-up shows. */
export function message(i: number): Uint8Array {
  return bytes("message", i);
}

export function stored(i: number): Stored {
  return { sequence: i, message: message(i) };
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Appends messages `from` to `to` behind what is there, and insists that each is stored. */
export async function appendAll(chain: Chain, from: number, to: number): Promise<void> {
  const outcomes = await Promise.all(numbers(from, to).map((i) => chain.append(i - 1, message(i))));
  for (const outcome of outcomes) {
    assert.equal(
      outcome.kind,
      "stored",
      outcome.kind === "failed" ? outcome.cause.message : JSON.stringify(outcome),
    );
  }
}

export async function collect(entries: AsyncIterable<Stored>): Promise<Stored[]> {
  const all: Stored[] = [];
  // Copied into plain arrays of bytes: runtimes differ in which subclass of Uint8Array they hand out.
  for await (const { sequence, message } of entries) all.push({ sequence, message: new Uint8Array(message) });
  return all;
}

function bytes(word: string, i: number): Uint8Array {
  return new TextEncoder().encode(`${word} ${i}`);
}
