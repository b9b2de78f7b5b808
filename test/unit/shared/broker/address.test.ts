import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { addressText, localUrl, parseAddress, probeServer } from "../../../../shared/broker/address.ts";

describe("a server's address", () => {
  test("is read with and without a port, IPv6 in brackets, and written the same way", () => {
    for (const text of ["lab1:4222", "10.0.0.7:1", "[fd00::3]:4222", "lab.example.org:65535"]) {
      const { host = "", port = 0 } = parseAddress(text) ?? {};
      assert.equal(addressText({ host, port }), text);
    }
    assert.deepEqual(parseAddress("lab1"), { host: "lab1", port: undefined });
    assert.deepEqual(parseAddress("[::1]"), { host: "::1", port: undefined });
    for (const text of ["", ":4222", "lab1:", "lab1:x", "lab 1", "fd00::3", "lab1:123456", "nats://lab1"]) {
      assert.equal(parseAddress(text), undefined, text);
    }
  });

  test("of all addresses is loopback for programs on the same machine", () => {
    assert.equal(localUrl({ host: "0.0.0.0", port: 4222 }), "nats://127.0.0.1:4222");
    assert.equal(localUrl({ host: "::", port: 4222 }), "nats://[::1]:4222");
    assert.equal(localUrl({ host: "lab1", port: 4222 }), "nats://lab1:4222");
  });
});

describe("probing a server", () => {
  const patienceMs = 60_000;

  /** A server that greets with this text, on a port of its own. */
  async function listening(greeting: string): Promise<{ port: number; close: () => void }> {
    const server = createServer((socket) => socket.on("error", () => undefined).write(greeting));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  test("tells the one that is looked for from another, and from none", async () => {
    const { port, close } = await listening('INFO {"server_id":"X","server_name":"lab1-ab"}\r\n');
    const address = { host: "127.0.0.1", port };
    assert.equal(await probeServer(address, "lab1-ab", patienceMs), "up");
    assert.equal(await probeServer(address, "lab1", patienceMs), "other");
    close();
    assert.equal(await probeServer(address, "lab1-ab", patienceMs), "down");
  });

  test("calls a server silent that accepts a connection and does not finish its greeting", async () => {
    const { port, close } = await listening("INFO ");
    assert.equal(await probeServer({ host: "127.0.0.1", port }, "lab1", 50), "silent");
    close();
  });
});
