/** The machine's randomness. */
import { getRandomValues } from "node:crypto";
import type { Random } from "../world/random.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 22;

export function systemRandom(): Random {
  return { next: Math.random, id };
}

/** 22 characters of 62: 131 bits, so that no two draws ever meet. */
function id(): string {
  const bytes = new Uint8Array(ID_LENGTH * 2);
  let text = "";
  while (text.length < ID_LENGTH) {
    for (const byte of getRandomValues(bytes)) {
      // 248 = 4 × 62: beyond it some characters would come up more often than others.
      if (byte < 248 && text.length < ID_LENGTH) text += ALPHABET[byte % 62];
    }
  }
  return text;
}
