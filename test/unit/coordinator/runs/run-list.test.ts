import assert from "node:assert/strict";
import { test } from "node:test";
import { namedJob } from "../../../../coordinator/runs/named-job.ts";
import { oneRun } from "../../../../coordinator/runs/one-run.ts";
import { selectRuns } from "../../../../coordinator/runs/run-list.ts";
import { listing } from "../../../../coordinator/runs/run-listing.ts";
import { checkIsSearch, nothingCompleted } from "../../../../coordinator/runs/searched.ts";
import { emptyWorkspace } from "../../../../shared/domain/fold/workspace-state.ts";
import { NotFoundError, UsageError } from "../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";

/** job1: run1 with three children, run2 with one; job2: run3 without. */
function state() {
  const first = new JobStory({ number: 1 });
  for (const run of ["run1.1", "run2.1", "run1.2", "run1.3"]) first.started(run, []);
  return stateOf(first, new JobStory({ number: 2, firstParent: 3, parents: 1 }));
}

function named(...words: string[]): string[] {
  return selectRuns(words, state(), "ws1").rows.map(({ parentRun, trial }) => parentRun?.name ?? trial?.run ?? "?");
}

const everyRun = ["run1", "run1.1", "run1.2", "run1.3", "run2", "run2.1", "run3"];

test("an empty selection names every run, by job and number", () => {
  assert.deepEqual(named(), everyRun);
  assert.deepEqual(named("job1-job2"), everyRun);
  assert.deepEqual(named("job*"), everyRun);
  assert.deepEqual(named(","), everyRun);
});

test("a word of a selection names a job, a run, a child run or a range", () => {
  assert.deepEqual(named("job2"), ["run3"]);
  assert.deepEqual(named("run1"), ["run1", "run1.1", "run1.2", "run1.3"]);
  assert.deepEqual(named("run1.2"), ["run1.2"]);
  assert.deepEqual(named("run1.*"), ["run1.1", "run1.2", "run1.3"]);
  assert.deepEqual(named("run3.*"), [], "a parent run without children has none");
  assert.deepEqual(named("run2-run3"), ["run2", "run2.1", "run3"]);
  assert.deepEqual(named("run1.2-run2"), ["run1.2", "run1.3", "run2", "run2.1"]);
  assert.deepEqual(named("run1.1-run1.2"), ["run1.1", "run1.2"]);
  assert.deepEqual(named("run2-run99"), ["run2", "run2.1", "run3"]);
});

test("several words of a selection name each run once, in order", () => {
  assert.deepEqual(named("run2.1,run1.2", "run1.2-run1.3"), ["run1.2", "run1.3", "run2.1"]);
  assert.deepEqual(named("ws1/run2"), ["run2", "run2.1"]);
});

test("the jobs of a selection of runs are those that its runs belong to", () => {
  assert.deepEqual(
    selectRuns(["run3"], state(), "ws1").tables.map(({ job }) => job),
    ["job2"],
  );
});

test("a run that does not exist is refused with those that do", () => {
  const missing: [string, RegExp][] = [
    [
      "job9",
      /there is no job9 in workspace ws1; it has job1 and job2, the nearest is job2\n {2}to see them: nexus list jobs/,
    ],
    ["run9", /there is no run9 in workspace ws1; it has run1, run2 and run3/],
    ["run1.9", /there is no run1\.9 in workspace ws1; run1 has run1\.1, run1\.2 and run1\.3/],
    ["run2.9", /run2 has only run2\.1$/],
    ["run3.1", /run3 has no children yet/],
    ["run8-run9", /there is no run8-run9/],
    ["run9.*", /there is no run9\.\*/],
  ];
  for (const [word, message] of missing) assert.throws(() => named(word), { name: NotFoundError.name, message }, word);
  const one = stateOf(new JobStory({ number: 2, firstParent: 3, parents: 1 }));
  assert.throws(() => selectRuns(["run9.*"], one, "ws1"), { message: /; it has only run3\n/ });
  assert.throws(() => selectRuns(["job1"], emptyWorkspace(), "ws1"), { message: /workspace ws1 has no jobs yet/ });
});

test("a word that is no name of a job or run is refused with a guess", () => {
  const wrong: [string, RegExp][] = [
    ["jbo1", /"jbo1" is not a job or run; did you mean job1\?/],
    ["rnu662", /did you mean run662\?/],
    ["run0", /is not a job or run/],
    ["everything", /expected: job1, job1-job3/],
    ["run3-run1", /the first run comes after the last one/],
  ];
  for (const [word, message] of wrong) assert.throws(() => named(word), { name: UsageError.name, message }, word);
});

test("a job that was deleted is named with who deleted it and when, and so are its runs", () => {
  const first = new JobStory({ number: 1 });
  first.completed(first.started("run1.1", []), "run1.1", 1);
  first.over();
  first.deleted();
  const alone = stateOf(first);
  const both = stateOf(first, new JobStory({ number: 2, firstParent: 3, parents: 1 }));
  const was = /job1 was deleted by ann on 20\d\d-\d\d-\d\d \d\d:\d\d UTC\n {2}to see what there is: nexus list jobs$/;
  for (const [word, text] of [
    ["job1", was],
    ["run1", was],
    ["run1.1", was],
    ["run1.1-run1.3", was],
    ["job7", /^there is no job7 in workspace ws1; it has only job2/],
  ] as const)
    assert.throws(
      () => selectRuns([word], both, "ws1"),
      (error) => error instanceof NotFoundError && text.test(error.message),
      word,
    );
  assert.throws(() => namedJob("ws1/job1", both, "ws1"), was);
  assert.deepEqual(
    selectRuns(["job1-job2"], both, "ws1").tables.map(({ job }) => job),
    ["job2"],
  );
  assert.throws(() => selectRuns(["job7"], alone, "ws1"), /there is no job7: workspace ws1 has no jobs\n/);
});

test("what an error says to type reaches the workspace that was asked for", () => {
  const [table] = state().jobs.values();
  assert.ok(table);
  const flags = " --workspace lab";
  for (const word of ["job9", "run9", "run1.9-run1.12"])
    assert.throws(() => selectRuns([word], state(), "lab"), / (list jobs|list runs job2) --workspace lab$/);
  for (const word of ["job9", "maze"])
    assert.throws(() => namedJob(word, state(), "lab"), / list jobs --workspace lab$/);
  const typed = " --workspace lab --nats nats://far:4222 --creds op.json";
  const withAll = {
    name: /Error$/,
    message: / (list jobs|list runs job2) --workspace lab --nats \S+ --creds op.json$/,
  };
  assert.throws(() => selectRuns(["run9"], state(), "lab", typed), withAll);
  assert.throws(() => namedJob("job9", state(), "lab", typed), withAll);
  assert.throws(() => oneRun("run9", state(), "lab", typed), withAll);
  assert.throws(() => listing({ runs: ["job9"], flags: typed }, state(), "lab"), withAll);
  assert.throws(() => checkIsSearch(table, flags), / list runs job1 --workspace lab$/);
  assert.match(nothingCompleted(table, flags).message, / list runs job1 --workspace lab$/);
});
