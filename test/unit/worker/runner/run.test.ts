import assert from "node:assert/strict";
import { test } from "node:test";
import { executeRun } from "../../../../worker/runner/run.ts";
import { countState } from "../../../../worker/stages/count-state.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

test("a run with more metrics than a result may have fails before it trains the stage that has too many", async () => {
  const spec = { component: "processors/Probe_Proc", reports: 2, seconds: 0, value: 1, noise: 0, misbehaviour: "none" };
  const stages = [1, 2].map((number) => ({ number, component: spec.component, enabled: true, spec }));
  const folder = temporaryFolder();
  let reports = 0;
  const second = (metrics: Record<string, number>) => {
    reports = 0;
    return executeRun(stages, {
      line: () => undefined,
      report: () => {
        reports += 1;
      },
      checkpointDue: () => false,
      keep: async () => undefined,
      codeFolder: null,
      inputsFolder: null,
      environmentFolder: null,
      directory: folder,
      stateDirectory: folder,
      signal: new AbortController().signal,
      inSearch: true,
      // Of the second stage, one report is there.
      resume: { stage: 2, iters: 1, hours: 0, summary: { value: 1, count: 1 }, metrics, state: countState(1) },
    });
  };
  const first = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s1-m${i}`, i]));
  const { metrics } = await second({ ...first(98), "s2-hrs": 0, "s2-val": 1 });
  assert.equal(Object.keys(metrics).length, 100);
  assert.equal(reports, 1);
  await assert.rejects(second(first(99)), {
    message: /^a run has at most 100 metrics, .* those of stage 2 \(processors\/Probe_Proc\) it would have 101$/,
  });
  assert.equal(reports, 0);
});

/** Ports of a run that saves nothing, in a folder of its own. */
function quietPorts(): Parameters<typeof executeRun>[1] {
  const folder = temporaryFolder();
  return {
    line: () => undefined,
    report: () => undefined,
    checkpointDue: () => false,
    keep: async () => undefined,
    ...{ codeFolder: null, inputsFolder: null, environmentFolder: null, directory: folder, stateDirectory: folder },
    signal: new AbortController().signal,
    inSearch: true,
  };
}

/** Executes a run of one stage, a shell script with the metrics `loss` and `extra`. */
const runOf = (script: string, changes: Partial<Parameters<typeof executeRun>[1]> = {}) => {
  const component = "processors/Command_Proc";
  const spec = {
    ...{ component, command: ["sh", "-c", script], arguments: {}, as_options: false, metrics: ["loss", "extra"] },
    ...{ goal: "minimize", summary: "last", decimals: 3, random_seed: 1 },
  };
  return executeRun([{ number: 1, component, enabled: true, spec }], { ...quietPorts(), ...changes });
};

test("a run's result has what each metric was when it was measured last, and NaN if that was measured", async () => {
  const lines = (...reports: string[]) => reports.map((report) => `echo '${report}'`).join("; ");
  const { metrics } = await runOf(lines('{"loss": 1, "extra": 3}', '{"loss": 0.5}'));
  assert.deepEqual([metrics["s1-loss"], metrics["s1-extra"]], [0.5, 3]);
  const infinite = await runOf(lines('{"loss": 1}', '{"loss": 1, "extra": 3}', '{"loss": 0.5, "extra": NaN}'));
  assert.ok(Number.isNaN(infinite.metrics["s1-extra"]));
});

test("a run fails that never reported what its result is, unless an earlier attempt did", async () => {
  const extra = `echo '{"extra": 3}'`;
  await assert.rejects(runOf(extra), { message: "sh reported extra, and never reported loss, by which a search goes" });
  const resume = { stage: 1, iters: 1, hours: 0, summary: { value: 2, count: 1 }, metrics: {}, state: countState(1) };
  const { hpmax } = await runOf(extra, { resume });
  assert.equal(hpmax, -2);
});

test("a run with more metrics in its specs than a result may have fails before its first stage is trained", async () => {
  const metrics = Array.from({ length: 49 }, (_, i) => `m${i}`);
  const component = "processors/Command_Proc";
  const printed: string[] = [];
  const all = (last: readonly string[], isLastEnabled = true) =>
    executeRun(
      [metrics, metrics, last].map((each, i) => ({
        ...{ number: i + 1, component, enabled: i < 2 || isLastEnabled },
        spec: { component, command: "none", metrics: [...each] },
      })),
      { ...quietPorts(), line: (text) => void printed.push(text) },
    );
  await assert.rejects(all(["loss"]), {
    message: /^a run has at most 100 metrics, .* those of stage 3 \(processors\/Command_Proc\) it would have 102$/,
  });
  assert.deepEqual(printed, []);
  await assert.rejects(all(["loss"], false), { message: /command/ });
  assert.ok(printed.length > 0, "a stage that is not enabled has no metrics");
});
