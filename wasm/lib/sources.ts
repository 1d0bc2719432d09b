/** The highest sequence applied of each source: what makes events of a replayable source count once. */
import { LIBRARY_STATE } from "./memory";
import { Table, TABLE_BYTES } from "./table";
import { DEDUP_BYTES } from "./dedup";

@unmanaged
class Mark {
  sequence: u64;
}

// @ts-ignore: decorator
@inline
const marks = changetype<Table<Mark>>(LIBRARY_STATE + DEDUP_BYTES);

/** Most sources that one partition keeps a mark of. */
// @ts-ignore: decorator
@inline
const SOURCES_MAX: u32 = 65536;

export function sourcesInit(): bool {
  return marks.init(40, 0);
}

/** 1 = at or below the mark; 0 = new, and the mark has moved; -1 = no room for one more source. */
export function advanceSource(name: usize, length: u32, sequence: u64): i32 {
  const mark = marks.count < SOURCES_MAX ? marks.upsert(name, length) : existing(name, length);
  if (!changetype<usize>(mark)) return -1;
  if (sequence <= mark.sequence) return 1;
  mark.sequence = sequence;
  return 0;
}

/** The highest sequence applied of a source; 0 = none. */
export function sourceAt(name: usize, length: u32): u64 {
  const mark = marks.find(name, length);
  return changetype<usize>(mark) ? mark.sequence : 0;
}

function existing(name: usize, length: u32): Mark {
  const mark = marks.find(name, length);
  return changetype<usize>(mark) ? marks.upsert(name, length) : mark;
}
