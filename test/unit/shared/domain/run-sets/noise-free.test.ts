import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName } from "../../../../../shared/domain/names.ts";
import { isNoiseFree } from "../../../../../shared/domain/run-sets/noise-free.ts";
import { type Completion, indexOf } from "../../../../support/stories/search.ts";

const twice = (...values: readonly number[]): Completion[] =>
  values.flatMap((value, i): Completion[] => [
    [[i], value],
    [[i], value],
  ]);

test("a history is free of noise once five configurations ran twice and gave the same number each time", () => {
  assert.ok(!isNoiseFree(indexOf([])));
  assert.ok(!isNoiseFree(indexOf([[[0], 1]])));
  assert.ok(!isNoiseFree(indexOf(twice(0.1, 0.2, 0.3, 0.4))));
  assert.ok(isNoiseFree(indexOf(twice(0.1, 0.2, 0.3, 0.4, 0.5))));
  assert.ok(isNoiseFree(indexOf([...twice(1e-300, 2e-300, -1e24, 3, 4), [[7], 5]])));
});

test("three configurations that ran twice are enough where nearly each one has a value of its own", () => {
  const once = (runs: number, values: number): Completion[] =>
    Array.from({ length: runs }, (_, i) => [[10 + i], (i % values) / 7]);
  assert.ok(isNoiseFree(indexOf([...once(13, 13), ...twice(-1, -2, -3)])));
  assert.ok(!isNoiseFree(indexOf([...once(12, 12), ...twice(-1, -2, -3)])));
  assert.ok(!isNoiseFree(indexOf([...once(24, 18), ...twice(-1, -2, -3)])));
  assert.ok(isNoiseFree(indexOf([...once(300, 61), ...twice(-1, -2, -3)])), "64 values are enough in any case");
  assert.ok(!isNoiseFree(indexOf([...once(300, 20), ...twice(-1, -2, -3)])));
  assert.ok(!isNoiseFree(indexOf([...once(100, 100), ...twice(-1, -2)])));
});

test("a history is not free of noise if one run differs by the least", () => {
  for (const other of [0.1 + 1e-17 + 1e-16, 1e-300, 1e300, -1e24]) {
    assert.ok(!isNoiseFree(indexOf([...twice(0.1, 0.2, 0.3, 0.4, 0.5), [[0], other]])), `${other}`);
  }
  assert.ok(!isNoiseFree(indexOf([...twice(1, 2, 3, 4, 5), [[7], 1e-300], [[7], 2e-300]])));
  // Values this large are clipped when they are summed, and say nothing about luck.
  assert.ok(!isNoiseFree(indexOf([...twice(1, 2, 3, 4, 5), ...twice(1e300)])));
});

test("a history is not free of noise if all that ran twice lies at the ends of a metric", () => {
  assert.ok(!isNoiseFree(indexOf(twice(0, 1, 1, 0, 1, 1))));
  assert.ok(!isNoiseFree(indexOf(twice(0, 1, 1, 0, 0.5, 1))));
  assert.ok(isNoiseFree(indexOf(twice(0, 1, 1, 0, 0.5, 0.25, 0.75, 1))));
});

test("rejected results no longer decide whether a history is free of noise", () => {
  const index = indexOf([...twice(0.1, 0.2, 0.3, 0.4, 0.5), [[0], 0.6]]);
  assert.ok(!isNoiseFree(index));
  const counted = twice(0.1, 0.2, 0.3, 0.4, 0.5).map(
    ([configuration, value], i): [Configuration, number, ReturnType<typeof childRunName>] => [
      configuration,
      value,
      childRunName(1, i + 1),
    ],
  );
  index.recount(counted);
  assert.ok(isNoiseFree(index));
  index.recount(counted.slice(0, 9));
  assert.ok(!isNoiseFree(index));
  const fine = Array.from({ length: 20 }, (_, i): (typeof counted)[number] => [
    i < 14 ? [10 + i] : [i % 3],
    i < 14 ? i : -1 - (i % 3),
    childRunName(1, i + 1),
  ]);
  const finer = indexOf(fine.map(([configuration, value]): Completion => [configuration, value]));
  for (let again = 0; again < 3; again += 1) {
    finer.recount(fine);
    assert.ok(isNoiseFree(finer), `counted ${again + 1} times`);
  }
});
