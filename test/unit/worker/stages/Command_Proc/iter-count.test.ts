import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IterCount } from "../../../../../worker/stages/Command_Proc/iter-count.ts";
import { countState } from "../../../../../worker/stages/count-state.ts";

const counted = (count: IterCount, ...said: (number | undefined)[]) => said.map((each) => count.next(each));

describe("the iterations of a program's reports", () => {
  test("a program's iterations rise; those reported before do not count, and one without a count is next", () => {
    assert.deepEqual(counted(new IterCount(undefined), 10, 20, 20, 5, undefined, 30), [
      10,
      20,
      undefined,
      undefined,
      21,
      30,
    ]);
  });

  test("the iterations of a program that counts from 0 are one more, so that none is lost", () => {
    const count = new IterCount(undefined);
    assert.deepEqual(counted(count, 0, 1, 2, 1), [1, 2, 3, undefined]);
    // The next attempt also knows that the program counts from 0. It begins at NEXUS_RESUME, which is 3.
    const next = new IterCount(count.state());
    assert.equal(next.done, 3);
    assert.deepEqual(counted(next, 0, 2, 3, 4), [undefined, undefined, 4, 5]);
  });

  test("a program's iterations go on from an earlier version's state; what is no whole number is the next", () => {
    assert.deepEqual(counted(new IterCount(countState(7)), 7, 8, 8.5, -3), [undefined, 8, 9, 10]);
    assert.deepEqual(new IterCount(countState(7)).state(), countState(7));
  });

  test("a program's iterations in fractions go by their order: a whole one among them is no repetition", () => {
    const count = new IterCount(undefined);
    assert.deepEqual(counted(count, 0.5, 1, 1.5, 2, 2.25, 2.25, 3), [1, 2, 3, 4, 5, 6, 7]);
    // The next attempt begins with what the last one has said.
    const next = new IterCount(count.state());
    assert.equal(next.done, 7);
    assert.deepEqual(counted(next, 2.25, 3, 3.5, 4), [undefined, undefined, 8, 9]);
    assert.deepEqual(counted(new IterCount(undefined), 0, 0.5, 1, 1.5), [1, 2, 3, 4]);
    // A second training within the run counts on, also after a loss.
    const folds = new IterCount(undefined);
    assert.deepEqual(counted(folds, 0.5, 1, 1.5, 0.5, 1), [1, 2, 3, 4, 5]);
    assert.deepEqual(counted(new IterCount(folds.state()), 1, 1.5, 0.5, 1), [undefined, 6, 7, 8]);
  });
});
