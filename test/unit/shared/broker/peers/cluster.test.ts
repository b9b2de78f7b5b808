import assert from "node:assert/strict";
import { test } from "node:test";
import { placeCopies } from "../../../../../shared/broker/peers/cluster.ts";
import type { Bus } from "../../../../../shared/ports.ts";

interface Answer {
  readonly leader?: string;
  readonly others: readonly string[];
  readonly subjects?: readonly string[];
}

/** Places the missing ones of three copies, where the cluster answers so; the last answer is given again. */
async function placed(...answers: [Answer, ...Answer[]]): Promise<{ isDone: boolean; updates: unknown[] }> {
  const updates: unknown[] = [];
  const request = async (subject: string, data: Uint8Array): Promise<Uint8Array> => {
    if (subject === "$JS.API.STREAM.UPDATE.JRN") {
      updates.push((JSON.parse(Buffer.from(data).toString()) as { num_replicas: number }).num_replicas);
      return Buffer.from("{}");
    }
    assert.equal(subject, "$JS.API.STREAM.INFO.JRN");
    const [{ leader, others, subjects = ["jrn.>"] }] = answers;
    if (answers.length > 1) answers.shift();
    const cluster = { ...(leader === undefined ? {} : { leader }), replicas: others.map((name) => ({ name })) };
    return Buffer.from(JSON.stringify({ config: { name: "JRN", subjects, num_replicas: 3 }, cluster }));
  };
  const bus = { request } as unknown as Bus; // only JetStream is asked
  return { isDone: await placeCopies(bus, "JRN", 3), updates };
}

test("a missing copy is placed by taking the number of copies down to those that are there, and up again", async () => {
  assert.deepEqual(await placed({ leader: "a", others: ["b"] }), { isDone: true, updates: [2, 3] });
  assert.deepEqual(await placed({ leader: "a", others: ["b"] }, { others: ["b"] }), { isDone: true, updates: [2, 3] });
});

test("no copy is given up where the stream has lost its leader, or lacks none by now", async () => {
  const nothing = { isDone: false, updates: [] };
  assert.deepEqual(await placed({ others: ["b"] }), nothing);
  assert.deepEqual(await placed({ others: [] }), nothing);
  assert.deepEqual(await placed({ leader: "a", others: [] }), nothing);
  assert.deepEqual(await placed({ leader: "a", others: ["b", "c"] }), nothing);
});

test("a stream that is closed by now is not opened by the placing of its copies", async () => {
  const open = { leader: "a", others: ["b"] };
  const closed = { ...open, subjects: ["moving.jrn.>"] };
  assert.deepEqual(await placed(closed), { isDone: false, updates: [] });
  assert.deepEqual(await placed(open, closed), { isDone: false, updates: [2] });
});
