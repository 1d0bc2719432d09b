// What `@std/testing/bdd` resolves to under Bun (tsconfig.json); under Deno the map is in deno.json.
export * from "node:test";
