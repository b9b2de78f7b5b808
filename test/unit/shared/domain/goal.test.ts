import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { componentDefaults } from "../../../../shared/components/component-defaults.ts";
import { changesText } from "../../../../shared/domain/fold/job-changes.ts";
import { bestEnd, boundName, boundText, maximised, minimised, told, toldEnds } from "../../../../shared/domain/goal.ts";
import { goalOf } from "../../../../shared/domain/runspec/carried-spec.ts";
import { stopNames } from "../../../../shared/domain/runspec/job-settings.ts";
import { parseStopRule, stopRuleText } from "../../../../shared/domain/runspec/quantities.ts";
import { readSpec, usedComponents } from "../../../../shared/domain/runspec/spec-read.ts";
import { carriedLoss } from "../../../support/stories/loss-search.ts";

const loss = minimised("loss", ["lr"]);
const defaults = componentDefaults();
const { text } = carriedLoss();

/** What a spec is judged by, as a job carries it. */
function goalIn(changed: string, commandLine: Readonly<Record<string, string>> = {}) {
  const reading = readSpec({ file: "s.yaml", text: changed, commandLine, defaults });
  assert.ok(reading.ok, JSON.stringify(reading));
  return goalOf({ file: "s.yaml", text: changed, commandLine, sources: usedComponents(reading.spec) });
}

const problemsOf = (changed: string): string[] => {
  const reading = readSpec({ file: "s.yaml", text: changed, defaults });
  return reading.ok ? [] : reading.problems.map(({ message, hints }) => [message, ...hints].join("; "));
};

describe("a loss", () => {
  test("a loss is hpmax with the sign turned back, and 0 stays 0", () => {
    assert.deepEqual([told(loss, -0.5), told(loss, 0.5), told(maximised, -0.5)], [0.5, -0.5, -0.5]);
    assert.ok(Object.is(told(loss, 0), 0));
    assert.ok(Number.isNaN(told(loss, Number.NaN)));
  });

  test("the intervals of a loss have their ends in order", () => {
    assert.deepEqual(toldEnds(loss, { low: -0.5, high: -0.25 }), { low: 0.25, high: 0.5 });
    assert.deepEqual(toldEnds(maximised, { low: 0.25, high: 0.5 }), { low: 0.25, high: 0.5 });
  });

  test("losses rank by the loss plus two standard deviations, the lowest first", () => {
    assert.deepEqual([boundName(loss), boundText(loss), bestEnd(loss)], ["loss+2sd", "loss plus 2 sd", "low"]);
    assert.deepEqual(
      [boundName(maximised), boundText(maximised), bestEnd(maximised)],
      ["hpmax-2sd", "hpmax less 2 sd", "high"],
    );
  });

  test("a loss has a name that nothing else in a table has", () => {
    assert.equal(minimised("time", []).name, "goal-time");
    assert.equal(minimised("lr", ["lr"]).name, "goal-lr");
    assert.equal(minimised("val_loss", ["lr"]).name, "val_loss");
  });

  test("a stop rule about a loss reads as what it was written for, whatever the metric is called", () => {
    for (const metric of ["loss", ...stopNames]) {
      const goal = minimised(metric, []);
      const rule = parseStopRule(`${goal.name} <= 0.25`, goal);
      assert.deepEqual(rule, { name: "hpmax", op: ">=", value: -0.25 }, metric);
      assert.deepEqual(rule && parseStopRule(stopRuleText(rule, goal), goal), rule, metric);
    }
  });
});

describe("the goal of a job", () => {
  test("the goal of a job is what its last enabled stage says, in whatever way it is written", () => {
    assert.deepEqual(goalIn(text), { name: "loss", isLow: true });
    assert.deepEqual(goalIn(text.replace("      goal: minimize\n", "")), maximised);
    assert.deepEqual(goalIn(text.replace("goal: minimize", "goal: maximize # or minimize")), maximised);
    assert.deepEqual(goalIn(text.replace("goal: minimize", "goal: <way>"), { way: "minimize" }).name, "loss");
    const last = `  - processing_stage:\n      component: processors/Command_Proc\n      command: [ls]\n      metrics: [files]\n`;
    assert.deepEqual(goalIn(`${text}${last}`), maximised);
    assert.deepEqual(goalIn(`${text}${last}      enabled: false\n`).name, "loss");
  });

  test("the goal of a job is hpmax where nothing can be read", () => {
    assert.deepEqual(goalOf({ file: "s", text: "goal: minimize", sources: {}, commandLine: {} }), maximised);
  });
});

describe("a rule to stop", () => {
  test("a stop rule may be about the loss, and is told so", () => {
    assert.deepEqual(parseStopRule("loss <= 0.2", loss), { name: "hpmax", op: ">=", value: -0.2 });
    assert.deepEqual(parseStopRule("time<3", minimised("time", [])), { name: "hpmax", op: ">", value: -3 });
    const rule = { name: "hpmax", op: ">=", value: -0.2 } as const;
    assert.equal(stopRuleText(rule, loss), "loss <= 0.2");
    assert.equal(stopRuleText(rule, maximised), "hpmax >= -0.2");
    assert.equal(stopRuleText({ name: "runs", op: ">", value: 9 }, loss), "runs > 9");
    assert.deepEqual(changesText({ stopWhen: rule }, loss), ["stop_when loss <= 0.2"]);
    assert.equal(parseStopRule("loss <= 0.2"), undefined);
    assert.equal(parseStopRule("los <= 0.2", loss), undefined);
  });

  test("a stop rule about the loss is checked with the spec, and hidden by no other problem", () => {
    const ruled = (rule: string): string => text.replace("  enabled: 1\n", `  enabled: 1\n  stop_when: "${rule}"\n`);
    assert.deepEqual(problemsOf(ruled("loss <= 0.2")), []);
    assert.match(problemsOf(ruled("los <= 0.2")).join("\n"), /^stop_when is "los <= 0\.2"; expected .*"loss <= 0\.05"/);
    const two = problemsOf(ruled("loss <= 0.2").replace("metrics: [loss]", "metrics: [loss]\n      colour: red"));
    assert.equal(two.length, 1, two.join("\n"));
  });
});
