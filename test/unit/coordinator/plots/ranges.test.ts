import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeEvidence } from "../../../../coordinator/leader/workers/evidence.ts";
import { answerClaim } from "../../../../coordinator/leader/workers/search-loop.ts";
import { chooseRuns, measureOf } from "../../../../coordinator/plots/data/chosen-runs.ts";
import {
  configurationsOf,
  dialNamed,
  dialsOf,
  hyperparametersOf,
  inParts,
} from "../../../../coordinator/plots/data/dials.ts";
import { againstDial } from "../../../../coordinator/plots/figures/against.ts";
import { heatMap } from "../../../../coordinator/plots/figures/heat-map.ts";
import { parallelCoordinates } from "../../../../coordinator/plots/figures/parallel.ts";
import { noLimits } from "../../../../coordinator/plots/options.ts";
import type { JobSubmitted } from "../../../../shared/domain/fold/events.ts";
import { importanceOf } from "../../../../shared/domain/importance/importance.ts";
import type { WorkerId } from "../../../../shared/domain/names.ts";
import { claim, TestReign } from "../../../support/stories/reign.ts";
import { ordered, ranged } from "../../../support/stories/search.ts";

const ann = "ann" as WorkerId;
const lr = ranged("lr", { from: 1e-4, to: 1, scale: "log", zero: true });

/** Two jobs over the same range; the second has more marks. */
async function twoJobs(): Promise<TestReign> {
  const test_ = new TestReign();
  for (const [seed, marks] of [
    [1, []],
    [2, [0.007, 0.0023]],
  ] as const) {
    const template = new TestReign();
    const made = template.reign.state.jobs.get(template.submit({ totalRuns: 25, hpTuning: "random" }))?.submitted;
    assert.ok(made);
    const job = `job${seed}` as JobSubmitted["job"];
    const hyperparameters = [lr, ordered("b", [1, 2])];
    void test_.reign.record({
      ...made,
      job,
      op: `op${seed}`,
      seed,
      hyperparameters,
      firstParent: test_.reign.state.nextRun,
    });
    if (marks.length > 0) void test_.reign.record({ type: "range-refined", job, marks: { lr: marks } });
    for (let n = 1; n <= 25; n += 1) {
      const answer = await answerClaim(test_.reign, ann, claim(`c${seed}-${n}`));
      assert.ok(answer?.kind === "assigned");
      const value = -(Math.log10(Number(answer.settings[0]) + 1e-5) ** 2);
      judgeEvidence(test_.reign, test_.message(ann, job, n, "result", 1, value));
    }
  }
  return test_;
}

const chosen = ({ reign }: TestReign, ...runs: string[]) =>
  chooseRuns({ runs, filter: [], status: undefined, maxRuns: undefined }, reign.state, "ws1");
const options = {
  ...{ title: "", xLabel: undefined, yLabel: undefined, xLimits: noLimits, yLimits: noLimits },
  ...({ xScale: "linear", yScale: "linear", errorBars: "none" } as const),
};

test("a plot draws a range as its scale says, with its first marks named, and 0 below the lowest", async () => {
  const runs = chosen(await twoJobs(), "job1");
  const dial = dialNamed(dialsOf(runs), "lr");
  const [panel] = againstDial(measureOf(runs, "hpmax"), dial, options).panels;
  const ticks = panel?.x.ticks ?? [];
  assert.deepEqual([ticks[0]?.text, ticks[0]?.at], ["0", 0]);
  assert.deepEqual([ticks[1]?.text, ticks[1]?.at], ["1e-4", 0.1]);
  assert.deepEqual([ticks.at(-1)?.text, ticks.at(-1)?.at], ["1", 1]);
  const line = panel?.marks.find((mark) => mark.kind === "line");
  assert.ok(
    line?.kind === "line" && line.xs.every((x, i) => x >= 0 && x <= 1 && (i === 0 || x > (line.xs[i - 1] ?? 1))),
  );
});

test("parallel coordinates and heat maps show a range in about ten parts, however many its marks", async () => {
  const runs = chosen(await twoJobs(), "job2");
  const measure = measureOf(runs, "hpmax");
  const dials = dialsOf(runs);
  const dial = dialNamed(dials, "lr");
  assert.ok(dial.settings.length > lr.values.length);
  assert.deepEqual(
    dial.values,
    [...dial.values].sort((a, b) => Number(a) - Number(b)),
  );
  const coarse = inParts(dial);
  assert.deepEqual(coarse.values, lr.values);
  const near = dial.values.indexOf(0.007);
  const run = dial.positions.indexOf(near);
  if (run >= 0) assert.equal(coarse.values[coarse.positions[run] ?? -1], 0.01);
  const figure = heatMap(coarse, inParts(dialNamed(dials, "b")), measure, { aggregate: "mean", title: "" });
  assert.match(figure.notes.join(), /lr: each value counts at the nearest mark that is shown/);
  const [panel] = parallelCoordinates(dials, measure, "").panels;
  const labels = panel?.marks.find((mark) => mark.kind === "labels");
  assert.ok(labels?.kind === "labels" && labels.labels.filter(({ x }) => x === 0).length === lr.values.length);
});

test("a plot shows jobs over the same range together, although they have different marks", async () => {
  const runs = chosen(await twoJobs(), "job1", "job2");
  const hyperparameters = hyperparametersOf(runs);
  const configurations = configurationsOf(runs);
  for (const [i, { table, trial }] of runs.rows.entries()) {
    const own = table.submitted.hyperparameters[0]?.values[trial.configuration[0] ?? -1];
    assert.equal(hyperparameters[0]?.values[configurations[i]?.[0] ?? -1], own);
  }
  const measured = configurations.map((configuration, i) => ({
    configuration,
    hpmax: measureOf(runs, "hpmax").values[i] ?? Number.NaN,
  }));
  const importance = importanceOf(hyperparameters, measured);
  assert.ok("shares" in importance, "reason" in importance ? importance.reason : "");
  const share = (name: string) => importance.shares.find((each) => each.name === name)?.share ?? 0;
  assert.ok(share("lr") > 0.5 && share("b") < 0.3, JSON.stringify(importance.shares));
});
