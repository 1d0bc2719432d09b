/** SHA-256: of kernels, of frames in their chain, of manifests of checkpoints and the sums of their parts. */
import { createHash, type Hash, hash as hashOnce } from "node:crypto";

export const HASH_BYTES = 32;

export function sha256(...parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return bytesOf(hashOnce("sha256", parts[0], "hex"));
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return digestOf(hash);
}

/** A digest built up in parts. */
export function sha256Stream(): { update(part: Uint8Array): void; digest(): Uint8Array } {
  const hash = createHash("sha256");
  return { update: (part) => void hash.update(part), digest: () => digestOf(hash) };
}

/** By way of text: to Deno a string costs less than half of what a buffer does, and frames are hashed one by one. */
function digestOf(hash: Hash): Uint8Array {
  return bytesOf(hash.digest("hex"));
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i++) {
    bytes[i] = NIBBLES[text.charCodeAt(2 * i)] << 4 | NIBBLES[text.charCodeAt(2 * i + 1)];
  }
  return bytes;
}

const DIGITS = "0123456789abcdef";
const NIBBLES = new Uint8Array(128);
for (let i = 0; i < DIGITS.length; i++) NIBBLES[DIGITS.charCodeAt(i)] = i;

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += PAIRS[bytes[i]];
  return text;
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
