import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OrderDesk } from "../../../../../coordinator/leader/orders/order-desk.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { decodeOrder, encodeOrder, type Order, type OrderAnswer } from "../../../../../shared/wire/messages.ts";
import { orderKey, provenReign, signOrder, unknownReign } from "../../../../../shared/wire/seals/order-proof.ts";
import { TestReign } from "../../../../support/stories/reign.ts";

const key = orderKey("the operator's password");
const subject = "op.ann";
const worker = "w1" as WorkerId;
const bench = (op: string): Order => ({ kind: "bench", op, worker });

/** A desk, and what was carried out there. */
function newDesk(hasKey = true) {
  const { reign } = new TestReign();
  const done: string[] = [];
  let nonces = 0;
  const desk = new OrderDesk(reign, {
    key: hasKey ? key : undefined,
    nonce: () => {
      nonces += 1;
      return `${nonces}`;
    },
    carryOut: async (by, { op }): Promise<OrderAnswer> => {
      done.push(`${by} ${op}`);
      return { ok: op !== "no", code: op === "no" ? "refused" : "done", term: reign.term, name: op, reason: "" };
    },
  });
  const ask = (bytes: Uint8Array, to = subject): Promise<OrderAnswer> => desk.take(to, bytes, to.slice(3));
  /** What a client does: it signs again for the reign that the answer names. */
  const sign = async (order: Order, to = subject): Promise<Uint8Array> => {
    const { reign: present } = await ask(signOrder(encodeOrder(order), to, unknownReign, key), to);
    assert.ok(present);
    return signOrder(encodeOrder(order), to, present, key);
  };
  return { desk, done, ask, sign, reign };
}

describe("the proof of an order", () => {
  const signed = signOrder(encodeOrder(bench("a")), subject, unknownReign, key);

  test("the proof of an order fits its subject, its bytes and its key alone", () => {
    assert.deepEqual(provenReign(signed, subject, key), unknownReign);
    assert.equal(provenReign(encodeOrder(bench("a")), subject, key), "unsigned");
    assert.equal(provenReign(new Uint8Array(0), subject, key), "unsigned");
    assert.equal(provenReign(signed, "op.root", key), "wrong key");
    assert.equal(provenReign(signed, subject, orderKey("another password")), "wrong key");
    for (let i = 0; i < signed.length; i += 1) {
      const changed = Uint8Array.from(signed);
      changed[i] = (changed[i] ?? 0) ^ 1;
      assert.ok(typeof provenReign(changed, subject, key) === "string", `byte ${i}`);
    }
  });

  test("a leader that knows no proofs reads an order that has one", () => {
    assert.deepEqual(decodeOrder(signed), bench("a"));
  });
});

describe("the orders of a reign", () => {
  test("signed orders are carried out once each, whatever is sent again, and a refusal stays one", async () => {
    const { ask, sign, done } = newDesk();
    const order = await sign(bench("a"));
    const no = await sign(bench("no"));
    const answers = [await ask(order), await ask(no), await ask(order), await ask(no)];
    assert.deepEqual(done, ["ann a", "ann no"]);
    assert.deepEqual(answers.slice(2), answers.slice(0, 2));
  });

  test("an order that comes again while it is carried out is carried out once, and answered alike", async () => {
    const { ask, sign, done } = newDesk();
    const order = await sign(bench("a"));
    const [one, two] = await Promise.all([ask(order), ask(order)]);
    assert.deepEqual(done, ["ann a"]);
    assert.ok(one.ok);
    assert.deepEqual(one, two);
  });

  test("orders without a proof, with another's, or under another name are not carried out", async () => {
    const { ask, sign, done, reign } = newDesk();
    const order = await sign(bench("a"));
    assert.match((await ask(encodeOrder(bench("a")))).reason, /^this order is not signed\n {2}update the program/);
    const stranger = signOrder(encodeOrder(bench("a")), subject, unknownReign, orderKey("x"));
    assert.match((await ask(stranger)).reason, /not signed with the operator's password .*\n.*secrets\/operator\.json/);
    assert.equal((await ask(order, "op.root")).ok, false);
    assert.deepEqual([done, reign.dropped], [[], 3]);
  });

  test("an order signed for another reign is carried out only once it is signed for this one", async () => {
    const [first, second] = [newDesk(), newDesk()];
    const order = await first.sign(bench("a"));
    await first.ask(order);
    // Signed for an id that is no desk's: both desks here draw the same ids, which real desks never do.
    const other = signOrder(encodeOrder(bench("a")), subject, new Uint8Array(16).fill(1), key);
    const answer = await second.ask(other);
    assert.deepEqual([answer.ok, answer.code, second.done], [false, "refused", []]);
    assert.match(answer.reason, /signed again/);
    assert.ok(answer.reign);
    assert.ok((await second.ask(signOrder(encodeOrder(bench("a")), subject, answer.reign, key))).ok);
    assert.deepEqual(second.done, ["ann a"]);
  });

  test("an order is never forgotten while a copy of it would be obeyed", async () => {
    const { ask, sign, done } = newDesk();
    const first = await sign(bench("first"));
    await ask(first);
    for (let i = 0; i < 10_000; i += 1) {
      const signed = signOrder(encodeOrder(bench(`o${i}`)), subject, unknownReign, key);
      const { reign } = await ask(signed);
      await ask(signOrder(encodeOrder(bench(`o${i}`)), subject, reign ?? unknownReign, key));
    }
    const again = await ask(first);
    assert.ok(again.reign !== undefined || again.ok);
    assert.equal(done.filter((each) => each === "ann first").length, 1);
  });

  test("orders need no proof where operators and coordinator share no password", async () => {
    const { ask, done } = newDesk(false);
    assert.ok((await ask(encodeOrder(bench("a")))).ok);
    assert.ok((await ask(signOrder(encodeOrder(bench("b")), subject, unknownReign, orderKey("any")))).ok);
    assert.deepEqual(done, ["ann a", "ann b"]);
  });
});
