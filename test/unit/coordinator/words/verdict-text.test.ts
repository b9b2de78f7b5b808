import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "../../../../coordinator/live/findings.ts";
import { verdictWithin } from "../../../../coordinator/words/verdict-text.ts";
import { JobStory, stateOf } from "../../../support/stories/job-story.ts";
import { ordered } from "../../../support/stories/search.ts";

test("a verdict fits any width: the doubts go first, then the words, and whether to go on stays last", () => {
  const story = new JobStory({ number: 1, hyperparameters: [ordered("lr", [1, 2, 3, 4, 5])] });
  for (let i = 1; i <= 4; i += 1) story.completed(story.started(`run1.${i}`, [i]), `run1.${i}`, i === 3 ? 2.1 : i / 2);
  const table = stateOf(story).jobs.get(story.job);
  const findings = table && findingsOf(table);
  assert.ok(findings);
  const { verdict } = findings;
  for (let width = 0; width < 300; width += 1) assert.ok(verdictWithin(verdict, width).length <= width);
  const whole = verdictWithin(verdict, 300);
  assert.match(whole, /^\d+% that another is truly better; go on: no configuration was run twice, [^;]*; /);
  assert.match(verdictWithin(verdict, whole.length - 1), / go on: no configuration was run twice, .* \(\+\d more\)$/);
  assert.match(verdictWithin(verdict, 40), /^\d+% that another is better; go on$/);
  assert.equal(verdictWithin(verdict, 6), "go on");
  assert.equal(verdictWithin({ ...verdict, doubts: [] }, 100).split("; ")[1], "stopping now is reasonable");
  assert.equal(verdictWithin(verdict, 4), "");
  // The verdict on a search that is over tells nobody to go on.
  for (let width = 0; width < 300; width += 1)
    assert.doesNotMatch(verdictWithin(verdict, width, true), /go on|stopping/);
  assert.match(verdictWithin(verdict, 300, true), /; not settled: no configuration was run twice/);
  assert.equal(verdictWithin({ ...verdict, doubts: [] }, 100, true).split("; ")[1], "the best is settled");
});
