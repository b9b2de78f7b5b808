import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IndexedHeap } from "../../../../../shared/domain/run-sets/indexed-heap.ts";

test("the heap's top is the highest after any change, and so is each next one when the top falls", () => {
  const changes = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: -5, max: 5 })), {
    minLength: 1,
    maxLength: 200,
    size: "max",
  });
  fc.assert(
    fc.property(changes, (sequence) => {
      const ranks = new Map<number, number>();
      const rank = (member: number) => ranks.get(member) ?? Number.NaN;
      const outranks = (a: number, b: number) => rank(a) > rank(b) || (rank(a) === rank(b) && a > b);
      const heap = new IndexedHeap(outranks);
      const highest = () => [...ranks.keys()].reduce((a, b) => (outranks(b, a) ? b : a));
      for (const [member, value] of sequence) {
        ranks.set(member, value);
        heap.update(member);
        assert.equal(heap.size, ranks.size);
        assert.equal(heap.top, highest());
      }
      // Letting the top fall below all others, time after time, visits every member in order.
      for (let fallen = 0; fallen < heap.size; fallen++) {
        const top = heap.top;
        assert.equal(top, highest());
        ranks.set(top, -1000 - fallen);
        heap.update(top);
      }
    }),
  );
});

test("an empty heap has no top", () => {
  const heap = new IndexedHeap(() => false);
  assert.equal(heap.top, -1);
  assert.equal(heap.size, 0);
});
