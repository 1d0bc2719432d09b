/** What identifies a row of an output: its parts as text, joined by NUL. */
import { writeDigits } from "./values";

// @ts-ignore: decorator
@inline
const NAME_BYTES: u32 = 4096;

const name = memory.data(4096 + 32, 8);
let length: u32 = 0;

export function beginName(): usize {
  length = 0;
  return name;
}

export function nameText(text: usize, bytes: u32): void {
  separate();
  const take = min(bytes, NAME_BYTES - length);
  memory.copy(name + length, text, take);
  length += take;
}

export function nameNumber(value: i64): void {
  separate();
  if (length + 20 <= NAME_BYTES) length += writeDigits(name + length, value);
}

// @ts-ignore: decorator
@inline
export function nameLength(): u32 {
  return length;
}

function separate(): void {
  if (length && length < NAME_BYTES) store<u8>(name + length++, 0);
}
