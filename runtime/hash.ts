/** SHA-256, the one digest in use: of kernels, of frames in their chain, of checkpoints. */
import { createHash } from "node:crypto";

export const HASH_BYTES = 32;

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** A digest built up in parts. */
export function sha256Stream(): { update(part: Uint8Array): void; digest(): Uint8Array } {
  const hash = createHash("sha256");
  return { update: (part) => void hash.update(part), digest: () => new Uint8Array(hash.digest()) };
}

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
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
