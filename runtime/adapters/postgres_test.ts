import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { openPostgres } from "./postgres.ts";

/** Says that the client is in, and ready: authentication, then the state of no transaction. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

describe("connections to PostgreSQL", () => {
  it("are closed also where one is being made, and its server takes its time", async () => {
    let welcome = () => {};
    const asked = Promise.withResolvers<void>();
    const lines = new Set<Socket>();
    const server = createServer((line) => {
      lines.add(line);
      line.on("error", () => {});
      line.once("data", () => {
        welcome = () => line.write(WELCOME);
        asked.resolve();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const url = `postgres://test@127.0.0.1:${port}/test`;
    const postgres = openPostgres({ url, connections: 1, connectMs: 30_000, statementMs: 1_000 });
    const query = assert.rejects(postgres.query("SELECT 1"), /the connections were closed/);
    await asked.promise;
    const closed = postgres.close(100).then(() => "closed");
    await query;
    welcome();
    const late = new Promise((resolve) => setTimeout(() => resolve("still open"), 10_000).unref());
    assert.equal(await Promise.race([closed, late]), "closed");
    for (const line of lines) line.destroy();
    server.close();
  });
});
