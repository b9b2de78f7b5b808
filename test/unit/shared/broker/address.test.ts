import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import {
  addressText,
  isLoopback,
  localUrl,
  parseAddress,
  probeServer,
  reachableAddresses,
} from "../../../../shared/broker/address.ts";
import { holdPort } from "../../../support/broker/ports.ts";

describe("a server's address", () => {
  test("a server's address is read with or without a port, IPv6 in brackets, and written the same way", () => {
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

  test("a name that only begins like a loopback address is not one", () => {
    for (const host of ["127.0.0.1", "127.200.3.4", "localhost", "::1"]) assert.ok(isLoopback(host), host);
    for (const host of ["127.evil.example", "127.0.0.1.example", "127.999.0.1", "127.", "localhost.example", "::12"])
      assert.ok(!isLoopback(host), host);
  });

  test("a server that listens on all addresses is reached over loopback from its own machine", () => {
    assert.equal(localUrl({ host: "0.0.0.0", port: 4222 }), "nats://127.0.0.1:4222");
    assert.equal(localUrl({ host: "::", port: 4222 }), "nats://[::1]:4222");
    assert.equal(localUrl({ host: "lab1", port: 4222 }), "nats://lab1:4222");
  });
});

describe("the addresses of a machine", () => {
  const at = (address: string, internal = false) => ({
    address,
    family: address.includes(":") ? ("IPv6" as const) : ("IPv4" as const),
    internal,
  });
  const inside = { docker0: [at("172.17.0.1")], "br-3f2a": [at("172.18.0.1")], virbr0: [at("192.168.122.1")] };

  test("others reach a machine at its addresses that are not loopback, link-local or of its own containers", () => {
    const interfaces = {
      lo: [at("127.0.0.1", true), at("::1", true)],
      eth0: [at("2001:db8::5"), at("192.0.2.7"), at("fe80::1")],
      wlan0: [at("198.51.100.4"), at("169.254.3.4")],
      tailscale0: [at("100.64.0.9")],
      ...inside,
    };
    assert.deepEqual(reachableAddresses(interfaces), ["192.0.2.7", "198.51.100.4", "100.64.0.9", "2001:db8::5"]);
  });

  test("a machine with no other addresses names those of its containers, and none names more than seven", () => {
    assert.deepEqual(reachableAddresses({ lo: [at("127.0.0.1", true)], ...inside }), [
      "172.17.0.1",
      "172.18.0.1",
      "192.168.122.1",
    ]);
    const many = Array.from({ length: 9 }, (_, i) => [at(`192.0.2.${i}`), at(`2001:db8::${i}`)]).flat();
    assert.equal(reachableAddresses({ eth0: many }).length, 7);
    assert.deepEqual(reachableAddresses({}), []);
  });
});

describe("probing a server", () => {
  const patienceMs = 60_000;

  /** A server that greets with this text, on a port of its own. */
  async function listening(greeting: string): Promise<{ port: number; close: () => void }> {
    const server = createServer((socket) => socket.on("error", () => undefined).write(greeting));
    const port = await holdPort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return { port, close: () => server.close() };
  }

  test("a probe tells the server that is looked for from another, and from none", async () => {
    const { port, close } = await listening('INFO {"server_id":"X","server_name":"lab1-ab"}\r\n');
    const address = { host: "127.0.0.1", port };
    assert.equal(await probeServer(address, "lab1-ab", patienceMs), "up");
    assert.equal(await probeServer(address, "lab1", patienceMs), "other");
    close();
    assert.equal(await probeServer(address, "lab1-ab", patienceMs), "down");
  });

  test("a probe that could not run for its whole time reads what has come before it calls a server silent", async () => {
    const { port, close } = await listening('INFO {"server_name":"lab1"}\r\n');
    const asked = probeServer({ host: "127.0.0.1", port }, "lab1", 100);
    const until = performance.now() + 150;
    while (performance.now() < until);
    const found = await asked;
    close();
    assert.equal(found, "up");
  });

  test("a probe calls a server silent that accepts a connection and does not finish its greeting", async () => {
    const { port, close } = await listening("INFO ");
    assert.equal(await probeServer({ host: "127.0.0.1", port }, "lab1", 50), "silent");
    close();
  });
});
