import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lookAfterOwn } from "../../../../../coordinator/leader/rules/own-search.ts";
import { defaultOwnSearch } from "../../../../../shared/domain/search/own-search.ts";
import { SearchesHere } from "../../../../support/stories/own-search-here.ts";
import { attic, lab, OwnStory } from "../../../../support/stories/own-story.ts";
import { TestReign } from "../../../../support/stories/reign.ts";

describe("the end of a search of one's own", () => {
  test("an own search that has finished runs what it chose before, and then its job ends", async () => {
    const story = new OwnStory({ search: { ...defaultOwnSearch, command: ["walk"], ahead: 3 } });
    for (const worker of [lab, attic]) await story.claim(worker);
    for (const mark of [0, 1, 2]) story.search.answer([mark, 0]);
    story.search.finish("three are enough");
    story.search.finish("nothing new");
    assert.equal(story.table.state, "searching");
    const runs = [];
    for (const worker of [lab, attic, lab]) {
      const answer = await story.claim(worker);
      runs.push(answer?.kind === "assigned" ? answer.n : answer);
      lookAfterOwn(story.test_.reign);
    }
    assert.deepEqual([runs, story.search.asked, story.table.state], [[1, 2, 3], [], "stopping"]);
    story.end(1, "result");
    story.end(2, "result", 1, attic);
    story.end(3, "failed");
    assert.deepEqual(
      [story.table.state, story.table.reason, story.table.ended],
      ["completed", "its own search has finished: three are enough", 3],
    );
  });

  test("an own search that has finished ends its job though its last choice is excluded, or it answers later", async () => {
    for (const last of ["excluded", "later"]) {
      const story = new OwnStory({ where: ["*a > 3"], search: { ...defaultOwnSearch, command: ["walk"], ahead: 2 } });
      if (last === "excluded") story.search.answer([0, 0]);
      story.search.finish();
      if (last === "later") story.search.later();
      assert.equal(story.table.state, "searching");
      if (last === "excluded") assert.equal((await story.claim())?.kind, "wait");
      lookAfterOwn(story.test_.reign);
      assert.deepEqual([story.table.state, story.table.ended], ["completed", 0], last);
    }
  });

  test("an own search that has finished need not stay: what it chose runs, and a new mark ends no job early", async () => {
    const story = new OwnStory({ search: { ...defaultOwnSearch, command: ["walk"], ahead: 2 } });
    const { submitted } = story.table;
    const [a, b] = submitted.hyperparameters;
    assert.ok(a && b);
    const ranged = { ...a, values: [1, 2, 3, 4], range: { from: 1, to: 4, scale: "linear" } as const };
    story.table.submitted = { ...submitted, hyperparameters: [ranged, b] };
    story.search.choose([2.5, "y"]);
    story.search.finish();
    story.search.die();
    assert.deepEqual(story.search.asked, []);
    assert.equal((await story.claim())?.kind, "assigned");
    assert.deepEqual([story.table.open, story.table.state], [1, "stopping"]);
  });

  test("an own search that has finished may end for good: its job runs what it chose, and completes", async () => {
    for (const isOpen of [false, true]) {
      const story = new OwnStory({ search: { ...defaultOwnSearch, command: ["walk"], ahead: isOpen ? 4 : 3 } });
      for (const mark of [0, 1]) story.search.answer([mark, 0]);
      story.search.finish("two are enough");
      story.search.giveUp("its search ended with exit code 0");
      assert.equal(story.table.state, "searching");
      for (const n of [1, 2]) {
        assert.equal((await story.claim())?.kind, "assigned");
        story.end(n, "result");
        lookAfterOwn(story.test_.reign);
      }
      const end = [story.table.state, story.table.reason, story.searches.opened.length];
      assert.deepEqual(end, ["completed", "its own search has finished: two are enough", 1]);
    }
    const story = new OwnStory({ search: { ...defaultOwnSearch, command: ["walk"], ahead: 2 } });
    story.search.finish();
    story.search.giveUp("its search ended with exit code 0");
    assert.deepEqual([story.table.state, story.table.ended], ["completed", 0]);
  });

  test("an own search that has finished and ended is started anew if its job is edited or resumed", async () => {
    for (const how of ["edited", "resumed"]) {
      const story = new OwnStory({ search: { ...defaultOwnSearch, command: ["walk"], ahead: 2 } });
      const { reign } = story.test_;
      await story.begin([0, 0]);
      if (how === "edited") story.search.answer([1, 0]);
      story.search.finish();
      if (how === "resumed") story.search.finish();
      story.search.giveUp("its search ended with exit code 0");
      assert.equal(story.table.state, how === "edited" ? "searching" : "stopping");
      const { settings, hyperparameters } = story.table.submitted;
      const by = { job: story.job, by: "ann", op: "o1" } as const;
      if (how === "resumed") void reign.record({ type: "job-state", state: "searching", reason: "resumed", ...by });
      else {
        const after = { settings: { ...settings, totalRuns: 12 }, hyperparameters };
        void reign.record({ type: "job-edited", changes: { totalRuns: 12 }, ...after, ...by });
      }
      lookAfterOwn(reign);
      assert.deepEqual([story.searches.opened.length, story.search.asked.length], [2, 2], how);
    }
  });

  test("an own search that has finished is asked again if its job is edited or resumed", async () => {
    const story = new OwnStory();
    const n = await story.begin([0, 0]);
    story.search.finish();
    assert.equal(story.table.state, "stopping");
    const by = { by: "ann", op: "o1" } as const;
    void story.test_.reign.record({ type: "job-state", job: story.job, state: "searching", reason: "resumed", ...by });
    lookAfterOwn(story.test_.reign);
    assert.equal(story.search.asked.length, 1);
    story.end(n, "result");
    assert.equal(story.table.state, "searching");
  });

  test("an own search that gave up, or that this coordinator does not start, pauses the job and says why", () => {
    const story = new OwnStory();
    story.search.giveUp("its search ended with exit code 1; its last lines: no module");
    const said = "its search ended with exit code 1; its last lines: no module; when fixed: nexus resume job1";
    assert.deepEqual([story.table.state, story.table.reason, story.table.stateBy], ["paused", said, "coordinator"]);
    const bare = new TestReign();
    const job = bare.submit({ hpTuning: "own", search: { ...defaultOwnSearch, command: ["walk"] } });
    lookAfterOwn(bare.reign);
    assert.match(bare.reign.state.jobs.get(job)?.reason ?? "", /^this coordinator starts no searches of users; /);
    const searches = new SearchesHere();
    searches.barred = { why: "its program came with a backup", toGoOn: "if you trust it" };
    const restored = new TestReign(bare.reign.state, undefined, undefined, searches);
    const restoredJob = restored.submit({ hpTuning: "own", search: { ...defaultOwnSearch, command: ["walk"] } });
    lookAfterOwn(restored.reign);
    assert.equal(
      restored.reign.state.jobs.get(restoredJob)?.reason,
      `its program came with a backup; if you trust it: nexus resume ${restoredJob}`,
    );
    assert.equal(searches.opened.length, 0);
  });

  test("an own search that gave up is started again when its job is resumed, not while that stops or drains", async () => {
    for (const state of ["stopping", "draining"] as const) {
      const story = new OwnStory();
      const { reign } = story.test_;
      await story.begin([0, 0]);
      const by = { type: "job-state", job: story.job, reason: "asked", by: "ann" } as const;
      if (state === "stopping") story.search.giveUp("it died");
      void reign.record({ ...by, state, op: "o1" });
      if (state === "draining") story.search.giveUp("it died");
      for (let ticks = 0; ticks < 3; ticks += 1) lookAfterOwn(reign);
      assert.deepEqual([story.searches.opened.length, story.table.state], [1, state]);
      void reign.record({ ...by, state: "searching", op: "o2" });
      lookAfterOwn(reign);
      assert.equal(story.searches.opened.length, 2);
      void reign.record({ ...by, state, op: "o3" });
      lookAfterOwn(reign);
      assert.equal(story.search.isClosed, false, "a new one is as good as any");
    }
  });

  test("a job whose own search gave up stays paused when failures are taken back, whatever it printed", async () => {
    for (const rule of ["max_failures_in_a_row", "max_failures_at_start"]) {
      const story = new OwnStory();
      const good = await story.begin([1, 1], attic);
      for (const mark of [0, 2, 3]) story.end(await story.begin([mark, 0]), "failed");
      story.search.giveUp(`its search gave up: 20 runs in a row have failed (${rule})`);
      story.end(good, "result", 1, attic);
      assert.equal(story.test_.reign.state.workers.get(lab)?.state, "benched");
      assert.deepEqual([story.table.state, story.table.pauseCause], ["paused", "own search"], story.table.reason);
    }
  });
});
