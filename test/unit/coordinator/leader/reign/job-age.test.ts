import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobAges } from "../../../../../coordinator/leader/reign/job-age.ts";
import { stopIfReached } from "../../../../../coordinator/leader/rules/job-end.ts";
import { TestReign } from "../../../../support/stories/reign.ts";

describe("the age of a job", () => {
  test("a job's age goes on evenly, whatever becomes of the wall clock", () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 9 });
    const table = test_.reign.state.jobs.get(job);
    assert.ok(table);
    let [wall, monotonic] = [90_000, 5];
    const ages = new JobAges({ wall: () => wall, monotonic: () => monotonic });
    assert.equal(ages.of(table), 90_000);
    monotonic += 1000;
    wall += 86_400_000;
    assert.equal(ages.of(table), 91_000);
    wall = 0;
    assert.equal(ages.of(table), 91_000);
  });

  test("a job's age ends its search at max_job_time", () => {
    const test_ = new TestReign();
    const job = test_.submit({ totalRuns: 9, maxJobSeconds: 60 });
    const table = test_.reign.state.jobs.get(job);
    assert.ok(table);
    stopIfReached(test_.reign, table);
    test_.now = 59_000;
    stopIfReached(test_.reign, table);
    assert.equal(table.state, "searching");
    test_.now = 60_000;
    stopIfReached(test_.reign, table);
    assert.equal(table.state, "completed");
    assert.equal(table.reason, "max_job_time is over: 60 s since it was submitted");
  });
});
