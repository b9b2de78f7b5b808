import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type RngState, rngFrom } from "../../../../shared/domain/rng.ts";

test("rng: the first draws of a seed never change", () => {
  // Printed by seedrandom 3.0.5's alea("7"); a change here would change every recorded run.
  const rng = rngFrom(7);
  assert.deepEqual(
    [rng.uniform(), rng.uniform(), rng.below(1000), rng.below(1_000_000_000)],
    [0.36459518410265446, 0.007880980148911476, 187, 165615245],
  );
  assert.equal(rngFrom("7").uniform(), rngFrom(7).uniform());
  assert.notEqual(rngFrom(8).uniform(), rngFrom(7).uniform());
});

test("rng: a state saved as four 32-bit integers continues exactly, from any point", () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.string()), fc.nat(300), fc.nat(50), (seed, before, between) => {
      const rng = rngFrom(seed);
      for (let i = 0; i < before; i++) rng.uniform();
      const kept = Uint32Array.from(rng.state());
      assert.deepEqual([...kept], rng.state());
      const expected = Array.from({ length: 40 }, () => rng.uniform());
      const other = rngFrom("another");
      for (let i = 0; i < between; i++) other.uniform();
      other.restore([...kept] as unknown as RngState);
      assert.deepEqual(
        Array.from({ length: 40 }, () => other.uniform()),
        expected,
      );
    }),
  );
});

test("rng: below(n) gives every integer below n and no other", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (seed, n) => {
      const draw = rngFrom(seed).below(n);
      assert.ok(Number.isInteger(draw) && draw >= 0 && draw < n, `${draw} of ${n}`);
    }),
  );
  const rng = rngFrom("dice");
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[rng.below(6)]! += 1;
  // 10,000 expected in each, standard deviation 91: 5 of them either way.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 456, counts.join(" "));
  assert.throws(() => rng.below(0), RangeError);
  assert.throws(() => rng.below(1.5), RangeError);
  assert.throws(() => rng.restore([1, 2, 3, -1]), RangeError);
});
