import assert from "node:assert/strict";
import { test } from "node:test";
import type { FromRunner } from "../../../../worker/runner/protocol.ts";
import { TaskRun } from "../../../../worker/runner/task-run.ts";
import { taskOf } from "../../../support/processes/run-task.ts";

test("a runner keeps the text of one job, that of its last run", async () => {
  const { job: _, jobText, ...rest } = taskOf("{component: processors/Probe_Proc, seconds: 0}");
  const ends: FromRunner[] = [];
  for (const [job, isSent] of [
    ["job1", true],
    ["job1", false],
    ["job2", true],
    ["job1", false],
  ] as const) {
    let last: FromRunner | undefined;
    const message = { type: "run", id: 1, job, jobText: isSent ? jobText : null, ...rest } as const;
    await new TaskRun(message, (each) => {
      last = each;
    }).execute();
    if (last) ends.push(last);
  }
  assert.deepEqual(
    ends.map((end) => (end.type === "failed" ? end.reason : end.type)),
    ["done", "done", "done", "the text of job1 was not sent to this runner"],
  );
});
