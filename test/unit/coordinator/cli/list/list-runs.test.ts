import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ListRunsOptions, runsListed as listedRuns } from "../../../../../coordinator/cli/list/list-runs.ts";
import { streamResult } from "../../../../../coordinator/operator/output.ts";
import { liveRuns } from "../../../../../coordinator/runs/live-runs.ts";
import { listing } from "../../../../../coordinator/runs/run-listing.ts";
import type { WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import { jobName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { NotFoundError, UsageError } from "../../../../../shared/errors.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { mixed, printed } from "../../../../support/stories/listed-runs.ts";
import { ordered } from "../../../../support/stories/search.ts";
import { job278, job289, tutorialText } from "../../../../support/stories/tutorial-jobs.ts";

/** Names of the runs listed. */
function runsListed(state: WorkspaceState, runs: readonly string[], options: ListRunsOptions = {}): string[] {
  const { rows } = listing({ ...options, runs }, state, "ws1");
  return rows.map(({ parentRun, trial }) => parentRun?.name ?? trial?.run ?? "?");
}

test("nexus list runs prints the tutorial's ten best runs character for character", () => {
  const { results, notes } = printed(stateOf(job278()), ["job278"], { sort: "metrics.hpmax", last: 10 });
  assert.equal(results, tutorialText("list-runs-job278.txt"));
  assert.equal(notes, "35 more runs are not listed (--last=10); to see all: --all\n");
});

test("nexus list runs prints the tutorial's runs of the winner character for character", () => {
  const { results, notes } = printed(stateOf(job289()), ["job289"]);
  assert.equal(results, tutorialText("list-runs-job289.txt"));
  assert.equal(notes, "");
});

test("a sorted list of runs ends with the best; runs without a value follow them in both directions", () => {
  const all = { sort: "hpmax", all: true };
  const without = ["run1", "run1.2", "run2", "run2.2"];
  assert.deepEqual(runsListed(mixed(), [], all), ["run1.3", "run2.1", "run1.1", ...without]);
  assert.deepEqual(runsListed(mixed(), [], { ...all, reverse: true }), ["run1.1", "run2.1", "run1.3", ...without]);
});

test("nexus list runs notes which runs come last for lack of a value, and why", () => {
  const told = "2 runs have no hpmax, listed last: 1 error (run1.2: it broke), 1 running (run2.2)\n";
  for (const reverse of [false, true])
    assert.equal(printed(mixed(), [], { sort: "metrics.hpmax", all: true, reverse }).notes, told);
  assert.equal(
    printed(mixed(), [], { sort: "metrics.hpmax", last: 3, child: true }).notes.includes("listed last"),
    false,
  );
  assert.equal(
    printed(mixed(), ["job1"], { sort: "hpmax" }).notes,
    "1 run has no hpmax, listed last: 1 error (run1.2: it broke)\n",
  );
});

test("below a list with failed runs, a line gives the commonest reason and the command that lists all", () => {
  const story = new JobStory({ number: 6, hyperparameters: [ordered("lr", [0.1, 0.01])] });
  const why = 'environments/Maze_Env: property "layout" is "eazy"';
  for (const [i, reason] of [why, "it broke\n  twice", why].entries())
    story.endedWithout(story.started(`run1.${i + 1}`, [0]), `run1.${i + 1}`, "failed", reason);
  const state = stateOf(story);
  const last = "--status error --columns run,reason\n";
  assert.equal(
    printed(state, ["job6"]).notes,
    `3 failed, most often: ${why}; to see why: nexus list runs job6 ${last}`,
  );
  assert.equal(
    printed(state, ["run1.2"]).notes,
    `1 failed: it broke twice; to see why: nexus list runs run1.2 ${last}`,
  );
  assert.match(printed(state, ["run1.*"]).notes, / nexus list runs 'run1\.\*' --status/);
  assert.match(printed(state, []).notes, / nexus list runs --all --status/);
  assert.equal(printed(state, ["job6"], { columns: "run,reason" }).notes, "");
  assert.equal(printed(state, ["job6"], { json: true }).notes, "");
  story.endedWithout(story.started("run2.1", [0]), "run2.1", "failed", "word ".repeat(30));
  assert.match(printed(stateOf(story), ["run2"]).notes, /^1 failed: (word ){20}\.\.\.; to see why: /);
  assert.ok(!printed(state, ["job6"], { sort: "hpmax" }).notes.includes("to see why"), "the reasons are told already");
});

test("nexus list runs --group prints a table for each value of a column, with columns that line up", () => {
  const { results } = printed(mixed(), ["job1-job2"], {
    child: true,
    sort: "hpmax",
    group: "lr",
    columns: "run,hpmax",
  });
  assert.equal(
    results,
    `
lr: 0.01 (2 runs)

run     hpmax

run2.1  2.000
run1.2

lr: 0.1 (3 runs)

run     hpmax

run1.3  1.000
run1.1  3.000
run2.2

total runs listed: 5
`,
  );
  const byCore = printed(mixed(), [], { all: true, group: "core", columns: "run" }).results;
  assert.deepEqual(byCore.match(/^core: .*$/gm), ["core: GRU (1 run)", "core: MLP (1 run)", "core: (none) (5 runs)"]);
  assert.deepEqual(runsListed(mixed(), [], { child: true, all: true, group: "hpmax" }), [
    "run1.3",
    "run2.1",
    "run1.1",
    "run1.2",
    "run2.2",
  ]);
  assert.throws(() => printed(mixed(), [], { group: "cor" }), { message: /did you mean core\?/ });
});

test("a limit on a list of runs leaves out runs without a value before any other", () => {
  const sorted = { sort: "metrics.hpmax" };
  assert.deepEqual(runsListed(mixed(), [], { ...sorted, last: 2 }), ["run2.1", "run1.1"]);
  assert.deepEqual(runsListed(mixed(), [], { ...sorted, first: 2 }), ["run1.3", "run2.1"]);
  assert.deepEqual(runsListed(mixed(), [], { ...sorted, reverse: true, first: 2 }), ["run1.1", "run2.1"]);
  assert.deepEqual(runsListed(mixed(), [], { ...sorted, reverse: true, last: 2 }), ["run2.1", "run1.3"]);
  assert.deepEqual(runsListed(mixed(), [], { ...sorted, last: 5 }), ["run1.3", "run2.1", "run1.1"]);
});

test("sorting runs by any values keeps every run and gives an ascending order", () => {
  const values = fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), { maxLength: 30 });
  fc.assert(
    fc.property(values, fc.boolean(), (hpmaxes, reverse) => {
      const story = new JobStory({ number: 1 });
      hpmaxes.forEach((hpmax, i) => {
        const run = `run1.${i + 1}`;
        const n = story.started(run, []);
        if (hpmax !== null) story.completed(n, run, hpmax);
      });
      const state = stateOf(story);
      const { rows } = listing({ runs: [], sort: "hpmax", reverse, all: true }, state, "ws1");
      assert.equal(new Set(rows).size, hpmaxes.length === 0 ? 0 : hpmaxes.length + 1);
      const found = rows.map(({ trial }) => trial?.hpmax ?? null);
      const missing = found.indexOf(null);
      const present = missing < 0 ? found : found.slice(0, missing);
      assert.ok(found.slice(present.length).every((hpmax) => hpmax === null));
      const upwards = reverse ? present.reverse() : present;
      assert.ok(upwards.every((hpmax, i) => hpmax !== null && (i === 0 || hpmax >= (upwards[i - 1] ?? 0))));
    }),
  );
});

test("nexus list runs lists the last ten unless runs are named, and the total line says so", () => {
  const state = stateOf(job278());
  const { results, notes } = printed(state, []);
  assert.match(results, /\ntotal runs listed: 10 \(defaulted to --last=10\)\n$/);
  assert.match(notes, /^35 more runs are not listed/);
  assert.match(printed(state, [], { all: true }).results, /\ntotal runs listed: 45\n$/);
  assert.match(printed(state, ["job278"]).results, /\ntotal runs listed: 45\n$/);
  assert.match(printed(state, ["job278"], { first: 3 }).results, /\ntotal runs listed: 3 of 45 \(--first=3\)\n$/);
  assert.match(printed(state, ["job278"], { last: 45 }).results, /\ntotal runs listed: 45\n$/);
});

test("runs that a limit leaves out because they have no value to sort by are said to have none", () => {
  const story = new JobStory({ number: 1 });
  for (const run of ["run1.2", "run1.3"]) story.started(run, []);
  story.completed(story.started("run1.1", []), "run1.1", 0.5);
  const { results, notes } = printed(stateOf(story), ["job1"], { sort: "metrics.hpmax", last: 2, child: true });
  assert.match(results, /\ntotal runs listed: 1 of 3 \(--last=2\)\n$/);
  assert.equal(notes, "2 more runs are not listed (no hpmax); to see all: --all\n");
});

test("a list of several jobs' runs shares their common columns, in order of first appearance", () => {
  const { results } = printed(mixed(), ["job1,job2"], { precision: 2 });
  assert.equal(
    results,
    `
workspace  job   target  run     status     iters  s1-rew  s1-loss  hpmax    lr  core

ws1        job1  any     run1    queued
ws1        job1  any     run1.1  completed     10    3.00            3.00  0.10
ws1        job1  any     run1.2  error                                     0.01
ws1        job1  any     run1.3  completed     10    1.00            1.00  0.10
ws1        job2  lab     run2    running
ws1        job2  lab     run2.1  completed     10             2.00   2.00  0.01  GRU
ws1        job2  lab     run2.2  running                                   0.10  MLP

workspace  job   target  run     status     iters  s1-rew  s1-loss  hpmax    lr  core

total runs listed: 7
`,
  );
});

test("filters, status, parents and children narrow a list of runs", () => {
  const state = mixed();
  assert.deepEqual(runsListed(state, [], { filter: ["hpmax>=2"] }), ["run1.1", "run2.1"]);
  assert.deepEqual(runsListed(state, [], { filter: ["hpmax>=2", "lr=0.1"] }), ["run1.1"]);
  assert.deepEqual(runsListed(state, [], { filter: ["hpmax=$none"], child: true }), ["run1.2", "run2.2"]);
  assert.deepEqual(runsListed(state, [], { filter: ["core=MLP"] }), ["run2.2"]);
  assert.deepEqual(runsListed(state, [], { filter: ["run>run1.2", "job=job1"] }), ["run1.3"]);
  assert.deepEqual(runsListed(state, [], { status: "error,running", child: true }), ["run1.2", "run2.2"]);
  assert.deepEqual(runsListed(state, [], { parent: true }), ["run1", "run2"]);
  assert.deepEqual(runsListed(state, [], { status: "Failed,started", child: true }), ["run1.2", "run2.2"]);
  assert.deepEqual(runsListed(state, [], { filter: ["status=failed"] }), ["run1.2"]);
  assert.deepEqual(runsListed(state, [], { filter: [`"status" != 'done'`], child: true }), ["run1.2", "run2.2"]);
  assert.throws(() => runsListed(state, [], { status: "compelted" }), { message: /did you mean completed\?/ });
  assert.throws(() => runsListed(state, [], { filter: ["status=compelted"] }), {
    name: UsageError.name,
    message:
      /^--filter "status=compelted": no run is ever "compelted"; did you mean completed\?\n.*\n {11}\^{9}\n {2}expected: /,
  });
});

test("columns of a list of runs are chosen by name, with header and format", () => {
  const columns = "run,metrics.s1-rew=rew:.1f,hparams.lr=rate:.1e";
  const { results } = printed(mixed(), ["job1"], { columns, filter: ["hpmax>0"] });
  const lines = [
    "",
    "run     rew    rate",
    "",
    "run1.1  3.0  1.0e-1",
    "run1.3  1.0  1.0e-1",
    "",
    "total runs listed: 2",
    "",
  ];
  assert.deepEqual(results.split("\n"), lines);
  const added = printed(mixed(), ["run1.2"], { columns: "run", addColumns: "worker,reason,attempts" });
  assert.match(added.results, /\nrun1\.2 {2}node-1 {2}it broke +1\n/);
  assert.throws(() => printed(mixed(), [], { columns: "run,lr:3f" }), { message: /expected a format such as \.3f/ });
});

test("an unknown column of a list of runs is answered with the nearest one", () => {
  for (const options of [{ sort: "metrics.hpmx" }, { columns: "hpmx" }, { filter: ["hpmx>1"] }]) {
    assert.throws(() => printed(mixed(), [], options), { name: UsageError.name, message: /did you mean hpmax\?/ });
  }
  assert.throws(() => printed(mixed(), ["job7"]), { name: NotFoundError.name });
});

test("a list of runs reaches a hyperparameter that shares a name with a column by its prefix", () => {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("run", [5, 6])] });
  story.started("run1.1", [1]);
  assert.match(printed(stateOf(story), ["run1.1"], { columns: "run,hparams.run" }).results, /\nrun1\.1 +6\n/);
});

test("nexus list runs --status also takes the words that people use for a status", () => {
  const story = new JobStory({ number: 1, firstParent: 1, parents: 3 });
  const lost = story.started("run1.1", []);
  story.lost(lost, "run1.1", "no sign of life for 30 s");
  story.endedWithout(story.started("run2.1", []), "run2.1", "timed out", "too slow");
  story.started("run2.2", []);
  const statuses = (state: WorkspaceState) =>
    listing({ runs: [], columns: "run,status", all: true }, state, "ws1").rows.map((row) =>
      listing({ runs: [], columns: "status" }, state, "ws1").columns[0]?.column.value(row),
    );
  assert.deepEqual(statuses(stateOf(story)), ["queued", "queued", "running", "timed out", "running", "allocating"]);
  story.over("cancelled");
  assert.deepEqual(statuses(stateOf(story)).at(-1), "cancelled");
});

test("nexus list runs --available lists every column", () => {
  const asJson = printed(mixed(), [], { available: true, json: true }).results.trimEnd().split("\n");
  const columns = asJson.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    columns.find(({ header }) => header === "hpmax"),
    {
      ...{ type: "column", v: 1, column: "metrics.hpmax", header: "hpmax" },
      about: "what the search maximises: the last stage's mean over its reports",
    },
  );
  const { results } = printed(mixed(), [], { available: true });
  for (const name of ["metrics.hpmax", "metrics.s1-loss", "hparams.core", "worker", "reason"])
    assert.ok(results.includes(name), name);
});

test("a list of running runs shows from the leader how far they are, and why one stands still", () => {
  const state = mixed();
  const one = { silentMs: 0, slots: 1, opportunistic: false, noCode: false, version: null, skewMs: null, targets: [] };
  const frozen = { lending: "frozen", lendingWhy: "somebody types", lendingUntil: "", lendingMs: 1 } as const;
  const workers = [{ ...one, worker: workerIdFrom("node-2"), ...frozen }];
  const leases = [{ job: jobName(2), n: 2, attempt: 1, leftMs: 20_000, iters: 70 }];
  const live = liveRuns(state, { term: 1, leader: "a", leaseMs: 30_000, workers, leases }, 0);
  const { rows, columns } = listing(
    { runs: ["run2.2", "run2.1"], columns: "run,status,iters,reason" },
    state,
    "ws1",
    live,
  );
  const cells = rows.map((row) => columns.map(({ column }) => column.value(row)));
  assert.deepEqual(cells, [
    ["run2.1", "completed", 10, undefined],
    ["run2.2", "running", 70, "frozen: the owner of node-2 uses it (somebody types)"],
  ]);
});

test("nexus list runs keeps none of a long list's runs, and prints it no faster than it is read", async () => {
  const story = new JobStory({ number: 1, settings: { totalRuns: 2000 } });
  for (let i = 1; i <= 2000; i += 1) story.completed(story.started(`run1.${i}`, []), `run1.${i}`, i / 7);
  const state = stateOf(story);
  const kept = (): number => [...(state.jobs.get(story.job)?.trials.glanceKept() ?? [])].length;
  const before = kept();
  const pieces: string[] = [];
  let read = (): void => undefined;
  const slow = {
    result: (text: string) => void pieces.push(text),
    note: () => undefined,
    drained: () =>
      new Promise<void>((resolve) => {
        read = resolve;
      }),
  };
  for (const options of [
    { sort: "hpmax", all: true },
    { json: true, all: true },
  ]) {
    pieces.length = 0;
    const { results } = listedRuns({ state, workspace: "ws1", flags: "" }, [story.job], options);
    let isDone = false;
    const printing = streamResult(slow, results).then(() => {
      isDone = true;
    });
    for (let count = 1; !isDone; count += 1) {
      assert.equal(pieces.length, count);
      read();
      await new Promise(setImmediate);
    }
    await printing;
    assert.ok(pieces.length > 1, "one piece shows nothing");
    assert.equal(pieces.join("").split("run1.2000").length, 2);
    assert.equal(kept(), before);
  }
});
