import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkVerdict, measuredLines } from "../../../../../coordinator/cli/check/check-verdict.ts";
import type { CheckedRun } from "../../../../../shared/here/check-run.ts";

const loss = { name: "s1-loss", count: 3, first: 0.9, last: 0.3 };
const good: CheckedRun = {
  outcome: "completed",
  reason: "",
  hpmax: -0.3,
  searched: "s1-loss",
  seconds: 2,
  reports: 3,
  iters: [1, 3],
  metrics: [loss],
  lines: 5,
  measuredLines: 3,
  newest: [],
  checkpoints: 1,
  stateFiles: ["model.pt"],
  files: [],
};

describe("the verdict of nexus check", () => {
  test("nexus check says that a run that ended with a number works", () => {
    assert.deepEqual(checkVerdict(good, "a b.yaml"), {
      isGood: true,
      text: "it works; to search: nexus run 'a b.yaml'",
      notes: [],
    });
  });

  test("nexus check says that a stopped run works if it had measured something", () => {
    const cut: CheckedRun = { ...good, outcome: "stopped", reason: "its time was over: 60 s", hpmax: null };
    assert.match(checkVerdict(cut, "s.yaml").text, /^it works, though it did not end \(its time was over: 60 s\)/);
    const silent = checkVerdict({ ...cut, metrics: [], reports: 0 }, "s.yaml");
    assert.equal(silent.isGood, false);
    assert.match(silent.text, /^nothing was measured .* give it more time: nexus check s\.yaml --time 600/);
    assert.equal(checkVerdict({ ...cut, metrics: [{ ...loss, last: Number.NaN }] }, "s.yaml").isGood, false);
  });

  test("nexus check judges a stopped run by what a search goes by, whatever else it measured", () => {
    const cut: CheckedRun = { ...good, outcome: "stopped", reason: "its time was over: 60 s", hpmax: null };
    const misspelt = checkVerdict({ ...cut, searched: "s1-val_accuracy" }, "s.yaml");
    assert.deepEqual(misspelt, {
      isGood: false,
      text:
        "s1-val_accuracy, by which a search goes, was not measured before it was stopped (its time was over: 60 s); " +
        "measured were: s1-loss; correct its name in the spec, or give it more time: nexus check s.yaml --time 600",
      notes: [],
    });
    const early = checkVerdict({ ...cut, searched: null }, "s.yaml");
    assert.match(
      early.text,
      /^the last stage, by which a search goes, was not .*; measured were: s1-loss; give it more/,
    );
    const diverged = { ...loss, name: "s1-other", last: Number.NaN };
    assert.equal(checkVerdict({ ...cut, metrics: [diverged, loss] }, "s.yaml").isGood, true);
  });

  test("nexus check says that a failed run, or one whose hpmax is no number, does not work", () => {
    const failed = checkVerdict({ ...good, outcome: "failed", reason: "there is no program pyhton", hpmax: null }, "s");
    assert.deepEqual([failed.isGood, failed.text], [false, "it does not work: there is no program pyhton"]);
    for (const hpmax of [Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(checkVerdict({ ...good, hpmax }, "s").isGood, false);
  });

  test("nexus check notes a single report, and that nothing is left to resume from", () => {
    const { notes } = checkVerdict({ ...good, reports: 1, stateFiles: [] }, "s");
    assert.deepEqual(
      notes.map((note) => note.slice(0, 24)),
      ["it reports only once, so", "it leaves nothing in NEX"],
    );
  });

  test("nexus check notes a line that is nearly a report beside those that are", () => {
    const { notes, isGood } = checkVerdict({ ...good, newest: ['{"loss": 0.3}', '{"loss": 0.'] }, "s");
    assert.ok(isGood);
    assert.match(notes.join(), /^it also prints lines cut off before .*; nothing was measured in: \{"loss": 0\.$/);
    // If nothing was measured, the reason of the failure says so.
    assert.deepEqual(checkVerdict({ ...good, reports: 0, newest: ["{'loss': 0.3}"] }, "s").notes, []);
  });

  test("nexus check lists what was measured", () => {
    assert.deepEqual(measuredLines(good), ["s1-loss: 0.9 to 0.3, in 3 reports", "iters: 1 to 3", "hpmax: -0.3"]);
    assert.deepEqual(measuredLines({ ...good, reports: 0 }), ["nothing"]);
  });
});
