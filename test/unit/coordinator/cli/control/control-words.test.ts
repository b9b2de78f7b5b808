import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { agreed, subjectOf } from "../../../../../coordinator/cli/control/control.ts";
import { type Named, namedTargets, namedWorkers } from "../../../../../coordinator/cli/control/control-targets.ts";
import { changesOf, type EditOptions } from "../../../../../coordinator/cli/control/edit.ts";
import { answerClaim } from "../../../../../coordinator/leader/workers/search-loop.ts";
import { effectOf } from "../../../../../coordinator/words/order-effects.ts";
import type { WorkspaceState } from "../../../../../shared/domain/fold/workspace-state.ts";
import type { JobName, WorkerId } from "../../../../../shared/domain/names.ts";
import { NotFoundError, UsageError } from "../../../../../shared/errors.ts";
import { BadMessage } from "../../../../../shared/wire/check.ts";
import { decodeOrder, encodeOrder, type Order } from "../../../../../shared/wire/messages.ts";
import { JobStory, stateOf } from "../../../../support/stories/job-story.ts";
import { claim, TestReign } from "../../../../support/stories/reign.ts";
import { ranged } from "../../../../support/stories/search.ts";

/** Two jobs; in the first alice holds run1.1 and run1.2, lab-pc holds run2.1. */
async function workspace(): Promise<WorkspaceState> {
  const test_ = new TestReign();
  test_.submit({ totalRuns: 9 });
  for (const [i, worker] of ["alice", "alice", "lab-pc"].entries()) {
    await answerClaim(test_.reign, worker as WorkerId, claim(`c${i}`));
  }
  test_.submit({ totalRuns: 9 });
  return test_.reign.state;
}

const shown = (named: readonly Named[]): string[] =>
  named.map((each) => {
    if (each.kind === "job") return each.table.job;
    return each.kind === "worker"
      ? `worker ${each.worker}`
      : `${each.table.job}: ${[...each.trials].map(({ run }) => run).join(" ")}`;
  });

describe("the words after a control verb", () => {
  for (const [words, expected] of [
    [["job1"], ["job1"]],
    [["ws1/job2"], ["job2"]],
    [["job1-job2"], ["job1", "job2"]],
    [["job*"], ["job1", "job2"]],
    [["run1"], ["job1: run1.1 run1.2"]],
    [["run1.2"], ["job1: run1.2"]],
    [["run1.*", "run1.1"], ["job1: run1.1 run1.2"]],
    [["run1-run2"], ["job1: run1.1 run1.2 run2.1"]],
    [["run1.2-run2.1"], ["job1: run1.2 run2.1"]],
    [["run1.1,lab-pc"], ["job1: run1.1", "worker lab-pc"]],
    [
      ["lab-*", "alice"],
      ["worker lab-pc", "worker alice"],
    ],
    [["*"], ["worker alice", "worker lab-pc"]],
    [["worker:alice", "alice"], ["worker alice"]],
    [["run1.1", "job1"], ["job1"]],
  ] as const) {
    test(`after a control verb, "${words.join(" ")}" names ${expected.join(", ")}`, async () =>
      assert.deepEqual(shown(namedTargets(words, await workspace(), "ws1")), expected));
  }

  test("after a control verb, a completed run counts once, however often it is named", () => {
    const story = new JobStory({ number: 1 });
    story.completed(story.started("run1.1", []), "run1.1", 1);
    assert.deepEqual(shown(namedTargets(["run1.1", "run1.*"], stateOf(story), "ws1")), ["job1: run1.1"]);
  });

  for (const [word, kind, message] of [
    ["job7", NotFoundError, /there is no job7/],
    ["run1.9", NotFoundError, /run1 has run1.1 and run1.2/],
    ["alise", NotFoundError, /there is no job, run or worker alise; did you mean alice\?/],
    ["lab-x*", NotFoundError, /there is no worker lab-x\*/],
    ["Lab PC", UsageError, /"Lab PC" is not a job, run or worker\n {2}expected: job1, .*lab-\*; to see/],
    ["run1..2", UsageError, /is not a job or run/],
  ] as const) {
    test(`after a control verb, "${word}" is refused`, async () => {
      const state = await workspace();
      assert.throws(
        () => namedTargets([word], state, "ws1"),
        (error) => error instanceof kind && message.test(error.message),
      );
    });
  }

  test("what an error says to type after a control verb reaches the broker that was typed", async () => {
    const state = await workspace();
    const flags = " --nats nats://far:4222";
    const typed = { message: /nexus list (jobs|workers) --nats nats:\/\/far:4222$/ };
    for (const word of ["job7", "lab-x*", "printer", "Lab PC"])
      assert.throws(() => namedTargets([word], state, "ws1", flags), typed, word);
    assert.throws(() => namedWorkers(["lab-x*"], state, flags), typed);
  });

  test("the effect of an order names the runs that it concerns", async () => {
    const state = await workspace();
    const effect = (verb: Parameters<typeof effectOf>[0], word: string): string =>
      namedTargets([word], state, "ws1")
        .map((each) => effectOf(verb, subjectOf(each, state)))
        .join();
    assert.equal(effect("stop", "run1.1"), "stops run1.1 of job1 now: pruned, it counts in total_runs, and in no mean");
    assert.match(effect("pause", "run1-run2"), /^pauses 3 runs \(run1.1, run1.2, ...\) of job1: frozen until resumed/);
    assert.equal(
      effect("drain", "alice"),
      "drains worker alice: it gets no more runs; it finishes 2 runs in hand, and leaves",
    );
  });
});

describe("the question before an order", () => {
  const notes: string[] = [];
  const output = { result: () => undefined, note: (text: string) => void notes.push(text) };
  const ask = (isTerminal: boolean, answer: boolean, isGrave: boolean, yes?: boolean): Promise<boolean> => {
    notes.length = 0;
    const asker = { isTerminal, ask: async () => answer };
    return agreed({ output, asker }, { verb: "cancel", effects: ["job1: ends now"], isGrave, yes });
  };

  test("on a terminal an order's effect is shown and the answer counts; --yes skips the question", async () => {
    assert.equal(await ask(true, false, false), false);
    assert.deepEqual(notes, ["job1: ends now\n", "nothing was done\n"]);
    assert.equal(await ask(true, true, true), true);
    assert.equal(await ask(true, false, true, true), true);
    assert.deepEqual(notes, []);
  });

  test("without a terminal only a grave order needs --yes", async () => {
    assert.equal(await ask(false, false, false), true);
    await assert.rejects(ask(false, false, true), /here nobody can be asked\n {2}job1: ends now\n .*add --yes/);
    assert.equal(await ask(false, false, true, true), true);
  });
});

describe("the changes that nexus edit reads", () => {
  const now = new Date(2026, 10, 24, 12, 0).getTime();
  const hps = [
    { name: "lr", ordered: true, values: [0.1, 0.2], tuned: 0.1 },
    { name: "size", ordered: true, values: ["1", "2"], tuned: "1" },
    ranged("decay", { from: 1e-5, to: 1, scale: "log", zero: true }),
  ];
  for (const [options, expected] of [
    [{ totalRuns: "800" }, { totalRuns: 800 }],
    [
      { computeNodes: "all", runsPerNode: "2" },
      { computeNodes: null, runsPerNode: 2 },
    ],
    [
      { priority: "0.5", retries: "0" },
      { priority: 0.5, retries: 0 },
    ],
    [
      { maxRunTime: "2h", maxJobTime: "none" },
      { maxRunSeconds: 7200, maxJobSeconds: null },
    ],
    [{ maxRunTime: "90" }, { maxRunSeconds: 90 }],
    [
      { checkpointLimit: "2 GB", grace: "2min" },
      { checkpointLimit: 2e9, graceSeconds: 120 },
    ],
    [
      { checkpointLimit: "5000", grace: "none" },
      { checkpointLimit: 5000, graceSeconds: null },
    ],
    [{ stopWhen: "hpmax >= 0.05" }, { stopWhen: { name: "hpmax", op: ">=", value: 0.05 } }],
    [
      { maxFailuresInARow: "50", stopWhen: "failures_in_a_row > 5" },
      { maxFailuresInARow: 50, stopWhen: { name: "failures_in_a_row", op: ">", value: 5 } },
    ],
    [{ maxFailuresInARow: "never" }, { maxFailuresInARow: null }],
    [{ maxFailuresAtStart: "40" }, { maxFailuresAtStart: 40 }],
    [{ maxFailuresAtStart: "never" }, { maxFailuresAtStart: null }],
    [{ deadline: "2026-12-01T18:00Z" }, { deadline: Date.UTC(2026, 11, 1, 18) }],
    [{ deadline: "2026-12-01 18:00" }, { deadline: new Date(2026, 11, 1, 18).getTime() }],
    [{ deadline: "18:00" }, { deadline: new Date(2026, 10, 24, 18).getTime() }],
    [{ deadline: "09:30" }, { deadline: new Date(2026, 10, 25, 9, 30).getTime() }],
    [{ deadline: "+8h" }, { deadline: now + 8 * 3_600_000 }],
    [{ deadline: "none" }, { deadline: null }],
    [{ addValue: ["lr=0.01", "lr=-1e-3", "size=3"] }, { addValues: { lr: [0.01, -0.001], size: ["3"] } }],
    [
      { addValue: ["flag=true", "flag='true'", "flag=null", "flag=relu"] },
      { addValues: { flag: [true, "true", null, "relu"] } },
    ],
    [{ addRange: ["lr=1e-5..0.1:log"] }, { addRanges: { lr: { from: 1e-5, to: 0.1, scale: "log" } } }],
    [{ addRange: ["lr=-1..+2.5e0"] }, { addRanges: { lr: { from: -1, to: 2.5, scale: "linear" } } }],
    [
      { addRange: ["decay=1e-7..1", "lr=1..64:log-integer,zero"] },
      {
        addRanges: {
          decay: { from: 1e-7, to: 1, scale: "log", zero: true },
          lr: { from: 1, to: 64, scale: "log_integer", zero: true },
        },
      },
    ],
  ] as const) {
    test(`nexus edit reads the changes in ${JSON.stringify(options)}`, () =>
      assert.deepEqual(changesOf(options, hps, now), expected));
  }
  for (const [options, message] of [
    [{}, /nothing to change; .*--help/],
    [{ totalRuns: "0" }, /--total-runs is "0"; expected a whole number from 1 to 1,000,000/],
    [{ computeNodes: "many" }, /expected a whole number from 1 to 1,000,000, or all/],
    [{ priority: "-1" }, /expected a number above 0/],
    [{ maxRunTime: "2 fortnights" }, /expected a time such as 90, 30s/],
    [{ deadline: "25:00" }, /--deadline is "25:00"; expected a time such as/],
    [{ deadline: "2026-02-30 12:00" }, /expected a time such as/],
    [{ deadline: "tomorrow" }, /expected a time such as/],
    [{ stopWhen: "hpmax is 1" }, /expected a rule such as/],
    [
      { maxFailuresInARow: "0" },
      /--max-failures-in-a-row is "0"; expected a whole number from 1 to 1,000,000, or never/,
    ],
    [{ addValue: ["lr"] }, /expected a hyperparameter and a value, such as lr=0.01/],
    [{ addValue: ["lr="] }, /such as lr=0.01/],
    [{ addRange: ["lr=1"] }, /--add-range is "lr=1"; expected a hyperparameter and a range, such as lr=1e-5..1e-2:log/],
    [{ addRange: ["1..2"] }, /expected a hyperparameter and a range/],
    [{ addRange: ["lr=few..many"] }, /expected a hyperparameter and a range/],
    [
      { addRange: ["lr=1..2:logg"] },
      /expected one of the scales linear, log, .* after the colon\n {2}did you mean "log"\?/,
    ],
    [{ addRange: ["lr=2..1"] }, /from 2 is above to 1 in it\n {2}expected the lower end first/],
    [{ addRange: ["lr=0..1:log"] }, /a log scale begins above 0/],
    [{ addRange: ["lr=1..1e999"] }, /expected finite numbers/],
    [{ addRange: ["lr=1..2:linear,zero"] }, /belongs to a log scale/],
  ] as const) {
    test(`nexus edit refuses ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => changesOf(options as EditOptions, hps, now),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});

describe("orders on the wire", () => {
  const job = "job1" as JobName;
  const orders: Order[] = [
    { kind: "control", op: "1", verb: "pause", target: { kind: "job", job } },
    { kind: "control", op: "1", verb: "stop", target: { kind: "runs", job, trials: [1, 5] } },
    { kind: "control", op: "1", verb: "drain", target: { kind: "worker", worker: "lab-pc" as WorkerId } },
    { kind: "bench", op: "1", worker: "lab-pc" as WorkerId },
    { kind: "edit", op: "1", job, changes: { totalRuns: 5, computeNodes: null, addValues: { a: [1, "x", null] } } },
    { kind: "edit", op: "1", job, changes: {} },
    { kind: "edit", op: "1", job, changes: { addRanges: { a: { from: 1, to: 2, scale: "log" } } } },
    { kind: "edit", op: "1", job, changes: { addRanges: { a: { from: 1, to: 2, scale: "log_integer", zero: true } } } },
  ];
  for (const order of orders)
    test(`an order arrives as it was sent: ${JSON.stringify(order)}`, () =>
      assert.deepEqual(decodeOrder(encodeOrder(order)), order));

  for (const bad of [
    { kind: "control", op: "1", verb: "kill", target: { kind: "job", job } },
    { kind: "control", op: "1", verb: "stop", target: { kind: "runs", job, trials: [0] } },
    { kind: "control", op: "1", verb: "stop", target: { kind: "everything" } },
    { kind: "control", op: "1", verb: "stop", target: null },
    { kind: "edit", op: "1", job, changes: { totalRuns: "many" } },
    { kind: "edit", op: "1", job, changes: { addValues: { a: [[1]] } } },
    { kind: "edit", op: "1", job, changes: { addRanges: { a: { from: "1", to: 2, scale: "log" } } } },
    { kind: "edit", op: "1", job, changes: { addRanges: { a: { from: 1, to: 2, scale: "cubic" } } } },
    { kind: "explode", op: "1" },
  ]) {
    test(`a coordinator refuses to read the order ${JSON.stringify(bad)}`, () => {
      assert.throws(() => decodeOrder(encodeOrder(bad as unknown as Order)), BadMessage);
    });
  }
});
