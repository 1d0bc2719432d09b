/** Decodes an Everything and writes it out again: the generated codec under test, both ways. */
import {
  beginEverything_deep,
  beginEverything_inner,
  beginEverything_flat,
  beginEverything_inners,
  beginEverything_plain,
  beginEverythingPlain_leaf,
  beginEverythingPlain_other,
  decodeEverything,
  endEverything_deep,
  endEverything_inner,
  endEverything_flat,
  endEverything_inners,
  endEverything_plain,
  endEverythingPlain_leaf,
  endEverythingPlain_other,
  Everything,
  EverythingInner,
  EverythingPlain,
  EverythingPlainLeaf,
  writeEverything_bool,
  writeEverything_bytes,
  writeEverything_colour,
  writeEverything_double,
  writeEverything_farField,
  writeEverything_fixed32,
  writeEverything_fixed64,
  writeEverything_float,
  writeEverything_int32,
  writeEverything_int64,
  writeEverything_looseNumbers,
  writeEverything_maybe,
  writeEverything_maybeText,
  writeEverything_number,
  writeEverything_packedFixed,
  writeEverything_packedNumbers,
  writeEverything_sfixed32,
  writeEverything_sfixed64,
  writeEverything_sint32,
  writeEverything_sint64,
  writeEverything_string,
  writeEverything_uint32,
  writeEverything_uint64,
  writeEverything_word,
  writeEverything_words,
  writeEverythingInner_marks,
  writeEverythingInner_name,
  writeEverythingInner_value,
  writeEverythingPlain_maybe,
  writeEverythingPlain_name,
  writeEverythingPlain_value,
  writeEverythingPlain_yes,
  writeEverythingPlainLeaf_bytes,
  writeEverythingPlainLeaf_number,
} from "../../../wasm/gen/everything";
import { output, reject, scratch } from "../../../wasm/lib/effects";

export { SCHEMA_HASH } from "../../../wasm/gen/everything";
export const NAME = "echo";
export const EFFECT_BYTES_MAX: u32 = 65536;
export const EVENT_BYTES_MAX: u32 = 16384;
export const KEY_BYTES_MAX: u32 = 256;

const m = changetype<Everything>(memory.data(offsetof<Everything>(), 8));

export function onInit(ptr: usize, length: u32): bool {
  return true;
}

export function onEvent(ptr: usize, length: u32): void {
  const bad = decodeEverything(m, ptr, length);
  if (bad) return reject(bad);
  let p = scratch();
  p = writeEverything_double(p, m.double);
  p = writeEverything_float(p, m.float);
  p = writeEverything_int32(p, m.int32);
  p = writeEverything_int64(p, m.int64);
  p = writeEverything_uint32(p, m.uint32);
  p = writeEverything_uint64(p, m.uint64);
  p = writeEverything_sint32(p, m.sint32);
  p = writeEverything_sint64(p, m.sint64);
  p = writeEverything_fixed32(p, m.fixed32);
  p = writeEverything_fixed64(p, m.fixed64);
  p = writeEverything_sfixed32(p, m.sfixed32);
  p = writeEverything_sfixed64(p, m.sfixed64);
  p = writeEverything_bool(p, m.bool);
  p = writeEverything_string(p, m.string, m.stringLength);
  p = writeEverything_bytes(p, m.bytes, m.bytesLength);
  p = writeEverything_colour(p, m.colour);
  if (m.hasInner) {
    const begun = beginEverything_inner(p);
    p = endEverything_inner(begun, writeInner(begun, m.inner));
  }
  if (m.hasMaybe) p = writeEverything_maybe(p, m.maybe);
  if (m.hasMaybeText) p = writeEverything_maybeText(p, m.maybeText, m.maybeTextLength);
  if (m.choiceCase == 20) p = writeEverything_number(p, m.number);
  if (m.choiceCase == 21) p = writeEverything_word(p, m.word, m.wordLength);
  if (m.choiceCase == 22) {
    const begun = beginEverything_deep(p);
    p = endEverything_deep(begun, writeInner(begun, m.deep));
  }
  if (m.hasPlain) {
    const begun = beginEverything_plain(p);
    p = endEverything_plain(begun, writePlain(begun, m.plain));
  }
  if (m.hasFlat) {
    const begun = beginEverything_flat(p);
    p = endEverything_flat(begun, writePlain(begun, m.flat));
  }
  let seen: u32 = 0;
  while (m.packedNumbersNext()) p = writeEverything_packedNumbers(p, m.packedNumbers), seen++;
  while (m.looseNumbersNext()) p = writeEverything_looseNumbers(p, m.looseNumbers), seen++;
  while (m.packedFixedNext()) p = writeEverything_packedFixed(p, m.packedFixed), seen++;
  while (m.wordsNext()) p = writeEverything_words(p, m.words, m.wordsLength), seen++;
  while (m.innersNext()) {
    const begun = beginEverything_inners(p);
    p = endEverything_inners(begun, writeInner(begun, m.inners));
    seen++;
  }
  assert(
    seen == m.packedNumbersCount + m.looseNumbersCount + m.packedFixedCount + m.wordsCount + m.innersCount,
  );
  p = writeEverything_farField(p, m.farField);
  output(0, 0, scratch(), <u32> (p - scratch()));
}

function writeInner(p: usize, inner: EverythingInner): usize {
  p = writeEverythingInner_name(p, inner.name, inner.nameLength);
  p = writeEverythingInner_value(p, inner.value);
  inner.marksRewind();
  while (inner.marksNext()) p = writeEverythingInner_marks(p, inner.marks);
  return p;
}

function writePlain(p: usize, plain: EverythingPlain): usize {
  p = writeEverythingPlain_name(p, plain.name, plain.nameLength);
  p = writeEverythingPlain_value(p, plain.value);
  if (plain.hasMaybe) p = writeEverythingPlain_maybe(p, plain.maybe);
  if (plain.hasLeaf) {
    const begun = beginEverythingPlain_leaf(p);
    p = endEverythingPlain_leaf(begun, writeLeaf(begun, plain.leaf));
  }
  if (plain.choiceCase == 5) p = writeEverythingPlain_yes(p, plain.yes);
  if (plain.hasOther) {
    const begun = beginEverythingPlain_other(p);
    p = endEverythingPlain_other(begun, writeLeaf(begun, plain.other));
  }
  return p;
}

function writeLeaf(p: usize, leaf: EverythingPlainLeaf): usize {
  p = writeEverythingPlainLeaf_bytes(p, leaf.bytes, leaf.bytesLength);
  return writeEverythingPlainLeaf_number(p, leaf.number);
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return 0;
}
