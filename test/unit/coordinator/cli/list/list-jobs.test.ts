import assert from "node:assert/strict";
import { test } from "node:test";
import { printJobs } from "../../../../../coordinator/cli/list/list-jobs.ts";
import { printWorkers } from "../../../../../coordinator/cli/list/list-workers.ts";
import { stateOf } from "../../../../support/stories/job-story.ts";
import { mixed } from "../../../../support/stories/listed-runs.ts";

test("jobs and workers are listed with their counts and best runs", () => {
  const out = { results: "", notes: "" };
  const output = {
    result: (text: string) => {
      out.results += text;
    },
    note: (text: string) => {
      out.notes += text;
    },
  };
  printJobs({ state: mixed(), workspace: "ws1", flags: "", output }, {});
  assert.match(
    out.results,
    /\nws1 +job1 +any +waiting +dgd +3 +100 +0 +0 +1 +2\.000 +run1\.1 +2026-11-24T08:00:00Z +ann +spec\.yaml +waiting for a worker\n/,
  );
  assert.match(out.results, /\ntotal jobs listed: 2\n$/);
  out.results = "";
  printWorkers({ state: mixed(), workspace: "ws1", flags: "", output }, {});
  assert.match(out.results, /\nws1 +node-1 +admitted +0 +2 +1\n/);
  assert.match(out.results, /\nws1 +node-2 +admitted +1 +1 +0\n/);
  out.results = "";
  printWorkers({ state: mixed(), workspace: "ws1", flags: "", output }, { json: true });
  assert.equal((JSON.parse(out.results.split("\n")[1] ?? "") as { worker: string }).worker, "node-2");
  printJobs({ state: stateOf(), workspace: "ws1", flags: "", output }, {});
  assert.match(out.notes, /no job was submitted to workspace ws1 yet/);
});
