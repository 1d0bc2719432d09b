/**
 * A checkpoint remembers beside its state what the ledger holds up to its frame: dead letters, frames with late
 * events, frames that are void. Checked of all that were ever stored: what one of them forgets, whoever begins
 * with it does not know.
 */
import { EFFECT_KIND, EffectCursor, type Frame } from "../../../runtime/mod.ts";
import type { Manifest } from "../../../runtime/checkpoint/checkpoint.ts";

/** A manifest as it was given to the store, and the oldest frame that its chain had then. */
export interface StoredManifest {
  readonly chain: string;
  readonly bytes: Uint8Array;
  readonly first: number;
}

export function checkRemembered(
  name: string,
  frames: readonly Frame[],
  counted: readonly Frame[],
  stored: readonly StoredManifest[],
  violations: string[],
): void {
  const own = stored.filter(({ chain }) => chain === name);
  if (own.length === 0) return;
  const { letters, late } = toldBy(counted);
  const counts = new Set(counted);
  const voids = frames.filter((frame) => !counts.has(frame)).map(({ number }) => number);
  for (const { bytes, first } of own) {
    const { frame, host } = manifestOf(bytes);
    const compare = (what: string, is: readonly string[], should: readonly string[]) => {
      const known = new Set(should), held = new Set(is);
      const missing = should.find((each) =>
        placeOf(each) >= first && placeOf(each) <= frame && !held.has(each)
      );
      const wrong = is.find((each) => !known.has(each) || placeOf(each) > frame);
      if (missing === undefined && wrong === undefined && held.size === is.length) return;
      violations.push(
        `remembered: the checkpoint at frame ${frame} of ${name} ` +
          (missing ? `forgets ${what} ${missing}` : `has ${what} ${wrong ?? "twice"}`),
      );
    };
    compare("dead letter", host.deadLetters.map((letter) => letter.join(".")), letters);
    compare("late frame", (host.lateFrames ?? []).map(String), late);
    compare("void frame", host.voids.map(String), voids.map(String));
    if (violations.length > 0) return;
  }
}

function toldBy(frames: readonly Frame[]): { letters: string[]; late: string[] } {
  const letters: string[] = [], late: string[] = [];
  for (const { number, effects } of frames) {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind === EFFECT_KIND.REJECT) letters.push(`${number}.${cursor.event}.${cursor.reason}`);
      else if (cursor.kind === EFFECT_KIND.LATE && late.at(-1) !== `${number}`) late.push(`${number}`);
    }
  }
  return { letters, late };
}

function manifestOf(bytes: Uint8Array): Manifest {
  const [, body] = new TextDecoder().decode(bytes).split("\n");
  return JSON.parse(body);
}

function placeOf(each: string): number {
  return parseInt(each);
}
