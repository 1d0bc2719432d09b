/**
 * Rows from an endpoint, asked with all keys at once:
 *
 *   POST {address}   { "keys": ["1", "2"] }   →   200 [ { "id": "1", … } ]
 *
 * Keys that are integers are written as protobuf's JSON writes them, as texts. The answer has a row in that JSON
 * for each key that has one; fields that the message does not know are passed over.
 */
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import type { LookupPlace, LookupSource, OpenedLookup } from "../../world/lookup.ts";

/** Of one answer. */
const ANSWER_BYTES_MAX = 32 << 20;

export function httpLookup({ message }: LookupSource, place: LookupPlace): Promise<OpenedLookup> {
  const { origin, pathname } = addressOf(place.address);
  return Promise.resolve({
    name: origin + pathname,
    async load(keys, signal) {
      const response = await fetch(place.address, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json", ...place.headers },
        body: JSON.stringify({ keys: keys.map(String) }),
        redirect: "error",
        signal,
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`it answered ${response.status}`);
      }
      const rows = JSON.parse(await textOf(response));
      if (!Array.isArray(rows)) throw new Error("it answered with something else than a list of rows");
      return rows.map((row: JsonValue) => fromJson(message, row, { ignoreUnknownFields: true }));
    },
  });
}

function addressOf(address: string): URL {
  try {
    return new URL(address);
  } catch (cause) {
    throw new Error("its address cannot be read. For example: https://shop.example/customers", { cause });
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`its answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}
