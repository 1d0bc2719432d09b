/** What names an output and its key outside: the same at every sink, at every try, after every restart. */
import type { Output } from "../runtime.ts";

/** `<pipeline>-<partition>-<frame>-<output>`: unique for ever, so whoever sees it twice sees a repeat. */
export function outputId(pipeline: string, { position, output }: Output): string {
  return `${pipeline}-${position.partition}-${position.frame}-${output}`;
}

const STRICT = new TextDecoder("utf-8", { fatal: true });

/**
 * A key as text that any database and any JSON can hold: itself, but for `%` and control characters, which are
 * `%XX`. A key that is no UTF-8 has all its bytes from 0x80 on as `%XX`. No two keys have one text.
 */
export function keyText(key: Uint8Array): string {
  try {
    return escaped(STRICT.decode(key), 0x7f);
  } catch {
    return escaped(String.fromCharCode(...key), 0xff);
  }
}

/** `%`, control characters, and those from 0x7f up to `last`, as `%XX`. */
function escaped(text: string, last: number): string {
  let result = "", from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code !== 0x25 && (code < 0x7f || code > last)) continue;
    result += text.slice(from, at) + "%" + code.toString(16).toUpperCase().padStart(2, "0");
    from = at + 1;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Headers of an output as a message of a stream. */
export const OUTPUT_HEADERS = {
  id: "Millrace-Id",
  position: "Millrace-Position",
  output: "Millrace-Output",
  /** Only where it is not 0. */
  channel: "Millrace-Channel",
};
/** On the last message of a batch: where each partition stands, "0=17.3 1=4.0". */
export const MARKS = "Millrace-Marks";
