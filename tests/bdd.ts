// What `@std/testing/bdd` resolves to under Bun (tsconfig.json); under Deno the map is in deno.json.
export { after, afterEach, before, beforeEach, describe, it } from "node:test";
