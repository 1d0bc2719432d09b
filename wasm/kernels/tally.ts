/** Counts and sums per key: the smallest useful kernel. Each event answers with both, and puts them out. */
import {
  decodeTally,
  decodeTallyParams,
  Tally,
  TallyFigure,
  TallyParams,
  writeTallyState_count,
  writeTallyState_key,
  writeTallyState_sum,
} from "../gen/tally";
import { answer, figure, output, Reject, reject, reply, scratch, Verdict } from "../lib/effects";
import { addOverflows } from "../lib/fixed";
import { sameBytes } from "../lib/keys";
import { STATE } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { at, findBytes, foundLength } from "../lib/wire";

export { SCHEMA_HASH } from "../gen/tally";
export const NAME = "tally";
export const EFFECT_BYTES_MAX: u32 = 1024;
export const EVENT_BYTES_MAX: u32 = 65536;
export const KEY_BYTES_MAX: u32 = 256;

/** What is known of a key. */
@unmanaged
class Total {
  count: i64;
  sum: i64;
}

/** State stands at fixed places in memory, so that memory is all there is to save. */
const totals = changetype<Table<Total>>(STATE);
const trapNote = STATE + TABLE_BYTES; // length: u32, then up to 256 bytes

const tally = changetype<Tally>(memory.data(offsetof<Tally>(), 8));
const params = changetype<TallyParams>(memory.data(offsetof<TallyParams>(), 8));

export function onInit(ptr: usize, length: u32): bool {
  if (decodeTallyParams(params, ptr, length) || params.trapNoteLength > 256) return false;
  store<u32>(trapNote, params.trapNoteLength);
  memory.copy(trapNote + 4, params.trapNote, params.trapNoteLength);
  return totals.init(16, 0); // keys up to 16 bytes stand beside their totals
}

/** Optional: names the key of an event to come, so that its memory is there in time. */
export function onAhead(ptr: usize, length: u32): void {
  if (findBytes(ptr, length, 1)) totals.ahead(at, foundLength);
}

export function onEvent(ptr: usize, length: u32): void {
  const bad = decodeTally(tally, ptr, length);
  if (bad) return reject(bad);
  if (!tally.keyLength) return reject(Reject.MISSING_FIELD);
  if (tally.keyLength > KEY_BYTES_MAX) return reject(Reject.KEY_TOO_LONG);
  if (tally.noteLength && isTrap(tally.note, tally.noteLength)) unreachable();

  const total = totals.upsert(tally.key, tally.keyLength);
  if (!changetype<usize>(total)) return reject(Reject.STATE_FULL);
  if (addOverflows(total.sum, tally.amount)) return reject(Reject.OVERFLOW);
  total.count += 1;
  total.sum += tally.amount;

  figure(TallyFigure.COUNT, total.count);
  figure(TallyFigure.SUM, total.sum);
  reply(Verdict.APPROVE);
  output(tally.key, tally.keyLength, scratch(), write(tally.key, tally.keyLength, total));
}

export function onQuery(key: usize, length: u32): bool {
  const total = totals.find(key, length);
  if (!changetype<usize>(total)) return false;
  answer(scratch(), write(key, length, total));
  return true;
}

export function stateKeys(): u64 {
  return totals.count;
}

function isTrap(note: usize, length: u32): bool {
  return length == load<u32>(trapNote) && sameBytes(note, trapNote + 4, length);
}

/** Writes the state message at `scratch()`; returns its length. */
function write(key: usize, length: u32, total: Total): u32 {
  let p = writeTallyState_key(scratch(), key, length);
  p = writeTallyState_count(p, total.count);
  return <u32> (writeTallyState_sum(p, total.sum) - scratch());
}
