/**
 * Keys as tokens of a NATS subject. Letters, digits, `-` and `_` stand for themselves, so that a server's
 * `{{partition(n,…)}}` mapping over the token computes the partition of an ordinary key; any other byte is
 * `%XX`, since dots, spaces and wildcards would cut or widen the subject.
 */
export function keyToken(key: Uint8Array): string {
  let token = "";
  for (const byte of key) {
    token += isPlain(byte) ? String.fromCharCode(byte) : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return token === "" ? "%" : token;
}

/** The key of a token. */
export function keyOfToken(token: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at++) {
    if (token[at] !== "%") bytes.push(token.charCodeAt(at));
    else if (at + 2 < token.length) {
      bytes.push(parseInt(token.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}

export const decideSubject = (pipeline: string, token: string): string =>
  `millrace.${pipeline}.decide.${token}`;
export const outputSubject = (pipeline: string, token: string): string => `millrace.${pipeline}.out.${token}`;

const HEX = "0123456789ABCDEF";

function isPlain(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) ||
    byte === 45 || byte === 95;
}
