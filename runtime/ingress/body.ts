/**
 * Reads request bodies within a bound, whatever their headers claim, and cuts streams into records.
 */
import { badRequest, ProblemError } from "./problem.ts";

export function tooLarge(bytesMax: number, what = "A body"): ProblemError {
  return new ProblemError({
    status: 413,
    code: "body-too-large",
    title: `${what === "A body" ? "The body" : what} is too large`,
    detail: `${what} may hold ${bytesMax} bytes here.`,
  });
}

/** The whole body. A declared length is enforced by the HTTP parser; without one the bytes are counted. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > bytesMax) throw tooLarge(bytesMax);
    const bytes = new Uint8Array(await request.arrayBuffer().catch(cutShort));
    if (bytes.length > bytesMax) throw tooLarge(bytesMax); // no parser in front that holds it to its word
    return bytes;
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bodyParts(request, bytesMax)) {
    parts.push(part);
    length += part.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The body as it arrives. */
export async function* bodyParts(request: Request, bytesMax: number): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  let length = 0;
  try {
    while (true) {
      const { done, value } = await reader.read().catch(cutShort);
      if (done) return;
      length += value.length;
      if (length > bytesMax) throw tooLarge(bytesMax);
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function cutShort(cause: unknown): never {
  throw new ProblemError(
    {
      status: 400,
      code: "body-cut-short",
      title: "The body ended early",
      detail: "The connection ended, or was too slow, before the whole body had arrived.",
    },
    cause,
  );
}

/** Lines without their line ends; the last needs none. Empty lines come too: they count in line numbers. */
export async function* lines(
  parts: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<Uint8Array> {
  const NEWLINE = 10;
  for await (
    const line of records(parts, (bytes, from) => {
      const end = bytes.indexOf(NEWLINE, from);
      return end < 0 ? undefined : { from, to: end, next: end + 1 };
    }, lineBytesMax)
  ) yield line.at(-1) === 13 ? line.subarray(0, -1) : line;
}

/** A line that is too long, as its first bytes. */
export interface CutLine {
  readonly beginning: Uint8Array;
}

/** The same, but of a line that is too long its beginning comes, and the next one after it. */
export async function* linesOrCut(
  parts: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
  keptBytesMax: number,
  withEnds = false,
): AsyncGenerator<Uint8Array | CutLine> {
  let rest: Uint8Array = new Uint8Array(0);
  let cut: CutLine | undefined;
  const whole = (line: Uint8Array): Uint8Array | CutLine => {
    if (cut !== undefined || line.length > lineBytesMax) {
      const found = cut ?? { beginning: line.slice(0, keptBytesMax) };
      cut = undefined;
      return found;
    }
    if (withEnds) return line;
    const end = line.at(-1) === 10 ? line.length - 1 : line.length;
    return line.subarray(0, line[end - 1] === 13 ? end - 1 : end);
  };
  for await (const part of parts) {
    const bytes = cut !== undefined || rest.length === 0 ? part : joined(rest, part);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      yield whole(bytes.subarray(from, end + 1));
      from = end + 1;
    }
    rest = bytes.slice(from);
    if (rest.length > lineBytesMax) cut ??= { beginning: rest.slice(0, keptBytesMax) };
  }
  if (cut !== undefined || rest.length > 0) yield whole(rest);
}

/** Messages that each follow their length as a varint. */
export async function* delimited(
  parts: AsyncIterable<Uint8Array>,
  messageBytesMax: number,
): AsyncGenerator<Uint8Array> {
  yield* records(
    parts,
    (bytes, from) => {
      let length = 0;
      for (let at = from, shift = 0; at < bytes.length; at++, shift += 7) {
        if (shift > 28) throw badDelimiter();
        length += (bytes[at] & 0x7f) * 2 ** shift;
        if (bytes[at] < 0x80) {
          if (length > messageBytesMax) throw tooLarge(messageBytesMax);
          const to = at + 1 + length;
          return to > bytes.length ? undefined : { from: at + 1, to, next: to };
        }
      }
      return undefined;
    },
    messageBytesMax + 5,
    badDelimiter,
  );
}

const badDelimiter = () =>
  badRequest(
    "bad-delimiter",
    "The body is not a sequence of messages",
    "Each message must follow its length as a varint, and the body must end with a whole message.",
  );

/** Cuts records out of parts; one that spans parts is put together, within the bound. */
async function* records(
  parts: AsyncIterable<Uint8Array>,
  find: (bytes: Uint8Array, from: number) => { from: number; to: number; next: number } | undefined,
  bytesMax: number,
  leftOver?: () => Error,
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const part of parts) {
    const bytes = rest.length === 0 ? part : joined(rest, part);
    let at = 0;
    for (let found = find(bytes, at); found; found = find(bytes, at)) {
      at = found.next;
      if (found.to - found.from > bytesMax) throw tooLarge(bytesMax);
      yield bytes.subarray(found.from, found.to);
    }
    rest = bytes.slice(at);
    if (rest.length > bytesMax) throw tooLarge(bytesMax);
  }
  if (rest.length === 0) return;
  if (leftOver) throw leftOver();
  yield rest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
