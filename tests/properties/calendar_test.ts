import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Aligned } from "../models/aligned.ts";
import { calendarWindows, transitions } from "../models/calendar.ts";
import { seeded } from "./kernel_under_test.ts";
import { command, loadOperator, MAX, run, settle, watermark } from "./operator_under_test.ts";
import { SUMS, text } from "./window_results.ts";

const HOUR = 3_600_000_000n, DAY = 24n * HOUR;
const FROM = BigInt(Date.UTC(2023, 0, 1)) * 1000n, TO = BigInt(Date.UTC(2025, 0, 1)) * 1000n;

/** Zones whose clocks never change, change at night, change at midnight, and by half an hour. */
const ZONES = ["Asia/Kolkata", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "America/New_York"];

function kernelOf(zone: string, size: bigint, months: boolean) {
  const pairs = transitions(zone, FROM - 100n * DAY, TO + 100n * DAY).flat();
  const none = [0n, 0n, 0n, 0n, 0n, 0n];
  return loadOperator("aligned", [SUMS, months ? 3n : 2n, size, size, 0n, ...none, ...pairs]);
}

describe("calendar windows", () => {
  for (const zone of ZONES) {
    it(`are days, hours and months as clocks in ${zone} show them`, async () => {
      const random = seeded(`calendar, ${zone}`);
      const changes = transitions(zone, FROM, TO).map(([instant]) => instant);
      for (const [size, months] of [[DAY, false], [HOUR, false], [1n, true], [3n, true]] as const) {
        const twin = new Aligned({ windowsOf: calendarWindows(zone, size, months) });
        const kernel = (await kernelOf(zone, size, months)).instantiate();
        const commands: Uint8Array[] = [];
        for (let i = 0; i < 60; i++) {
          const near = random.pick(changes) + (BigInt(random.below(2000)) - 1000n) * HOUR / 24n;
          const time = random.below(2)
            ? near
            : FROM + BigInt(random.below(700)) * DAY + BigInt(random.below(86_400)) * 1_000_000n;
          assert.deepEqual(twin.add("k", time, 1n), []);
          commands.push(command(1, "k", { time, a: 1n }));
        }
        commands.push(watermark(MAX));
        const results = run(kernel, commands).flat().concat(settle(kernel));
        assert.deepEqual(results, twin.advance(MAX).map((told) => text(told, SUMS)), `${zone} ${size}`);
        assert.equal(kernel.keys, 0);
      }
    });
  }

  it("refuse a table of changes that is out of order", async () => {
    const bad = [FROM, 0n, FROM - 1n, HOUR];
    const none = [0n, 0n, 0n, 0n, 0n, 0n];
    const module = loadOperator("aligned", [SUMS, 2n, DAY, DAY, 0n, ...none, ...bad]).then((it) =>
      it.instantiate()
    );
    await assert.rejects(module);
  });
});
