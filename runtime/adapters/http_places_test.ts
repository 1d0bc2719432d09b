import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { keepPlaces } from "./http_places.ts";

describe("places of connections", () => {
  it("are kept from request to request, and given up when the connection closes", async () => {
    const server = createServer((request, response) =>
      request.resume().once("end", () => response.end("ok"))
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const places = keepPlaces(server);
    // Where a newer Deno has it elsewhere this says so: requests would again be kept until a full collection.
    assert.equal(places !== undefined, "Deno" in globalThis);
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    for (let asked = 0; asked < 3; asked++) {
      socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      const [answer] = await once(socket, "data");
      assert.match(String(answer), /^HTTP\/1\.1 200 /);
      if (places) assert.equal(places.size, 1);
    }
    const closed = once(server, "close");
    socket.destroy();
    server.close();
    await closed;
    if (places) assert.equal(places.size, 0);
  });
});
