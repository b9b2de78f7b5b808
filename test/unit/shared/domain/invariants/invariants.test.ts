import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JournalEvent } from "../../../../../shared/domain/fold/events.ts";
import { apply, emptyWorkspace } from "../../../../../shared/domain/fold/workspace-state.ts";
import { curveGap } from "../../../../../shared/domain/invariants/checked-trials.ts";
import { InvariantCheck } from "../../../../../shared/domain/invariants/invariants.ts";
import type { Testimony } from "../../../../../shared/domain/invariants/testimony.ts";
import type { JobName, RunName, WorkerId } from "../../../../../shared/domain/names.ts";
import { TestReign } from "../../../../support/stories/reign.ts";

const job = "job1" as JobName;
const alice = "alice" as WorkerId;
const bob = "bob" as WorkerId;

/** The record of a job as a coordinator would write it. */
function submitted(totalRuns: number): JournalEvent {
  const test_ = new TestReign();
  test_.submit({ totalRuns });
  const found = test_.events.find(({ type }) => type === "job");
  assert.ok(found);
  return found;
}

const led: JournalEvent = { type: "led", term: 1, leader: "north", at: 0 };
const assigned = (n: number, attempt = 1, worker = alice): JournalEvent => ({
  type: "assigned",
  job,
  n,
  attempt,
  worker,
  claimId: `c${n}.${attempt}`,
  bootId: `boot-${worker}`,
  run: `run${worker === alice ? 1 : 2}.${n}` as RunName,
  configuration: [0, 0],
  seed: n,
  why: "test",
  at: 0,
});
const completed = (n: number, ev: number, more: object = {}): JournalEvent =>
  ({
    ...{ type: "completed", job, n, attempt: 1, worker: alice, hpmax: n, iters: 3, metrics: {}, ev, at: 0 },
    ...more,
  }) as JournalEvent;
const result = (n: number, seq: number, more: Partial<Testimony> = {}): Testimony => ({
  ...{ seq, worker: alice, job, n, kind: "result", attempt: 1, hpmax: n },
  reports: [
    [1, 1],
    [1, 2],
    [1, 3],
  ],
  ...more,
});
const state = (name: string): JournalEvent =>
  ({ type: "job-state", job, state: name, reason: "test", by: "test", op: "", at: 0 }) as JournalEvent;

function check(events: readonly JournalEvent[], told: readonly Testimony[] = [], folds = true): readonly string[] {
  const checking = new InvariantCheck();
  for (const event of events) checking.event(event);
  for (const testimony of told) checking.testimony(testimony);
  if (folds) checking.compare(events.reduce((folded, event) => apply(folded, event), emptyWorkspace()));
  return [...checking.violations(), ...checking.gaps()];
}

const two = [led, submitted(2), assigned(1), assigned(2)];

describe("invariants", () => {
  test("the invariants hold for a correct search", () => {
    const events = [...two, completed(1, 1), completed(2, 2), state("completed")];
    assert.deepEqual(check(events, [result(1, 1), result(2, 2)]), []);
  });

  test("the invariants hold whether evidence is read before or after the records that cite it", () => {
    const checking = new InvariantCheck();
    for (const event of two) checking.event(event);
    checking.testimony(result(1, 1));
    checking.event(completed(1, 1));
    assert.deepEqual(checking.violations(), []);
  });

  const broken: readonly (readonly [string, readonly JournalEvent[], readonly Testimony[], RegExp])[] = [
    [
      "a trial that ended twice",
      [...two, completed(1, 1), completed(1, 2)],
      [result(1, 1), result(1, 2)],
      /trial 1: "completed" of attempt 1, but it had ended already: completed/,
    ],
    ["a run beyond total_runs", [...two, assigned(3)], [], /ended \+ open became 3, above total_runs 2/],
    [
      "a completion by a worker that was given nothing",
      [...two, completed(1, 1, { worker: bob })],
      [result(1, 1, { worker: bob })],
      /alice was given it, not bob/,
    ],
    [
      "a completion of an attempt that was never given",
      [...two, completed(1, 1, { attempt: 2 })],
      [result(1, 1, { attempt: 2 })],
      /nobody was given it/,
    ],
    [
      "a completion that rests on nothing",
      [...two, completed(1, 9)],
      [result(1, 1)],
      /rests on evidence 9, which is not there/,
    ],
    [
      "a completion that says something else than its evidence",
      [...two, completed(1, 1, { hpmax: 7 })],
      [result(1, 1)],
      /says hpmax 1, the journal 7/,
    ],
    [
      "one result counted for two trials",
      [...two, completed(1, 1), completed(2, 1)],
      [result(1, 1)],
      /evidence 1 was counted before/,
    ],
    [
      "a result that was ignored",
      [...two, completed(2, 2)],
      [result(1, 1), result(2, 2)],
      /trial 1: the result from alice \(evidence 1\) was ignored/,
    ],
    [
      "a job that ended early though nobody stopped it",
      [...two.slice(0, 3), completed(1, 1), state("completed")],
      [result(1, 1)],
      /became completed \(test\) after 1 of its 2 runs/,
    ],
    ["a job that ended with runs open", [...two, state("completed")], [], /with 2 runs open/],
    [
      "a start in a job that is stopping",
      [led, submitted(2), state("stopping"), assigned(1)],
      [],
      /the job was stopping/,
    ],
    [
      "a trial given out while another holds it",
      [...two, assigned(1, 2, bob)],
      [],
      /"assigned" of attempt 2, but it was running/,
    ],
    ["a term that does not rise", [led, led], [], /term 1 follows term 1/],
    [
      "a curve with a hole",
      [...two, completed(1, 1, { iters: 5 })],
      [
        result(1, 1, {
          reports: [
            [1, 1],
            [1, 2],
            [1, 4],
            [1, 5],
          ],
        }),
      ],
      /trial 1: its curve has a gap: stage 1: nothing between 2 and 4/,
    ],
  ];
  for (const [what, events, told, expected] of broken) {
    test(`the invariants report ${what}`, () => {
      const violations = check(events, told, false);
      assert.ok(
        violations.some((each) => expected.test(each)),
        violations.join("\n") || "nothing was said",
      );
    });
  }

  test("the invariants allow a stopped job to miss total_runs, and no trial beyond a lowered total_runs", () => {
    const stopped = [led, submitted(5), assigned(1), state("stopping"), completed(1, 1), state("completed")];
    assert.deepEqual(check(stopped, [result(1, 1)]), []);
    const job_ = submitted(3);
    assert.ok(job_.type === "job");
    const edit = (totalRuns: number): JournalEvent => ({
      type: "job-edited",
      job,
      changes: { totalRuns },
      settings: { ...job_.settings, totalRuns },
      hyperparameters: job_.hyperparameters,
      by: "test",
      op: `op${totalRuns}`,
      at: 0,
    });
    const lowered = [
      led,
      job_,
      assigned(1),
      assigned(2),
      edit(1),
      completed(1, 1),
      completed(2, 2),
      state("completed"),
    ];
    assert.deepEqual(check(lowered, [result(1, 1), result(2, 2)]), []);
    assert.match(check([led, job_, assigned(1), edit(1), assigned(2)]).join(), /above total_runs 1/);
  });

  test("the invariants require all runs of a job that was stopped and resumed", () => {
    const events = [led, submitted(2), assigned(1), state("stopping"), state("searching"), completed(1, 1)];
    assert.match(check([...events, state("completed")], [result(1, 1)]).join(), /after 1 of its 2 runs/);
    const whole = [...events, assigned(2), completed(2, 2), state("completed")];
    assert.deepEqual(check(whole, [result(1, 1), result(2, 2)]), []);
  });

  test("the invariants report a fold that differs from the records", () => {
    const checking = new InvariantCheck();
    for (const event of two) checking.event(event);
    const folded = [...two.slice(0, 3)].reduce((all, event) => apply(all, event), emptyWorkspace());
    checking.compare(folded);
    assert.match(checking.violations().join("\n"), /job1: open is 1 in the fold, 2 by the records/);
  });

  test("the invariants see no gap where an earlier attempt came further than the one that completed", () => {
    const lost = {
      ...{ type: "lost", job, n: 1, attempt: 1, worker: alice, outcome: "lost", cause: "silent", charged: true },
      ...{ reason: "no sign of life from alice for 30 s", at: 0 },
    } as JournalEvent;
    const events = [...two, lost, assigned(1, 2, bob), completed(1, 2, { attempt: 2, worker: bob, iters: 1 })];
    const reports = [1, 2, 3].map((iters): readonly [number, number] => [1, iters]);
    const first = result(1, 1, { kind: "report", reports });
    const second = result(1, 2, { attempt: 2, worker: bob, reports: [[1, 1]] });
    assert.deepEqual(check(events, [first, second], false), []);
    assert.deepEqual(check(events, [second, first], false), []);
    const alone = check([...two, completed(1, 1, { iters: 1 })], [result(1, 1)]).join();
    assert.match(alone, /ends at 3 iterations, and the result says 1/);
  });

  test("the invariants ignore reports of a worker that does not hold the attempt", () => {
    const checking = new InvariantCheck();
    for (const event of [...two, completed(1, 2, { iters: 3 })]) checking.event(event);
    checking.testimony(result(1, 1, { worker: bob, kind: "report" }));
    checking.testimony(
      result(1, 2, {
        reports: [
          [1, 1],
          [1, 3],
        ],
      }),
    );
    // 1 and 3 could be a rhythm of their own, so it is the stranger's 2 that must not be counted.
    assert.deepEqual([...checking.violations(), ...checking.gaps()], []);
    const again = new InvariantCheck();
    for (const event of [...two, completed(1, 2, { iters: 3 })]) again.event(event);
    again.testimony(result(1, 1, { worker: bob, kind: "report" }));
    again.testimony(result(1, 2, { reports: [[1, 1]] }));
    assert.deepEqual(again.violations(), []);
    assert.match(again.gaps().join(), /ends at 1 iterations, and the result says 3 \(told by alice\)/);
  });
});

describe("a gap in a curve", () => {
  const rows = (...iters: number[]): number[] => iters.flatMap((at) => [1, at]);

  test("a gap in a curve is reported if a stage reports at regular steps", () => {
    assert.equal(curveGap(rows(10, 20, 30, 40), 40), "");
    assert.match(curveGap(rows(10, 20, 40, 50), 50), /nothing between 20 and 40, where others are 10 apart/);
    assert.match(curveGap(rows(20, 30, 40), 40), /nothing between 0 and 20/);
    assert.match(curveGap(rows(10, 20, 30), 40), /ends at 30 iterations, and the result says 40/);
    assert.match(curveGap([], 40), /no report is there/);
  });

  test("an early last report, a repeated report and the next stage are no gap in a curve", () => {
    assert.equal(curveGap(rows(10, 20, 30, 34), 34), "");
    assert.equal(curveGap(rows(30, 10, 20, 10, 30, 40), 40), "");
    assert.equal(curveGap([...rows(10, 20, 30), 2, 5, 2, 10, 2, 15], 15), "");
    assert.equal(curveGap([], 0), "");
    assert.equal(curveGap(rows(1), 1), "");
  });

  test("a gap in the curve of a program that reports at will is not guessed", () => {
    assert.equal(curveGap(rows(1, 2, 4, 8, 16, 32), 32), "");
    assert.equal(curveGap(rows(3, 50, 51, 90), 90), "");
  });
});
