import assert from "node:assert/strict";
import { test } from "node:test";
import { printJobs } from "../../../../../coordinator/cli/list/list-jobs.ts";
import { printWorkers } from "../../../../../coordinator/cli/list/list-workers.ts";
import { workerIdFrom } from "../../../../../shared/domain/names.ts";
import type { Status } from "../../../../../shared/wire/messages.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { mixed } from "../../../../support/stories/listed-runs.ts";

const settings = { priority: 2, deadline: Date.UTC(2026, 11, 1, 18) };

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
  printJobs({ state: mixed(), workspace: "ws1", flags: "", output }, { last: 1 });
  assert.match(out.results, /\ntotal jobs listed: 1 of 2\n$/);
  assert.doesNotMatch(out.results, /\nws1 +job1 /);
  out.results = "";
  printWorkers({ state: mixed(), workspace: "ws1", flags: "", output }, {});
  assert.match(out.results, /\nws1 +node-1 +admitted +0 +2 +1 +33\n/);
  assert.match(out.results, /\nws1 +node-2 +admitted +1 +1 +0 +0\n/);
  out.results = "";
  printWorkers({ state: mixed(), workspace: "ws1", flags: "", output }, { json: true });
  assert.equal((JSON.parse(out.results.split("\n")[1] ?? "") as { worker: string }).worker, "node-2");
  printJobs({ state: stateOf(), workspace: "ws1", flags: "", output }, {});
  assert.match(out.notes, /no job was submitted to workspace ws1 yet/);
});

test("nexus list jobs has room for failures on a narrow terminal too, if there are any", () => {
  const header = (state: Parameters<typeof printJobs>[0]["state"]): string => {
    const texts: string[] = [];
    const output = { result: (text: string) => void texts.push(text), note: () => undefined, width: 60 };
    printJobs({ state, workspace: "ws1", flags: "", output }, {});
    return (
      texts
        .join("")
        .split("\n")
        .find((line) => line.startsWith("job ")) ?? ""
    );
  };
  assert.match(header(mixed()), / error /);
  assert.doesNotMatch(header(stateOf(new JobStory({ number: 1 }))), / error /);
});

test("nexus list jobs shows priority and deadline where a job has its own", () => {
  const [plain, own] = [new JobStory({ number: 1 }), new JobStory({ number: 2, settings })];
  const columns = (...stories: JobStory[]): string => {
    const texts: string[] = [];
    const output = { result: (text: string) => void texts.push(text), note: () => undefined };
    printJobs({ state: stateOf(...stories), workspace: "ws1", flags: "", output }, {});
    return texts.join("");
  };
  assert.doesNotMatch(columns(plain), /priority|deadline/);
  assert.match(columns(plain, own), /\nworkspace .* total +priority +deadline +running /);
  assert.match(columns(plain, own), /\nws1 +job2 .* 100 +2(\.0*)? +2026-12-01T18:00Z +0 /);
});

test("once the leader is heard, workers are listed with their slots, pools, states and why", () => {
  const texts: string[] = [];
  const output = { result: (text: string) => void texts.push(text), note: () => undefined };
  const one = { silentMs: 2000, slots: 4, opportunistic: false, noCode: false, version: null, skewMs: null };
  const frozen = {
    lending: "frozen",
    lendingWhy: "somebody types",
    lendingUntil: "after 5 min",
    lendingMs: 1,
  } as const;
  const workers = [
    { ...one, worker: workerIdFrom("node-1"), targets: ["gpu", "big"] },
    { ...one, worker: workerIdFrom("node-2"), targets: [], ...frozen },
  ];
  // Long silent: a worker that left with nothing in hand, and one whose run is lost.
  const silent = workers.map((each) => ({ ...each, silentMs: 95_000 }));
  const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers, leases: [] };
  const printing = { state: mixed(), workspace: "ws1", flags: "", output };
  printWorkers(printing, {}, status);
  const [table = ""] = texts;
  assert.match(
    table,
    /workspace +worker +host +state +heard +slots +targets +running +completed +error +failed_pct +why\n/,
  );
  assert.match(
    table,
    /\nws1 +node-1 +idle +2s ago +4 +gpu,big +0 +2 +1 +33 +job1 has runs for it; job2 is for the target/,
  );
  assert.match(
    table,
    /\nws1 +node-2 +owner active +2s ago +4 +all +1 +1 +0 +0 +somebody types; run2\.2 is frozen until then\n/,
  );
  texts.length = 0;
  printWorkers(printing, {}, { ...status, workers: silent });
  assert.match(texts[0] ?? "", /\nws1 +node-1 +away +95s ago /);
  assert.match(texts[0] ?? "", /\nws1 +node-2 +lost +lost, 95s ago /);
  texts.length = 0;
  printWorkers(printing, { json: true }, status);
  const {
    status: standing,
    state,
    slots,
    reason,
  } = JSON.parse(texts[0]?.split("\n")[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([standing, state, slots, reason], ["admitted", "idle", 4, null]);
});

test("nexus list workers shows how far clocks are ahead or behind, in a column only where one is", () => {
  const one = { silentMs: 2000, slots: 4, targets: [], opportunistic: false, noCode: false, version: null };
  const listed = (skews: readonly (number | null)[], json: boolean): string => {
    const workers = skews.map((skewMs, i) => ({ ...one, skewMs, worker: workerIdFrom(`node-${i + 1}`) }));
    const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers, leases: [] };
    const texts: string[] = [];
    const output = { result: (text: string) => void texts.push(text), note: () => undefined };
    printWorkers({ state: mixed(), workspace: "ws1", flags: "", output }, { json }, status);
    return texts.join("");
  };
  assert.doesNotMatch(listed([null, null], false), /clock_s/);
  assert.match(listed([60_000, null], false), / clock_s /);
  const clocks = (text: string): unknown[] =>
    text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { clock_s: unknown }).clock_s);
  assert.deepEqual(clocks(listed([60_040, -2345], true)), [60, -2.3]);
  assert.deepEqual(clocks(listed([null, null], true)), [null, null]);
});

test("a waiting job's reason is the leader's once heard, since the journal does not know who is there", () => {
  const texts: string[] = [];
  const output = { result: (text: string) => void texts.push(text), note: () => undefined };
  const status: Status = { term: 1, leader: "a", leaseMs: 30_000, workers: [], leases: [] };
  printJobs({ state: mixed(), workspace: "ws1", flags: "", output }, { json: true }, status);
  const [first] = texts.join("").split("\n");
  assert.equal(
    (JSON.parse(first ?? "") as { reason: string }).reason,
    "waiting for a worker: none of the 2 that have joined is there",
  );
});

test("nexus list jobs cuts a long reason to the width of the terminal, and only there", () => {
  const reason =
    `20 runs in a row have failed (max_failures_in_a_row); run1.20 was the last: ${"out of memory ".repeat(9)}`.trim();
  const story = new JobStory({ number: 1 });
  story.over("paused", reason);
  const state = stateOf(story);
  const shown = (width?: number, json = false) => {
    const [results, notes]: [string[], string[]] = [[], []];
    const output = { result: (text: string) => results.push(text), note: (text: string) => notes.push(text), width };
    printJobs({ state, workspace: "ws1", flags: "", output }, { json });
    return { text: results.join(""), notes: notes.join("") };
  };
  assert.match(shown().text, new RegExp(`${reason.slice(-40)}\n`));
  assert.equal(shown().notes, "");
  const whole = Math.max(
    ...shown()
      .text.split("\n")
      .map(({ length }) => length),
  );
  assert.deepEqual(shown(whole), shown(), "never where there is room");
  const narrow = shown(whole - 60);
  assert.equal(Math.max(...narrow.text.split("\n").map(({ length }) => length)), whole - 60);
  assert.match(narrow.text, / 20 runs in a row have failed .*\.\.\n/);
  assert.match(narrow.notes, /^reasons are cut; in full: nexus why JOB\n/);
  assert.match(
    shown(40).text,
    /\njob {3}status {2}reason {2}\+\d+\n\njob1 {2}paused {2}20 runs in a row have .*\.\.\n/,
  );
  assert.match(shown(40).notes, /\n\d+ columns have no room on this\n {2}terminal: workspace, /);
  assert.ok(
    shown(40)
      .text.split("\n")
      .every(({ length }) => length <= 40),
  );
  assert.equal(JSON.parse(shown(80, true).text).reason, reason);
});
