/** The messages of the tally pipelines, read by hand: the checkers read millions, and share no decoder with the runtime. */

export interface Totals {
  count: bigint;
  sum: bigint;
}

const latin = (bytes: Uint8Array, from: number, to: number): string => {
  let read = "";
  for (let i = from; i < to; i++) read += String.fromCharCode(bytes[i]);
  return read;
};

/** Keys, ids and names of sources are ASCII here. */
export function text(bytes: Uint8Array): string {
  return latin(bytes, 0, bytes.length);
}

let at = 0;

function varint(bytes: Uint8Array): bigint {
  let low = 0, shift = 0;
  for (; shift < 28; shift += 7) {
    const byte = bytes[at++];
    low |= (byte & 127) << shift;
    if (byte < 128) return BigInt(low);
  }
  let value = BigInt(low);
  for (;; shift += 7) {
    const byte = bytes[at++];
    value |= BigInt(byte & 127) << BigInt(shift);
    if (byte < 128 || shift >= 63) return BigInt.asIntN(64, value);
  }
}

/** Key and amount of a Tally; of a TallyState, which reads as one, key and count. */
export function readTally(payload: Uint8Array): { key: string; amount: bigint } {
  let key = "", amount = 0n;
  for (at = 0; at < payload.length;) {
    const tag = payload[at] < 128 ? payload[at++] : Number(varint(payload)); // what was looked up stands far behind
    const value = varint(payload);
    if ((tag & 7) === 2) {
      const from = at;
      at += Number(value);
      if (tag >> 3 === 1) key = latin(payload, from, at);
    } else if (tag >> 3 === 2) amount = value;
  }
  return { key, amount };
}

/** All of a Tally. */
export function readTimed(payload: Uint8Array): { key: string; amount: bigint; at: bigint; note: string } {
  let key = "", note = "", amount = 0n, time = 0n;
  for (at = 0; at < payload.length;) {
    const tag = payload[at] < 128 ? payload[at++] : Number(varint(payload)); // what was looked up stands far behind
    const value = varint(payload);
    if ((tag & 7) === 2) {
      const from = at;
      at += Number(value);
      if (tag >> 3 === 1) key = latin(payload, from, at);
      else if (tag >> 3 === 4) note = latin(payload, from, at);
    } else if (tag >> 3 === 2) amount = value;
    else if (tag >> 3 === 3) time = value;
  }
  return { key, amount, at: time, note };
}

/** The two figures of a tally's Decision: count and sum. */
export function readTotals(reply: Uint8Array): Totals {
  const totals = { count: 0n, sum: 0n };
  for (at = 0; at < reply.length;) {
    const tag = reply[at++];
    const value = varint(reply);
    if (tag >> 3 !== 3) continue;
    const end = at + Number(value);
    let code = 0n, figure = 0n;
    while (at < end) {
      const field = reply[at++] >> 3;
      if (field === 1) code = varint(reply);
      else figure = varint(reply);
    }
    if (code === 1n) totals.count = figure;
    else if (code === 2n) totals.sum = figure;
  }
  return totals;
}
