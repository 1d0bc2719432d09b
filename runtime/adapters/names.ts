/** Rules for names that end up in files, tables and subjects: checked where they enter an adapter. */

export function checkChainName(name: string): void {
  if (!/^[a-z0-9-]{1,128}$/.test(name)) {
    throw new Error(`Cannot open chain ${JSON.stringify(name)}: a chain's name is 1 to 128 of [a-z0-9-].`);
  }
}

export function checkBlobName(name: string): void {
  const parts = name.split("/");
  if (name.length <= 512 && parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && !/^\.+$/.test(part))) {
    return;
  }
  throw new Error(
    `Cannot use checkpoint name ${JSON.stringify(name)}: names are [A-Za-z0-9._-]+, with / between parts.`,
  );
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
