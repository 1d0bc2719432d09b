/**
 * The partition of a key: FNV-1a-32 over its bytes, mod n. The same as a NATS server's own subject mapping
 * `{{partition(n,…)}}` computes, so that servers, clients and nodes agree without asking each other.
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return fnv1a32(key, key.length) % partitions;
}

/** FNV-1a-32 of the first `length` bytes. */
export function fnv1a32(bytes: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash >>> 0;
}
