import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IndexedHeaps } from "../../../../../shared/domain/run-sets/indexed-heaps.ts";

const changes = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: -5, max: 5 }), fc.nat(2)), {
  minLength: 1,
  maxLength: 200,
  size: "max",
});

test("each heap's first members are its highest after any change of rank or heap", () => {
  fc.assert(
    fc.property(changes, fc.nat(50), (sequence, count) => {
      const ranks = new Map<number, number>();
      const heapOf = new Map<number, number>();
      const rank = (member: number) => ranks.get(member) ?? Number.NaN;
      const outranks = (a: number, b: number) => rank(a) > rank(b) || (rank(a) === rank(b) && a > b);
      const heaps = new IndexedHeaps(outranks);
      for (const [member, value, heap] of sequence) {
        ranks.set(member, value);
        heapOf.set(member, heap);
        heaps.update(member, heap);
        assert.equal(heaps.size, ranks.size);
        for (const each of [0, 1, 2]) {
          const members = [...ranks.keys()].filter((one) => heapOf.get(one) === each);
          const inOrder = members.sort((a, b) => (outranks(a, b) ? -1 : 1));
          assert.equal(heaps.top(each), inOrder[0] ?? -1);
          assert.deepEqual(heaps.first(count, each), inOrder.slice(0, count));
        }
      }
      // Letting the top fall below all others, time after time, visits every member in order.
      for (let fallen = 0; fallen < heaps.size; fallen++) {
        const top = heaps.top(heapOf.get(sequence[0]?.[0] ?? 0));
        ranks.set(top, -1000 - fallen);
        heaps.update(top, heapOf.get(top));
        assert.equal(
          heaps.top(heapOf.get(top)),
          [...ranks.keys()]
            .filter((one) => heapOf.get(one) === heapOf.get(top))
            .reduce((a, b) => (outranks(b, a) ? b : a)),
        );
      }
    }),
  );
});

test("an empty heap has no top", () => {
  const heaps = new IndexedHeaps(() => false);
  assert.equal(heaps.top(), -1);
  assert.deepEqual(heaps.first(3), []);
  assert.equal(heaps.size, 0);
});
