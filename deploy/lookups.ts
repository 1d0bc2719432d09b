/**
 * Opens what lookups of declarations name by an address: postgres:, sqlite:, https:, http:, file:. `$NAME`, as
 * an address or the value of a header, is a variable of the environment: secrets need not stand in a file.
 */
import process from "node:process";
import type { LookupPlace, LookupSource, OpenedLookup } from "../runtime/mod.ts";

export async function openLookup(source: LookupSource, declared: LookupPlace): Promise<OpenedLookup> {
  const place: LookupPlace = {
    ...declared,
    address: resolved(declared.address),
    headers: Object.fromEntries(
      Object.entries(declared.headers ?? {}).map(([name, value]) => [name, resolved(value)]),
    ),
  };
  switch (place.address.slice(0, place.address.indexOf(":"))) {
    case "postgres":
    case "postgresql": {
      const { postgresLookup } = await import("../runtime/adapters/lookup/postgres.ts");
      return await postgresLookup(source, place);
    }
    case "sqlite": {
      const { sqliteLookup } = await import("../runtime/adapters/lookup/sqlite.ts");
      return await sqliteLookup(source, place);
    }
    case "http":
    case "https": {
      const { httpLookup } = await import("../runtime/adapters/lookup/http.ts");
      return await httpLookup(source, place);
    }
    case "file": {
      const { fileLookup } = await import("../runtime/adapters/lookup/file.ts");
      return await fileLookup(source, place);
    }
    default:
      throw new Error("its address must begin with postgres:, sqlite:, https:, http: or file:");
  }
}

function resolved(text: string): string {
  if (!text.startsWith("$")) return text;
  const found = process.env[text.slice(1)];
  if (!found) throw new Error(`the environment has no ${text.slice(1)}, which it names. Set it`);
  return found;
}
