import assert from "node:assert/strict";
import { test } from "node:test";
import { connectBus } from "../../../shared/broker/client/connect.ts";
import { startNatsServer } from "../../support/broker/nats-server.ts";

/** A worker that ends while it waits for the broker needs this: an uncaught rejection would end its process. */
test("a bus that is closed makes no new connection, and says nothing of it", async () => {
  const server = await startNatsServer();
  const said: unknown[] = [];
  const hear = (reason: unknown): void => void said.push(reason);
  process.on("unhandledRejection", hear);
  try {
    const bus = await connectBus({ url: server.url, credentials: {}, name: "leaving" });
    await bus.close();
    bus.reconnect();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([said, bus.isConnected()], [[], false]);
  } finally {
    process.off("unhandledRejection", hear);
    await server.stop();
  }
});
