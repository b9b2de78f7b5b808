import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { firstToAnswer } from "../../../../../../shared/broker/client/sockets/race.ts";
import { holdPort } from "../../../../../support/broker/ports.ts";
import { atEnd } from "../../../../../support/cleanup.ts";

/** A server that greets with this text. */
async function listening(greeting = "INFO {}\r\n"): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on("error", () => undefined).write(greeting));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** Nothing answers there: the address is for documentation only (RFC 5737), or this machine has no route to it. */
const nowhere = { host: "192.0.2.77", port: 4222 };

test("the first address at which a server speaks is taken, whatever the ones before it do", async () => {
  const { port } = await listening();
  const mute = await listening("");
  const gone = await holdPort();
  const right = { host: "127.0.0.1", port };
  const { socket, address } = await firstToAnswer([
    nowhere,
    { host: "127.0.0.1", port: mute.port },
    { host: "127.0.0.1", port: gone },
    right,
  ]);
  assert.deepEqual(address, right);
  assert.equal(socket.remotePort, port);
  const [greeting] = (await once(socket, "data")) as [Buffer];
  assert.equal(greeting.toString(), "INFO {}\r\n", "what it said is still to be read");
  socket.destroy();
});

test("a server that answers at once is the only one that is asked", async () => {
  const first = await listening();
  const second = await listening();
  let asked = 0;
  second.server.on("connection", () => {
    asked += 1;
  });
  const { socket } = await firstToAnswer(
    [first, second].map(({ port }) => ({ host: "127.0.0.1", port })),
    60_000,
  );
  assert.equal(socket.remotePort, first.port);
  socket.destroy();
  assert.equal(asked, 0);
});

test("if no server answers, the first one's error says why", async () => {
  const gone = [await holdPort(), await holdPort()];
  await assert.rejects(
    firstToAnswer(gone.map((port) => ({ host: "127.0.0.1", port }))),
    (error: NodeJS.ErrnoException & { port?: number }) => error.code === "ECONNREFUSED" && error.port === gone[0],
  );
});
