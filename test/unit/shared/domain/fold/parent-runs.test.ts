import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FoldError } from "../../../../../shared/domain/fold/fold-error.ts";
import { ParentRuns } from "../../../../../shared/domain/fold/parent-runs.ts";
import { jobName, type RunName, type WorkerId } from "../../../../../shared/domain/names.ts";

const [a, b, c] = ["a", "b", "c"] as WorkerId[] as [WorkerId, WorkerId, WorkerId];

function twoParents(): ParentRuns {
  const parents = new ParentRuns(jobName(1));
  parents.make(7);
  parents.make(8);
  return parents;
}

describe("the parent runs of a job", () => {
  test("a job's parent runs are taken in order by the first workers, and later workers get new ones", () => {
    const parents = twoParents();
    const bound = [a, b, a, c].map((worker) => parents.started(worker, parents.nextRunName(worker, 20)));
    assert.deepEqual(bound, [7, 8, 0, 20]);
    assert.deepEqual(
      parents.all.map(({ name, worker, children }) => [name, worker, children]),
      [
        ["run7", a, 2],
        ["run8", b, 1],
        ["run20", c, 1],
      ],
    );
  });

  test("a job's parent runs continue after being saved", () => {
    const before = twoParents();
    before.started(a, "run7.1" as RunName);
    const after = new ParentRuns(jobName(1));
    for (const parent of before.all) after.keep({ ...parent });
    for (const worker of [a, b, c]) assert.equal(after.nextRunName(worker, 20), before.nextRunName(worker, 20));
  });

  test("a job's parent runs refuse a run that is no child, or another worker's child", () => {
    const parents = twoParents();
    parents.started(a, "run7.1" as RunName);
    assert.throws(() => parents.started(b, "run8" as RunName), FoldError);
    assert.throws(() => parents.started(b, "run7.2" as RunName), FoldError);
  });
});
