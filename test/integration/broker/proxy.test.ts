import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { TcpProxy } from "../../support/broker/proxy.ts";
import { atEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";

/** An echo behind a proxy, and a client in front of it. */
async function echo(): Promise<{ proxy: TcpProxy; client: Socket; heard: () => string }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await TcpProxy.start(() => port);
  atEnd(async () => {
    await proxy.close();
    server.close();
  });
  const client = connect(proxy.port, "127.0.0.1");
  atEnd(() => client.destroy());
  let heard = "";
  client.on("data", (data) => {
    heard += data.toString();
  });
  client.on("error", () => undefined);
  await once(client, "connect");
  return { proxy, client, heard: () => heard };
}

describe("the proxy of the fault tests", () => {
  test("the proxy of the fault tests passes bytes on in order, later when it is slowed down", async () => {
    const { proxy, client, heard } = await echo();
    client.write("a");
    await eventually("a comes back", () => heard() === "a");
    proxy.slow(150);
    client.write("b");
    proxy.slow(0);
    client.write("c");
    await eventually("b and c come back", () => heard() === "abc");
    proxy.slow(150);
    const sentAt = performance.now();
    client.write("d");
    await eventually("d comes back", () => heard() === "abcd");
    assert.ok(performance.now() - sentAt > 290, "there and back");
  });

  test("the proxy of the fault tests holds everything while it is cut, and loses nothing when mended", async () => {
    const { proxy, client, heard } = await echo();
    proxy.cut();
    client.write("held");
    let turns = 0;
    await eventually("the loop has turned a hundred times", () => {
      turns += 1;
      return turns > 100;
    });
    assert.equal(heard(), "");
    proxy.mend();
    await eventually("it comes", () => heard() === "held");
  });

  test("the proxy of the fault tests drops its connections", async () => {
    const { proxy, client } = await echo();
    const closed = once(client, "close");
    proxy.drop();
    await closed;
  });
});
