/**
 * Rows that late events add or take back, as a CORRECTION event brings them: they leave as they came, and change
 * nothing but views.
 */
import { at, lengthOf, skip, varint } from "../lib/wire";

/** The Correction that was read last. */
export let correctedChannel: u32 = 0;
export let correctedKey: usize = 0;
export let correctedKeyLength: u32 = 0;
export let correctedRow: usize = 0;
export let correctedRowLength: u32 = 0;
export let correctedViewKey: usize = 0;
export let correctedViewKeyLength: u32 = 0;
/** The row is taken back. */
export let correctedBack: bool = false;

/** Reads the payload of a CORRECTION event; false = it is none. */
export function readCorrection(ptr: usize, length: u32): bool {
  const end = ptr + length;
  correctedChannel = 0;
  correctedKeyLength = 0;
  correctedRowLength = 0;
  correctedViewKeyLength = 0;
  correctedBack = false;
  correctedKey = ptr;
  correctedRow = ptr;
  correctedViewKey = ptr;
  for (let p = ptr; p < end;) {
    const tag = varint(p, end);
    if (!at) return false;
    if (tag == 0x08) correctedChannel = <u32> varint(at, end);
    else if (tag == 0x20) correctedBack = varint(at, end) != 0;
    else if (tag == 0x12 || tag == 0x1a || tag == 0x2a) {
      const bytes = lengthOf(at, end);
      if (!at) return false;
      if (tag == 0x12) {
        correctedKey = at;
        correctedKeyLength = bytes;
      } else if (tag == 0x1a) {
        correctedRow = at;
        correctedRowLength = bytes;
      } else {
        correctedViewKey = at;
        correctedViewKeyLength = bytes;
      }
      p = at + bytes;
      continue;
    } else skip(tag, at, end);
    if (!at) return false;
    p = at;
  }
  return true;
}
