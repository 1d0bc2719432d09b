/** What is computed with text, against what JavaScript makes of it. */
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import process from "node:process";
import { before, describe, it } from "@std/testing/bdd";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { pipeline, rfc3339, source, when } from "../../runtime/mod.ts";
import { type DeclaredRun, openDeclared } from "../support/declared.ts";

const seed = seedOf(process.env, 20261125);
const PARTS = ["", "a", "Ab", "ß", "É", "=", "&id=", "Zz[`@{", " ", "\t", "\n", "日本", "0", "ab&id=3"];

const texts = pipeline("texts", { input: source(TallySchema) })
  .map((e) => ({
    lower: e.key.lower(),
    upper: e.key.upper(),
    trimmed: e.key.trim(),
    both: e.key.trim().lower().concat("/").concat(e.note.upper()),
    part: e.key.split("&id=", 1).split("&", 0),
    starts: e.key.startsWith(e.note),
    ends: e.key.endsWith(e.note),
    holds: e.key.contains(e.note),
    kind: when(e.key.lower().eq("ab"), "ab", when(e.key.length().eq(0), "none", "other")),
  }))
  .to("texts");

const ascii = (text: string, from: RegExp, by: (letter: string) => string) => text.replace(from, by);
const lower = (text: string) => ascii(text, /[A-Z]/g, (letter) => letter.toLowerCase());
const upper = (text: string) => ascii(text, /[a-z]/g, (letter) => letter.toUpperCase());

function expected(key: string, note: string) {
  const trimmed = key.replace(/^[ \t-\r]+|[ \t-\r]+$/g, "");
  return {
    lower: lower(key),
    upper: upper(key),
    trimmed,
    both: `${lower(trimmed)}/${upper(note)}`,
    part: (key.split("&id=")[1] ?? "").split("&")[0],
    starts: key.startsWith(note),
    ends: key.endsWith(note),
    holds: key.includes(note),
    kind: lower(key) === "ab" ? "ab" : key === "" ? "none" : "other",
  };
}

function written(random: Seeded): string {
  return Array.from({ length: random.int(0, 5) }, () => random.pick(PARTS)).join("");
}

const event = (key: string, note: string) => toBinary(TallySchema, create(TallySchema, { key, note }));

describe(`text (MILLRACE_SEED=${seed})`, () => {
  let run: DeclaredRun;
  before(async () => {
    run = await openDeclared(texts);
  });

  it("is compared, cut and written in other letters as JavaScript does it", () => {
    const random = seeded(seed);
    for (let i = 0; i < 500; i++) {
      const key = written(random), note = random.chance(0.5) ? written(random) : random.pick(PARTS);
      run.apply([event(key, note)]);
      assert.deepEqual(run.puts.at(-1)!.row, expected(key, note), JSON.stringify([key, note]));
    }
  });

  it("has a code of its own up to eight bytes, and none beyond", async () => {
    const codes = await openDeclared(
      pipeline("codes", { input: source(TallySchema) }).map((e) => ({ code: e.key.code() })).to("codes"),
    );
    const random = seeded(`${seed} codes`);
    const all = [
      "",
      "a",
      "ab",
      "INR",
      "DE07",
      "日",
      "日ab",
      "éàü",
      "1234567",
      "12345678",
      "12345679",
      "éàüö",
    ];
    for (let i = 0; i < 200; i++) {
      const text = i < all.length ? all[i] : written(random), bytes = new TextEncoder().encode(text);
      if (bytes.length > 8) continue;
      codes.apply([event(text, "")]);
      const wide = new Uint8Array(8);
      wide.set(bytes);
      assert.equal(codes.puts.at(-1)!.row.code, new DataView(wide.buffer).getBigInt64(0, true), text);
    }
    codes.apply([event("nine byte", "")]);
    assert.deepEqual(codes.rejects, [3]);
  });

  it("is a time only as RFC 3339 writes it", async () => {
    const times = await openDeclared(
      pipeline("times", { input: source(TallySchema) }).map((e) => ({ at: rfc3339(e.key) })).to("times"),
    );
    const good = ["2026-11-20T14:00:00Z", "2026-11-20 14:00:00.25Z", "2026-11-20t14:00:00+05:30"];
    for (const text of good) {
      times.apply([event(text, "")]);
      assert.equal(times.puts.at(-1)!.row.at, BigInt(Date.parse(text)) * 1000n, text);
    }
    for (
      const text of ["2026/11/20 14:00:00Z", "2026-11-20 14.00.00Z", "2026-11-20_14:00:00Z", "2026-11-20"]
    ) {
      times.apply([event(text, "")]);
    }
    assert.deepEqual([times.puts.length, times.rejects], [good.length, [3, 3, 3, 3]]);
  });
});
