/** The few pieces of the protobuf wire format that the frame is made of. Numbers are integers below 2^53. */

export interface Varint {
  value: number;
  /** Offset after it; beyond the end of `bytes` when it was cut off. */
  next: number;
}

export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value > 0x7fffffff) {
    bytes[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    bytes[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  while (value > 127) {
    value = Math.floor(value / 128);
    bytes++;
  }
  return bytes;
}

export function readVarint(bytes: Uint8Array, at: number): Varint {
  const first = bytes[at];
  if (first < 128) return { value: first, next: at + 1 };
  let value = 0, scale = 1;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at++];
    if (byte === undefined) return { value: 0, next: bytes.length + 1 };
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at };
    scale *= 128;
  }
  return { value: 0, next: bytes.length + 1 };
}

/** Offset after the field whose tag was just read; -1 for a wire type nobody writes. */
export function skipField(bytes: Uint8Array, at: number, tag: number): number {
  switch (tag & 7) {
    case 0:
      return readVarint(bytes, at).next;
    case 1:
      return at + 8;
    case 2: {
      const length = readVarint(bytes, at);
      return length.next + length.value;
    }
    case 5:
      return at + 4;
    default:
      return -1;
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A message that holds one in its field of this number. */
export function fieldOf(number: number, record: Uint8Array): Uint8Array {
  const head = new Uint8Array(20);
  const end = writeVarint(head, writeVarint(head, 0, number * 8 + 2), record.length);
  return concat(head.subarray(0, end), record);
}
