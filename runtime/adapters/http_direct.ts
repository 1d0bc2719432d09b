/** Takes a request the direct way: node's own objects, its body put together, one answer written. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Direct } from "../ingress/http_decide.ts";

/** False when the request is not taken: it is as it was. */
export function takeDirectly(direct: Direct, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  if (incoming.method !== "POST") return false;
  const headers = headersOf(incoming.rawHeaders);
  if (headers === undefined || headers.has("transfer-encoding") || headers.has("expect")) return false;
  const answer = direct(incoming.url!, { headers: { get: (name) => headers.get(name) ?? null } });
  if (answer === undefined) return false;
  const parts: Uint8Array[] = [];
  incoming.on("data", (part: Uint8Array) => void parts.push(part));
  // One that breaks off before its end has nobody to answer; the parser answers what it cannot read.
  incoming.on("error", () => {});
  incoming.on("end", () => {
    answer(joined(parts)).then(({ status, headers, body }) => {
      if (outgoing.destroyed) return;
      outgoing.writeHead(status, headers);
      outgoing.end(body);
    }).catch(() => outgoing.destroy());
  });
  return true;
}

/** By their names in small letters; undefined where one came twice. */
function headersOf(raw: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) headers.set(raw[i].toLowerCase(), raw[i + 1]);
  return 2 * headers.size === raw.length ? headers : undefined;
}

/** A copy: the parser's own bytes may be used again. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
