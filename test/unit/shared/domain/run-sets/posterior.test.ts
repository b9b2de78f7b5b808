import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lowerBound, posteriorOf } from "../../../../../shared/domain/run-sets/posterior.ts";
import { type Completion, indexOf } from "../../../../support/stories/search.ts";

test("the posterior mean of one run is half way to the prior mean", () => {
  const { mean, stDev } = posteriorOf({ completed: 1, mean: 0.9, sampleVariance: 0 }, { mean: 0.5, variance: 0.04 });
  assert.ok(Math.abs(mean - 0.7) < 1e-15);
  assert.ok(Math.abs((stDev ?? 0) ** 2 - 0.02) < 1e-15);
});

test("without variance the posterior mean is the prior mean and its spread unknown", () => {
  const posterior = posteriorOf({ completed: 3, mean: 0.5, sampleVariance: 0 }, { mean: 0.5, variance: 0 });
  assert.deepEqual(posterior, { mean: 0.5, stDev: null });
  assert.equal(lowerBound(posterior), 0.5);
});

test("more runs of the same mean and variance reduce the spread and the pull of the prior", () => {
  const prior = { mean: 0, variance: 1 };
  let previous = posteriorOf({ completed: 1, mean: 2, sampleVariance: 0.5 }, prior);
  for (let completed = 2; completed < 200; completed++) {
    const next = posteriorOf({ completed, mean: 2, sampleVariance: 0.5 }, prior);
    assert.ok(next.mean > previous.mean && next.mean < 2);
    assert.ok((next.stDev ?? 0) < (previous.stDev ?? 0));
    previous = next;
  }
});

test("the posterior lies between prior and sample mean, with a finite spread, for any doubles", () => {
  const value = fc.double({ min: -1e140, max: 1e140, noNaN: true });
  const variance = fc.double({ min: 0, max: 1e280, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), value, variance, value, variance, (completed, m, s, p, v) => {
      const { mean, stDev } = posteriorOf({ completed, mean: m, sampleVariance: s }, { mean: p, variance: v });
      const slack = 1e-12 * Math.max(Math.abs(m), Math.abs(p));
      assert.ok(mean >= Math.min(m, p) - slack && mean <= Math.max(m, p) + slack, `${mean}`);
      assert.ok(v === 0 ? stDev === null : Number.isFinite(stDev));
    }),
  );
});

test("the posterior does not depend on the order of runs", () => {
  const thousandths = fc.integer({ min: -1000, max: 1000 }).map((value) => value / 1000);
  const run: fc.Arbitrary<Completion> = fc.tuple(fc.tuple(fc.nat(2)), thousandths);
  const runs = fc.array(run, { minLength: 1, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(
      runs.chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))),
      ([some, shuffled]) => {
        const a = indexOf(some);
        const b = indexOf(shuffled);
        for (const runSet of a) {
          const other = b.get(runSet.key);
          assert.ok(other);
          const here = posteriorOf(runSet, a.prior);
          const there = posteriorOf(other, b.prior);
          assert.ok(Math.abs(here.mean - there.mean) < 1e-12);
          // If all runs are equal, rounding must not turn "unknown" into a number in only one of the orders.
          assert.equal(here.stDev === null, there.stDev === null);
          assert.ok(Math.abs((here.stDev ?? 0) - (there.stDev ?? 0)) < 1e-9);
        }
      },
    ),
  );
});
