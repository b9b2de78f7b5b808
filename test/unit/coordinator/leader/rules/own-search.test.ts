import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeOwn, lookAfterOwn, reportToOwn } from "../../../../../coordinator/leader/rules/own-search.ts";
import { statusOf } from "../../../../../coordinator/leader/status.ts";
import { judgeEvidence } from "../../../../../coordinator/leader/workers/evidence.ts";
import type { WorkerId } from "../../../../../shared/domain/names.ts";
import { defaultOwnSearch } from "../../../../../shared/domain/search/own-search.ts";
import { decodeStatus, encodeStatus, type ReportRow } from "../../../../../shared/wire/messages.ts";
import { SearchesHere } from "../../../../support/stories/own-search-here.ts";
import { attic, lab, OwnStory } from "../../../../support/stories/own-story.ts";
import { TestReign } from "../../../../support/stories/reign.ts";
import { inTwoStages } from "../../../../support/stories/spec-defaults.ts";

describe("a search of one's own, as the leader uses it", () => {
  test("an own search is asked ahead, and a claim takes the choice that is there, with its reason", async () => {
    const story = new OwnStory();
    assert.deepEqual(story.search.asked, [{ ask: 1, n: 1 }]);
    assert.equal(story.search.answer([3, 1], "a guess"), 1);
    const answer = await story.claim();
    assert.equal(answer?.kind === "assigned" && answer.settings.join(), "4,y");
    assert.equal(story.table.trial(1)?.why, "its own search: a guess");
    assert.deepEqual(
      story.search.told.map(({ run, ask, state }) => [run, ask, state]),
      [[1, 1, "running"]],
    );
    assert.deepEqual(story.search.asked, [{ ask: 2, n: 2 }], "the next is asked for at once");
  });

  test("a claim that finds no choice of an own search is told why, and woken when there is one", async () => {
    const story = new OwnStory();
    const answer = await story.claim();
    assert.equal(answer?.kind === "wait" && answer.reason, "job1 waits for its own search, which thinks");
    // The journal does not say it, so the status does.
    assert.deepEqual(
      decodeStatus(encodeStatus(statusOf(story.test_.reign))).workers.map(({ refusal }) => refusal),
      ["job1 waits for its own search, which thinks"],
    );
    await story.claim(attic);
    assert.deepEqual(
      story.search.asked.map(({ ask }) => ask),
      [1, 2, 3],
      "one ahead, and one for each that waits",
    );
    const { told } = story.test_;
    told.length = 0;
    story.test_.reign.waiting.wake();
    told.length = 0;
    await story.claim();
    story.search.answer([0, 0]);
    assert.deepEqual(told, [{ worker: lab, kind: "work" }]);
  });

  test("an own search is told how runs end, what a person takes back, and what is excluded", async () => {
    const story = new OwnStory();
    const runs = [await story.begin([0, 0]), await story.begin([0, 0], attic), await story.begin([0, 0])];
    story.end(runs[0] ?? 0, "failed");
    story.end(runs[1] ?? 0, "failed", 1, attic);
    assert.deepEqual(story.search.excluded, []);
    story.end(runs[2] ?? 0, "failed");
    assert.deepEqual(story.search.excluded.at(-1), [0, 0]);
    const done = await story.begin([1, 1], attic);
    story.end(done, "result", 7.5, attic);
    const { reign } = story.test_;
    const verdict = {
      type: "results-judged",
      job: story.job,
      trials: [done],
      reason: "",
      by: "ann",
      op: "o1",
    } as const;
    void reign.record({ ...verdict, verdict: "rejected" });
    void reign.record({ ...verdict, verdict: "accepted", op: "o2" });
    assert.deepEqual(
      story.search.told.filter(({ run }) => run === done).map(({ state, value }) => [state, value]),
      [
        ["running", null],
        ["completed", 7.5],
        ["rejected", null],
        ["completed", 7.5],
      ],
    );
  });

  test("an own search's excluded choice is refused; after twenty in a row one is drawn", async () => {
    const story = new OwnStory({ where: ["*a > 3"] });
    for (let i = 0; i < 20; i += 1) {
      story.search.answer([0, 0]);
      assert.equal((await story.claim())?.kind, i < 19 ? "wait" : "assigned");
    }
    assert.equal(story.search.refused.length, 20);
    assert.equal(story.table.trial(1)?.configuration[0], 3, "the only value that is allowed");
    assert.match(story.table.trial(1)?.why ?? "", /^its own search chose 20 excluded configurations in a row: /);
  });

  test("an own search's number in a range becomes a mark, of which it hears; once again, it is that mark", async () => {
    const story = new OwnStory();
    const { submitted } = story.table;
    const [a, b] = submitted.hyperparameters;
    assert.ok(a && b);
    const ranged = { ...a, values: [1, 2, 3, 4], range: { from: 1, to: 4, scale: "linear" } as const };
    story.table.submitted = { ...submitted, hyperparameters: [ranged, b] };
    for (const [at, number] of [2.512345, 2.51234, 3].entries()) {
      story.search.choose([number, "y"]);
      assert.equal((await story.claim())?.kind, "assigned", `choice ${at + 1}`);
    }
    assert.deepEqual(story.table.submitted.hyperparameters[0]?.values, [1, 2, 3, 4, 2.512]);
    assert.deepEqual(
      [...story.table.trials].map(({ configuration }) => configuration.join()),
      ["4,1", "4,1", "2,1"],
    );
    assert.equal(story.search.grownTimes, 1);
    assert.deepEqual(story.search.job.hyperparameters[0]?.values.length, 5);
  });

  test("an own search's number in a range is refused if where forbids it, though it just became a mark", async () => {
    const story = new OwnStory({ where: ["*a < 3"] });
    const { submitted } = story.table;
    const [a, b] = submitted.hyperparameters;
    assert.ok(a && b);
    const ranged = { ...a, values: [1, 2, 3, 4], range: { from: 1, to: 4, scale: "linear" } as const };
    story.table.submitted = { ...submitted, hyperparameters: [ranged, b] };
    story.search.choose([3.5, "y"]);
    assert.equal((await story.claim())?.kind, "wait");
    assert.deepEqual(
      story.search.refused.map(({ ask }) => ask),
      [1],
    );
    story.search.choose([2.5, "y"]);
    const { told, reign } = story.test_;
    reign.waiting.wake();
    reign.waiting.sentAway(attic);
    told.length = 0;
    assert.equal((await story.claim())?.kind, "assigned");
    assert.deepEqual(told, [], "a new mark calls nobody");
  });

  test("an own search hears that a failed run is running again, under its question, if that is reopened", async () => {
    const story = new OwnStory();
    const { reign } = story.test_;
    const n = await story.begin([0, 0]);
    const fault = { job: story.job, n, attempt: 1, worker: lab } as const;
    void reign.record({ type: "ended", ...fault, outcome: "failed", reason: "no disk", ev: 1 });
    void reign.record({ type: "reopened", ...fault, reason: "the machine is sick" });
    assert.deepEqual(
      story.search.told.map(({ state, ask }) => [state, ask]),
      [
        ["running", 1],
        ["failed", 1],
        ["running", 1],
      ],
    );
  });

  test("an own search that waits for a result is asked again after one, or if no run is under way", async () => {
    const story = new OwnStory();
    const n = await story.begin([0, 0]);
    story.search.later();
    lookAfterOwn(story.test_.reign);
    assert.deepEqual(story.search.asked, []);
    story.end(n, "result");
    assert.equal(story.search.asked.length, 1);
    story.search.later();
    lookAfterOwn(story.test_.reign);
    assert.equal(story.search.asked.length, 1);
  });

  test("an own search is asked no more than runs may start, and the job ends when it has finished", async () => {
    const story = new OwnStory({ totalRuns: 2, search: { ...defaultOwnSearch, command: ["walk"], ahead: 9 } });
    assert.deepEqual(
      story.search.asked.map(({ n }) => n),
      [1, 2],
    );
    const n = await story.begin([0, 0]);
    story.search.finish("one is enough");
    assert.equal(story.table.state, "stopping");
    story.end(n, "result");
    assert.deepEqual(
      [story.table.state, story.table.reason],
      ["completed", "its own search has finished: one is enough"],
    );
    assert.ok(story.search.isClosed);
  });

  test("an own search prunes only runs under way, and hears reports if it wants them", async () => {
    const story = new OwnStory();
    const n = await story.begin([0, 0]);
    const trial = story.table.trial(n);
    assert.ok(trial);
    reportToOwn(story.test_.reign, story.table, trial, [[1, 10, 0, [0.5], [1]]]);
    assert.deepEqual(story.search.reported, []);
    story.search.wantsReports = true;
    reportToOwn(story.test_.reign, story.table, trial, [
      [1, 20, 0, [0.25, 3], [1, 1]],
      [1, 30, 0, [Number.NaN], [0]],
      [2, 40, 0, [9], [1]],
      [1, 45, 0, [Number.NaN], [1]],
    ]);
    const measured = [
      [n, 20, 0.25],
      [n, 45, Number.NaN],
    ];
    assert.deepEqual(story.search.reported, measured, "of its last stage, what was measured");
    story.search.prune(n);
    story.search.prune(n, "again");
    reportToOwn(story.test_.reign, story.table, trial, [[1, 50, 0, [0.5], [1]]]);
    assert.equal(story.search.reported.length, 2, "it has ended");
    story.search.prune(99);
    assert.deepEqual([story.table.outcomes.pruned, story.table.trial(n)?.reason], [1, "stopped by its own search"]);
    assert.ok(story.test_.told.some(({ worker, kind }) => worker === lab && kind === "renew"));
  });

  test("an own search hears the reports of the last stage where an earlier one is not enabled", async () => {
    const story = new OwnStory();
    const { reign } = story.test_;
    const { submitted } = story.table;
    story.table.submitted = { ...submitted, text: inTwoStages(submitted.text, ["enabled: 0"]) };
    closeOwn(reign);
    lookAfterOwn(reign);
    story.search.wantsReports = true;
    const n = await story.begin([0, 0]);
    const trial = story.table.trial(n);
    assert.ok(trial);
    reportToOwn(reign, story.table, trial, [
      [1, 10, 0, [9], [1]],
      [2, 20, 0, [0.5], [1]],
    ]);
    assert.deepEqual(story.search.reported, [[n, 20, 0.5]]);
  });

  test("an own search hears no reports of a run's earlier holder", async () => {
    const story = new OwnStory();
    story.search.wantsReports = true;
    const n = await story.begin([0, 0]);
    const report = (worker: WorkerId, attempt: number, iters: number): void => {
      const reports: ReportRow[] = [[1, iters, 0, [0.5], [1]]];
      const body = { attempt, claim: "", lines: "", reports };
      judgeEvidence(story.test_.reign, story.test_.said(worker, story.job, n, "report", body));
    };
    judgeEvidence(story.test_.reign, story.test_.message(lab, story.job, n, "released", 1));
    report(lab, 1, 800);
    await story.claim(attic);
    report(lab, 1, 900);
    report(attic, 2, 10);
    assert.deepEqual(story.search.reported, [[n, 10, 0.5]]);
  });

  test("after its restart, an own search's earlier choices still count, but answer no new question", async () => {
    const story = new OwnStory();
    story.search.answer([2, 0]);
    story.search.die();
    await story.claim();
    assert.deepEqual(
      story.search.told.map(({ configuration, ask }) => [configuration, ask]),
      [[[2, 0], null]],
    );
  });

  test("an own search hears the whole history, in the next reign too", async () => {
    const story = new OwnStory();
    story.end(await story.begin([0, 0]), "result", 2);
    await story.begin([1, 0]);
    closeOwn(story.test_.reign);
    assert.ok(story.search.isClosed);
    const next = new SearchesHere();
    const heir = new TestReign(story.test_.reign.state, undefined, undefined, next);
    lookAfterOwn(heir.reign);
    const { job } = next.newest;
    assert.equal(job.runs(), 2);
    assert.deepEqual(
      [...job.history()].map(({ run, state, value, ask }) => [run, state, value, ask]),
      [
        [1, "completed", 2, null],
        [2, "running", null, null],
      ],
    );
    assert.deepEqual(next.newest.asked, [{ ask: 1, n: 3 }]);
  });

  test("an own search closes when its job is paused, and a new one is opened when it is resumed", async () => {
    const story = new OwnStory();
    const { reign } = story.test_;
    const state = { type: "job-state", job: story.job, by: "ann", reason: "paused by ann" } as const;
    void reign.record({ ...state, state: "paused", op: "o1" });
    const first = story.search;
    assert.ok(first.isClosed);
    first.ears.chosen(first.asked[0]?.ask ?? 0, [1, "x"], "");
    first.ears.gaveUp("it died");
    assert.equal(story.table.reason, "paused by ann");
    void reign.record({ ...state, state: "searching", op: "o2" });
    lookAfterOwn(reign);
    assert.notEqual(story.search, first);
    assert.equal((await story.claim())?.kind, "wait");
  });
});
