import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namedFile } from "../../../../../coordinator/cli/transfer/download.ts";
import { formatFor } from "../../../../../coordinator/cli/transfer/export-job.ts";
import { jobFiles } from "../../../../../coordinator/cli/transfer/job-files.ts";
import { reportsCsv } from "../../../../../coordinator/cli/transfer/run-files.ts";
import { ConsolePrinter } from "../../../../../coordinator/cli/view/console-printer.ts";
import { followConsole } from "../../../../../coordinator/cli/view/view-console.ts";
import { isAbout, showEvents } from "../../../../../coordinator/cli/view/view-events.ts";
import { reportsJson, reportsText } from "../../../../../coordinator/cli/view/view-metrics.ts";
import { isChoiceOf, runText, whyChosen } from "../../../../../coordinator/cli/view/view-run.ts";
import { viewSpec } from "../../../../../coordinator/cli/view/view-spec.ts";
import { oneRun } from "../../../../../coordinator/runs/one-run.ts";
import { eventText } from "../../../../../coordinator/words/event-words.ts";
import type { Curve } from "../../../../../shared/domain/curve.ts";
import type { WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import { type JobName, type RunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { JournalCorruptError, NotFoundError, UsageError } from "../../../../../shared/errors.ts";
import { workspacePaths } from "../../../../../shared/machine/workspace.ts";
import type { Bus, StoredMessage } from "../../../../../shared/ports.ts";
import { encodeEvents } from "../../../../../shared/wire/messages.ts";
import { streams } from "../../../../../shared/wire/subjects.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { ordered } from "../../../../support/stories/search.ts";

/** run1.1 was lost and came back, run1.2 failed, run2.1 runs. */
function told() {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [0.1, 0.01])], firstParent: 1, parents: 3 });
  const first = story.started("run1.1", [0]);
  story.lost(first, "run1.1", "no sign of life for 30 s");
  story.startedAgain(first, 2, "run1.1", [0]);
  story.completed(first, "run1.1", 0.5, 10, { "s1-hrs": 0.1, "s1-rew": 0.5 });
  story.endedWithout(story.started("run1.2", [1]), "run1.2", "failed", "it\u001b[2Jbroke");
  story.started("run2.1", [1]);
  const { job, n, worker } = {
    job: story.job,
    n: first,
    worker: story.events.flatMap((e) => ("worker" in e ? [e.worker] : []))[0],
  };
  if (worker) story.events.push({ type: "late", job, n, attempt: 1, worker, hpmax: 0.4, ev: 9, at: story.at });
  return { story, state: stateOf(story) };
}

/** Keeps what goes to stdout. */
function keeping() {
  let all = "";
  const result = (text: string): void => {
    all += text;
  };
  return { output: { result, note: () => undefined }, text: () => all };
}

function eventsText(entries: Parameters<typeof showEvents>[1], state: WorkspaceState): string {
  const { output, text } = keeping();
  showEvents(output, entries, state);
  return text();
}

describe("nexus view events", () => {
  const { story, state } = told();
  const listed = (word: string): string => {
    const keep = isAbout(word, state, "ws1");
    return eventsText(
      story.events.filter(keep).map((event, i) => ({ seq: i + 1, event })),
      state,
    );
  };

  test("nexus view events shows a run's attempts, losses and late results, with reasons", () => {
    const lines = listed("run1.1").split("\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("2026")).map((line) => line.replace(/^\S+ +/, "").replace(/ +/g, " ")),
      [
        "run1.1 1 node-1 assigned the best run set's neighbour",
        "run1.1 1 node-1 lost no sign of life for 30 s (counts against its retries)",
        "run1.1 2 node-1 assigned the best run set's neighbour",
        "run1.1 1 node-1 completed hpmax 0.50000 after 10 iterations",
        "run1.1 1 node-1 late hpmax 0.40000 came after the run had ended: not counted",
      ],
    );
    assert.equal(lines.at(-2), "total events listed: 5");
  });

  test("nexus view events names the columns that a terminal has no room for", () => {
    let notes = "";
    const note = (text: string): void => {
      notes += text;
    };
    const entries = story.events.map((event, i) => ({ seq: i + 1, event }));
    showEvents({ ...keeping().output, note, width: 60 }, entries, state);
    assert.match(notes, /^3 columns have no room on this terminal: attempt, worker,\s+event;/);
  });

  test("nexus view events says what an edit changed, and by whom", () => {
    const at = story.at;
    const { settings, hyperparameters } = state.jobs.get(story.job)?.submitted ?? assert.fail("no job1");
    const changes = { totalRuns: 99, addValues: { lr: [0.001] } };
    const event = {
      type: "job-edited",
      op: "op1",
      job: story.job,
      changes,
      settings,
      hyperparameters,
      by: "ann",
      at,
    } as const;
    assert.match(eventsText([{ seq: 1, event }], state), /job-edited +total_runs 99, lr also 0.001 \(by ann\)\n/);
    const worker = workerIdFrom("lab-1");
    const revoked = { type: "worker-state", worker, state: "revoked", by: "ann", op: "op2", at } as const;
    const told = (reason: string): string => eventsText([{ seq: 2, event: { ...revoked, reason } }], state);
    assert.match(told("was lent by ann and by nobody else, it seems stolen by ann"), /stolen by ann \(by ann\)\n/);
    assert.match(told("revoked by ann"), /revoked +revoked by ann\n/);
    assert.equal(
      eventText({ ...revoked, reason: "not ours" }, undefined)?.text,
      "worker lab-1 revoked: not ours (by ann)",
    );
    assert.equal(
      eventText({ ...revoked, state: "admitted", reason: "" }, undefined)?.text,
      "worker lab-1 admitted by ann",
    );
  });

  test("nexus view events selects the events of a job, of a worker, or of a parent run's children", () => {
    assert.match(listed("job1"), /\n\S+ +job1 +submitted +spec\.yaml by ann: 100 runs, hp_tuning dgd\n/);
    assert.match(listed("job1"), /total events listed: 9\n$/);
    assert.match(listed("node-2"), /total events listed: 1\n$/);
    assert.match(listed("run1"), /total events listed: 7\n$/);
    assert.throws(() => listed("run9"), { name: NotFoundError.name });
    assert.throws(() => listed("nobody-9"), { name: NotFoundError.name, message: /no job, run or worker nobody-9/ });
  });

  test("nexus view events takes a job with its workspace, even if that contains dashes", () => {
    const keep = isAbout("my-ws/job1", state, "my-ws");
    assert.equal(story.events.filter(keep).length, 9);
  });

  test("nexus view events prints nothing that moves the cursor", () => {
    assert.ok(!listed("run1.2").includes("\u001b"));
  });
});

describe("nexus view console", () => {
  const { state } = told();
  const shown = (last?: number, json?: boolean) => {
    const { trial } = oneRun("run1.1", state, "ws1");
    const kept = keeping();
    return { printer: new ConsolePrinter(trial, { last, json }, kept.output), text: kept.text };
  };

  test("nexus view console shows the last lines of what exists, then everything that comes", () => {
    const { printer, text } = shown(2);
    printer.say({ attempt: 1, text: "one\ntwo\n" });
    printer.say({ attempt: 1, text: "three\tx\u001b[2J\n" });
    assert.equal(text(), "", "not before all that is there is known");
    printer.caughtUp();
    assert.equal(text(), "two\nthree\tx [2J\n");
    printer.say({ attempt: 1, text: "four\nfive\nsix\n" });
    printer.say({ attempt: 2, text: "seven\n" });
    assert.match(text(), /\nfour\nfive\nsix\n--- attempt 2, node-1 ---\nseven\n$/);
  });

  test("nexus view console prints one object a line with --json", () => {
    const { printer, text } = shown(1, true);
    printer.say({ attempt: 1, text: "one\n\ntwo\u001b\n" });
    printer.caughtUp();
    assert.deepEqual(JSON.parse(text()), { type: "line", v: 1, run: "run1.1", attempt: 1, text: "two\u001b" });
    assert.equal(printer.isSilent, false);
  });
});

describe("nexus view spec", () => {
  const { state } = told();
  const printed = (word: string, json = false): string => {
    const kept = keeping();
    viewSpec({ state, workspace: "ws1", flags: "", output: kept.output }, word, { json });
    return kept.text();
  };

  test("nexus view spec takes a job with its workspace, and prints an object with --json", () => {
    assert.equal(printed("ws1/job1"), printed("job1"));
    const object = {
      type: "spec",
      v: 1,
      job: "job1",
      run: null,
      file: "spec.yaml",
      commandLine: {},
      edits: [],
      text: "",
    };
    assert.deepEqual(JSON.parse(printed("ws1/job1", true)), object);
    assert.throws(() => printed("ws1/job2"), { name: NotFoundError.name, message: /did you mean job1\?/ });
    assert.throws(() => printed("ws2/job1"), { name: UsageError.name });
  });
});

describe("the files of a job", () => {
  const { state } = told();
  const table = state.jobs.get("job1" as JobName);
  assert.ok(table);
  // No part of the job is stored in pieces, so the bus is not asked.
  const filesOf = () => jobFiles(undefined as never, table, state, "ws1");

  test("a job's files are its spec and the table of its runs, by name", async () => {
    assert.equal(String(await namedFile("job1", await filesOf(), "spec.yaml").content()), "");
    const [header, first] = String(await namedFile("job1", await filesOf(), "runs.csv").content()).split("\n");
    assert.match(header ?? "", /^workspace,job,target,run,status,iters,s1-hrs,s1-rew,hpmax,lr$/);
    assert.match(first ?? "", /^ws1,job1,any,run1,/);
  });

  test("a file that a job does not have is refused with the nearest name and a list", async () => {
    const files = await filesOf();
    assert.throws(() => namedFile("job1", files, "run.csv"), {
      name: NotFoundError.name,
      message:
        /^job1 has no file run\.csv; did you mean runs\.csv\?\n {2}it has: spec\.yaml, runs\.csv\n {2}of one of its/,
    });
  });
});

describe("one run", () => {
  const { story, state } = told();
  test("a run is found by its name, or by its parent's if that has one child", () => {
    assert.equal(oneRun("run1.2", state, "ws1").trial.run, "run1.2");
    assert.equal(oneRun("run2", state, "ws1").trial.run, "run2.1");
  });

  test("a parent run of several runs, or of none, is refused with what to type", () => {
    assert.throws(() => oneRun("run1", state, "ws1"), {
      name: UsageError.name,
      message: "run1 has 2 runs, run1.1 to run1.2; expected one of them, for example run1.1",
    });
    assert.throws(() => oneRun("run3", state, "ws1"), { name: NotFoundError.name, message: "run3 has no runs yet" });
  });

  test("a run is shown with all its values, attempts and files", () => {
    const run = oneRun("run1.1", state, "ws1");
    const list = { blob: "files", key: new Uint8Array(32), files: [], leftOut: "large (3.0 MB)" };
    const worker = run.trial.attempts[0]?.worker;
    assert.ok(worker);
    const files = { worker, attempt: 2, list };
    const evidence = {
      curve: curves[0] ?? empty,
      console: null,
      said: [],
      titles: {},
      gpus: "GPU 1 (NVIDIA A100)",
      environment: "",
      files,
    };
    const told = story.events.filter(isChoiceOf(run)).map((event, i) => ({ seq: i + 1, event }));
    assert.deepEqual(
      told.map(({ event }) => "attempt" in event && event.attempt),
      [1, 2],
    );
    const text = runText({ run, evidence, workspace: "ws1", why: whyChosen(told) });
    assert.match(text, /\nwhy +the best run set's neighbour\n/, "also of one that has ended");
    assert.equal(whyChosen([]), undefined);
    assert.match(text, /\nhpmax +0\.5\nlr +0\.1\n/);
    assert.match(text, /\nran on +GPU 1 \(NVIDIA A100\)\n/);
    assert.match(text, /\nlate +1\n/);
    assert.match(text, /\n +1 {2}node-1 +2026-11-24T08:00:01Z {2}lost: no sign of life for 30 s\n/);
    assert.match(text, /\n +2 {2}node-1 +2026-11-24T08:00:\d\dZ {2}completed\n/);
    assert.match(text, /\nattempts: 2\n[\s\S]*\nfiles: 0\nleft out: large \(3\.0 MB\)\n$/);
  });
});

const empty: Curve = { run: "run1.1" as RunName, stages: [] };
const stage = (number: number, iters: number[], name: string, values: number[]) => ({
  stage: number,
  iters,
  hours: iters.map((at) => at / 100),
  metrics: [{ name, values, counts: values.map(() => 1) }],
});
const curves: Curve[] = [
  {
    run: "run1.1" as RunName,
    stages: [stage(1, [10, 20], "s1-rew", [0.5, Number.NaN]), stage(2, [5], "s2-loss", [2])],
  },
  { run: "run1.2" as RunName, stages: [stage(1, [10], "s1-rew", [Number.POSITIVE_INFINITY])] },
];

test("an export has the format that its file's ending names, or is refused", () => {
  assert.equal(formatFor({}), "csv");
  assert.equal(formatFor({ output: "a/B.PARQUET" }), "parquet");
  assert.equal(formatFor({ output: "job1.optuna.log" }), "optuna-journal");
  assert.equal(formatFor({ to: "jsonl", output: "runs.txt" }), "jsonl");
  assert.throws(() => formatFor({ to: "parquet", output: "x.csv" }), {
    name: UsageError.name,
    message: /ending says csv\n {2}expected a name that ends in \.parquet, or --to csv/,
  });
  assert.equal(formatFor({ output: "runs" }), "csv");
  assert.equal(formatFor({ output: "-" }), "csv");
  assert.equal(formatFor({ output: "-", to: "jsonl" }), "jsonl");
  assert.throws(() => formatFor({ output: "x.xyz" }), {
    name: UsageError.name,
    message:
      /no format has the ending \.xyz\n {2}expected .* \.csv, \.tsv, \.jsonl, \.parquet, .*, or the format: --to csv/,
  });
  assert.throws(() => formatFor({ output: "-", to: "parquet" }), { name: UsageError.name, message: /name a file/ });
});

describe("reports", () => {
  test("reports are printed as one table of all stages and runs", () => {
    assert.equal(
      reportsText(curves),
      `
run     iters  s1-hrs  s1-rew  s2-hrs  s2-loss

run1.1     10   0.100   0.500
run1.1     20   0.200
run1.1      5                   0.050    2.000
run1.2     10   0.100     inf

total reports listed: 4
`,
    );
    assert.match(reportsText(curves, 1), /run1\.1 +5 .*\nrun1\.2 +10 .*\n\ntotal reports listed: 2\n$/);
    assert.equal(reportsText([empty]), "\niters\n\n\ntotal reports listed: 0\n");
  });

  test("reports are printed as objects that omit unmeasured metrics", () => {
    const lines = reportsJson(curves)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    assert.deepEqual(lines[1], { type: "report", v: 1, run: "run1.1", stage: 1, iters: 20, hours: 0.2, metrics: {} });
    assert.deepEqual(lines[3], {
      ...{ type: "report", v: 1, run: "run1.2", stage: 1, iters: 10, hours: 0.1 },
      metrics: { "s1-rew": "Infinity" },
    });
  });

  test("reports are written as CSV, unrounded", () => {
    assert.equal(
      reportsCsv(curves[0] ?? empty),
      "stage,iters,hours,s1-rew,s2-loss\n1,10,0.1,0.5,\n1,20,0.2,,\n2,5,0.05,,2\n",
    );
    const odd = { run: "run1.1" as RunName, stages: [stage(1, [10], 's1-a,"b"', [1])] };
    assert.equal(reportsCsv(odd), 'stage,iters,hours,"s1-a,""b"""\n1,10,0.1,1\n');
  });
});

test("following a console fails when the journal cannot be read on, and says nothing of the run's end", async () => {
  const story = new JobStory({ number: 1 });
  story.started("run1.1", []);
  const records = story.events.map((event, i): StoredMessage => {
    return { seq: i + 1, subject: "jrn.job1.job", msgId: `1.told.${i}`, data: encodeEvents([event]) };
  });
  const [first] = records;
  assert.ok(first);
  let hear: (message: StoredMessage) => void = () => undefined;
  const read: Bus["read"] = async (stream, _from, handle) => {
    if (stream === streams.journal) {
      hear = handle;
      for (const each of records) handle(each);
    } else setImmediate(() => hear({ ...first, seq: records.length + 2 }));
    return { caughtUp: Promise.resolve(), stop: async () => undefined };
  };
  const bus = { lastSeq: async () => records.length, read } as unknown as Bus; // nothing else is asked
  const notes: string[] = [];
  const output = { result: () => undefined, note: (text: string) => void notes.push(text) };
  const scope = { paths: workspacePaths("ws1", { HOME: "/nowhere" }), flags: "" };
  await assert.rejects(followConsole(bus, "run1.1", scope, {}, output), JournalCorruptError);
  assert.deepEqual(notes, ["waiting for run1.1 to print something\n"]);
});
