import assert from "node:assert/strict";
import { test } from "node:test";
import type { NatsConnection } from "nats";
import { holdsStored } from "../../../../../../shared/broker/client/nats/stored-message.ts";

/** A connection to a broker that holds one message of each subject, and what it was asked. */
function connectionTo(held: Readonly<Record<string, number>>): {
  readonly connection: NatsConnection;
  readonly asked: string[];
  readonly most: () => number;
} {
  const asked: string[] = [];
  let open = 0;
  let most = 0;
  const request = async (_subject: string, question: string): Promise<unknown> => {
    const { next_by_subj: pattern } = JSON.parse(question) as { next_by_subj: string };
    asked.push(pattern);
    open += 1;
    most = Math.max(most, open);
    await new Promise(setImmediate);
    open -= 1;
    const seq = held[pattern];
    return { json: () => (seq === undefined ? { error: { code: 404 } } : { message: { seq } }) };
  };
  // Only questions are asked.
  return { connection: { request } as unknown as NatsConnection, asked, most: () => most };
}

test("the stream's leader is asked for one message at a time, and for none after one that lies before", async () => {
  const { connection, asked, most } = connectionTo({ a: 9, c: 4, d: 2 });
  assert.equal(await holdsStored(connection, {}, "EV", 1, 5, ["a", "b", "c", "d"]), true);
  assert.deepEqual(asked, ["a", "b", "c"]);
  assert.equal(await holdsStored(connection, {}, "EV", 1, 4, ["a", "b", "c"]), false);
  assert.equal(most(), 1);
});
