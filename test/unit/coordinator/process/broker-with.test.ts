import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerWith } from "../../../../coordinator/process/headless.ts";
import type { HeldBroker } from "../../../../shared/broker/server/server.ts";

test("a coordinator's broker is given back if the package for other machines cannot be made", async () => {
  let released = 0;
  const release = async (): Promise<void> => {
    released += 1;
  };
  const broker = { release } as HeldBroker; // nothing else of it is used
  const late = new Promise<HeldBroker>((resolve) => setImmediate(() => resolve(broker)));
  await assert.rejects(brokerWith(late, Promise.reject(new Error("no package nats"))), /no package nats/);
  assert.equal(released, 1);
  await assert.rejects(brokerWith(Promise.reject(new Error("port taken")), Promise.resolve(1)), /port taken/);
  assert.deepEqual(await brokerWith(Promise.resolve(broker), Promise.resolve(1)), [broker, 1]);
  assert.equal(released, 1);
});
