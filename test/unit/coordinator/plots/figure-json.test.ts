import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunCurve } from "../../../../coordinator/plots/data/curves-of-runs.ts";
import { type Figure, figureJson } from "../../../../coordinator/plots/figure.ts";
import { againstDial, inOrder } from "../../../../coordinator/plots/figures/against.ts";
import type { CurveOptions } from "../../../../coordinator/plots/figures/curve-lines.ts";
import { heatMap } from "../../../../coordinator/plots/figures/heat-map.ts";
import { histogram } from "../../../../coordinator/plots/figures/histogram.ts";
import { importanceBars } from "../../../../coordinator/plots/figures/importance-bars.ts";
import { metricCurves } from "../../../../coordinator/plots/figures/metric-curves.ts";
import { parallelCoordinates } from "../../../../coordinator/plots/figures/parallel.ts";
import { searchSummary } from "../../../../coordinator/plots/figures/search-summary.ts";
import { workerTimeline } from "../../../../coordinator/plots/figures/timeline.ts";
import { noLimits } from "../../../../coordinator/plots/options.ts";
import { maximised } from "../../../../shared/domain/goal.ts";
import type { JobName } from "../../../../shared/domain/names.ts";

const labels = { title: "", xLabel: undefined, yLabel: undefined, xLimits: noLimits, yLimits: noLimits } as const;
const scales = { xScale: "linear", yScale: "linear", errorBars: "none" } as const;
const lr = { name: "lr", settings: ["1e-3", "0.5"], values: [0.001, 0.5], positions: [0, 1, 1] };
const units = { name: "units", settings: ["64", "128"], values: [64, 128], positions: [0, 0, 1] };
const hpmax = { name: "hpmax", values: [0.123456789012345, Number.NaN, 2] };

function objects(figure: Figure): Record<string, unknown>[] {
  const rows = figureJson(figure)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(rows.every(({ v }) => v === 1));
  const [head, ...data] = rows;
  assert.equal(head?.["type"], "plot");
  assert.equal(head?.["kind"], figure.kind);
  return data;
}

describe("a plot's JSON data", () => {
  test("a plot's JSON has curves as drawn, with their bands, unrounded", () => {
    const run = (i: number, ys: readonly number[]): RunCurve => ({
      ...{
        run: `run1.${i}`,
        job: "job1",
        node: "pc",
        experiment: "s.yaml",
        workspace: "ws1",
        col: "s1-rew",
        title: "",
      },
      ...{ hpmax: i, xs: [1000, 2000], ys },
    });
    const options: CurveOptions = {
      ...labels,
      ...scales,
      aggregate: "mean",
      groupBy: "job",
      shadow: "min-max",
      breakOn: [],
      plotType: "line",
      smoothing: 0,
      x: "iters",
      colours: [],
      panelTitles: [],
      legendTitles: [],
      layout: undefined,
    };
    const runs = [run(1, [0.1, Number.NaN]), run(2, [0.2, Number.POSITIVE_INFINITY])];
    assert.deepEqual(objects(metricCurves(runs, options)), [
      {
        ...{ type: "curve", v: 1, col: "s1-rew", job: "job1", aggregate: "mean", runs: 2, counts: [2, 0] },
        iters: [1000, 2000],
        ...{ values: [0.15000000000000002, null], low: [0.1, null], high: [0.2, null] },
      },
    ]);
    const each = objects(metricCurves(runs, { ...options, aggregate: "none", groupBy: "run", shadow: "none" }));
    assert.deepEqual(
      each.map(({ run: name, values }) => [name, values]),
      [
        ["run1.1", [0.1, null]],
        ["run1.2", [0.2, "Infinity"]],
      ],
    );
  });

  test("a plot's JSON has settings unchanged, and null for what was not measured", () => {
    const against = objects(againstDial(hpmax, lr, { ...labels, ...scales }));
    assert.deepEqual(
      against.filter(({ type }) => type === "run").map(({ lr: setting, hpmax: value }) => [setting, value]),
      [
        [0.001, 0.123456789012345],
        [0.5, null],
        [0.5, 2],
      ],
    );
    assert.deepEqual(
      against.filter(({ type }) => type === "setting").map(({ lr: setting, count, mean }) => [setting, count, mean]),
      [
        [0.001, 1, 0.123456789012345],
        [0.5, 1, 2],
      ],
    );
    assert.deepEqual(objects(inOrder(hpmax, { ...labels, ...scales }))[2], {
      ...{ type: "run", v: 1, completed: 3, hpmax: 2, best: 2 },
    });
    assert.deepEqual(objects(heatMap(lr, units, hpmax, { aggregate: "mean", title: "" })), [
      { type: "cell", v: 1, lr: 0.001, units: 64, "mean hpmax": 0.123456789012345, runs: 1 },
      { type: "cell", v: 1, lr: 0.5, units: 128, "mean hpmax": 2, runs: 1 },
    ]);
    assert.deepEqual(objects(parallelCoordinates([lr, units], hpmax, "")).at(-1), {
      ...{ type: "run", v: 1, hparams: { lr: 0.5, units: 128 }, hpmax: 2 },
    });
    const groups = [{ name: "hpmax", measure: { name: "hpmax", values: [0, 1, 1] } }];
    const bins = objects(histogram(groups, { ...labels, panelTitles: [], bins: 2, layout: undefined }));
    assert.deepEqual(
      bins.map(({ from, to, runs }) => [from, to, runs]),
      [
        [0, 0.5, 1],
        [0.5, 1, 2],
      ],
    );
  });

  test("the JSON of a search, its importance and its workers says the same as the picture", () => {
    const row = {
      ...{ configuration: [0], label: "lr=0.001", ended: 1, bestFor: 2, estHpmax: 0.3333333333333333, sd: null },
      ...{ runs: 2, bestRun: "run1.1", bestHpmax: 0.5 },
    };
    const history = { rows: [row], completed: 2, prior: { mean: 0, variance: 1 } } as unknown as Parameters<
      typeof searchSummary
    >[0]["history"];
    const job = "job1" as JobName;
    const [best, first] = objects(
      searchSummary({ job, goal: maximised, history, hpmax: [0.1, 0.5], leader: null }, labels),
    );
    assert.equal(best?.["estHpmax"], 0.3333333333333333);
    assert.deepEqual(first, { type: "run", v: 1, completed: 1, hpmax: 0.1 });
    const shares = [{ name: "lr", share: 0.25, low: 0.125, high: 0.5 }];
    const together = { share: 0, low: 0, high: 0 };
    const importance = { shares, together, level: 0.9, runs: 30, runSets: 20, noise: null, withoutEffect: ["lr"] };
    assert.deepEqual(objects(importanceBars(importance, "hpmax", ""))[0], {
      ...{ type: "share", v: 1, name: "lr", share: 0.25, low: 0.125, high: 0.5, level: 0.9 },
    });
    const stay = { worker: "pc", from: 1_000, to: 61_000, end: "lost", run: "run1.1" } as const;
    assert.deepEqual(objects(workerTimeline({ names: job, stays: [stay] }, labels)), [{ type: "stay", v: 1, ...stay }]);
  });
});
