/** What a pipeline has put out, as its ledger has it. */
import assert from "node:assert/strict";
import { decodeFrame, EFFECT_KIND, EffectCursor, type Pipeline } from "../../runtime/mod.ts";
import { type OutputRow, plain } from "../support/declared.ts";
import { type Kept, memoryWorld } from "../support/world.ts";
import type { Built } from "./declared.ts";

/** The rows that the frames of the ledger leave standing. */
export async function standing({ pipeline }: Built, files: Kept): Promise<OutputRow[]> {
  const rows = new Map<string, { row: OutputRow; times: number }>();
  for (let partition = 0; partition < (pipeline.partitions ?? 1); partition++) {
    const chain = await memoryWorld(files).ledger.open(`${pipeline.name}-${partition}`);
    for await (const { message } of chain.read(1)) {
      for (const { retracted, ...row } of outputsOf(pipeline, decodeFrame(message, pipeline.name).effects)) {
        const text = JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}` : value);
        rows.set(text, { row, times: (rows.get(text)?.times ?? 0) + (retracted ? -1 : 1) });
      }
    }
  }
  return [...rows.values()].flatMap(({ row, times }) => {
    assert.ok(times >= 0);
    return Array(times).fill(row);
  });
}

function* outputsOf({ outputs }: Pipeline, effects: Uint8Array): Generator<OutputRow> {
  const cursor = new EffectCursor(effects);
  while (cursor.next()) {
    if (cursor.kind === EFFECT_KIND.OUTPUT) yield plain(outputs![cursor.channel].message, cursor.payload);
  }
}
