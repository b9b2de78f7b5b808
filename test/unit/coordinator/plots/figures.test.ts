import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunCurve } from "../../../../coordinator/plots/data/curves-of-runs.ts";
import { figureSvg } from "../../../../coordinator/plots/drawing/svg-figure.ts";
import { axisOver, type Mark, placeOn } from "../../../../coordinator/plots/figure.ts";
import { againstDial, inOrder } from "../../../../coordinator/plots/figures/against.ts";
import type { CurveOptions } from "../../../../coordinator/plots/figures/curve-lines.ts";
import { heatMap } from "../../../../coordinator/plots/figures/heat-map.ts";
import { binEdges, countIn } from "../../../../coordinator/plots/figures/histogram.ts";
import { metricCurves } from "../../../../coordinator/plots/figures/metric-curves.ts";
import { parallelCoordinates } from "../../../../coordinator/plots/figures/parallel.ts";
import { repeatsSummary } from "../../../../coordinator/plots/figures/repeats-summary.ts";
import { searchSummary } from "../../../../coordinator/plots/figures/search-summary.ts";
import { noLimits } from "../../../../coordinator/plots/options.ts";
import { ticksOf } from "../../../../coordinator/plots/ticks.ts";
import { searchHistory } from "../../../../shared/domain/evaluation/history.ts";
import { maximised } from "../../../../shared/domain/goal.ts";
import { childRunName, type JobName } from "../../../../shared/domain/names.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { inColumns } from "../../../support/stories/completed-runs.ts";
import { ordered } from "../../../support/stories/search.ts";

const free = { from: null, to: null };
const job = "job1" as JobName;
const untold = {
  title: undefined,
  xLabel: undefined,
  yLabel: undefined,
  xLimits: noLimits,
  yLimits: noLimits,
};
const plain: CurveOptions = {
  aggregate: "none",
  groupBy: "run",
  shadow: "none",
  errorBars: "none",
  breakOn: [],
  plotType: "line",
  smoothing: 0,
  x: "iters",
  xLabel: undefined,
  yLabel: undefined,
  xLimits: free,
  yLimits: free,
  xScale: "linear",
  yScale: "linear",
  colours: [],
  title: "",
  panelTitles: [],
  legendTitles: [],
  layout: undefined,
};
const run = (i: number, values: readonly number[], more: Partial<RunCurve> = {}): RunCurve => ({
  run: `run1.${i}`,
  job: "job1",
  node: `node-${i % 2}`,
  experiment: "spec.yaml",
  workspace: "ws1",
  col: "s1-rew",
  title: "",
  hpmax: i / 100,
  xs: values.map((_, at) => (at + 1) * 1000),
  ys: values,
  ...more,
});
const marksOf = <Kind extends Mark["kind"]>(marks: readonly Mark[], kind: Kind) =>
  marks.filter((mark): mark is Extract<Mark, { kind: Kind }> => mark.kind === kind);
const values = { title: "", xLabel: undefined, yLabel: undefined, xLimits: free, yLimits: free } as const;
const valueOptions = { ...values, xScale: "linear", yScale: "linear", errorBars: "none" } as const;

test("of more than ten curves, a plot names the ten best by hpmax; the others are pale and counted", () => {
  const figure = metricCurves(
    Array.from({ length: 24 }, (_, i) => run(i + 1, [i, i + 1])),
    plain,
  );
  const [panel] = figure.panels;
  const lines = marksOf(panel?.marks ?? [], "line");
  assert.equal(lines.length, 24);
  assert.equal(lines.filter(({ look }) => look.isFaint).length, 14);
  assert.ok(lines.at(-1)?.look.isFaint === false, "named ones lie on top");
  assert.deepEqual(
    figure.legend.map(({ label }) => label),
    [...Array.from({ length: 10 }, (_, i) => `run1.${24 - i}`), "and 14 more"],
  );
  const looks = new Set(figure.legend.map(({ look }) => `${look.colour} ${look.dash} ${look.marker}`));
  assert.equal(looks.size, 11, "no two look alike");
});

test("the tutorial's plot is one line with a band of one standard deviation", () => {
  const figure = metricCurves([run(1, [1, 2]), run(2, [3, 6])], {
    ...plain,
    aggregate: "mean",
    groupBy: "job",
    shadow: "std",
  });
  const marks = figure.panels[0]?.marks ?? [];
  assert.deepEqual(marksOf(marks, "line")[0]?.ys, [2, 4]);
  const [band] = marksOf(marks, "band");
  assert.deepEqual(band?.low, [2 - Math.SQRT2, 4 - Math.sqrt(8)]);
  assert.deepEqual(
    figure.legend.map(({ label }) => label),
    ["job1 (mean of 2 runs)"],
  );
  const y = figure.panels[0]?.y;
  const named = metricCurves([run(1, [1, 2], { title: "reward per step" })], plain).panels[0]?.y;
  assert.deepEqual([y?.label, named?.label], ["s1-rew", "s1-rew: reward per step"]);
  assert.ok(y && y.from < 0.6 && y.to > 6.8, "the band is within the axis");
});

test("nexus plot --break-on makes a panel for each metric, run or group; a metric's panels share y axes", () => {
  const curves = [run(1, [1, 2]), run(2, [10, 20]), run(1, [0.1], { col: "s1-win" }), run(2, [0.2], { col: "s1-win" })];
  const byCol = metricCurves(curves, { ...plain, breakOn: ["col"] });
  assert.deepEqual(
    byCol.panels.map(({ title, y }) => [title, y.label]),
    [
      ["s1-rew", "s1-rew"],
      ["s1-win", "s1-win"],
    ],
  );
  assert.deepEqual(
    byCol.legend.map(({ label }) => label),
    ["run1.1", "run1.2"],
  );
  const byBoth = metricCurves(curves, { ...plain, breakOn: ["run", "col"], layout: { rows: 2, columns: 2 } });
  assert.equal(byBoth.panels.length, 4);
  assert.equal(byBoth.columns, 2);
  const [first, second, third] = ["run1.1, s1-rew", "run1.2, s1-rew", "run1.1, s1-win"].map((title) =>
    byBoth.panels.find((panel) => panel.title === title),
  );
  assert.deepEqual(first?.y, second?.y);
  assert.notDeepEqual(first?.y, third?.y);
  const group = metricCurves(curves.slice(0, 2), { ...plain, aggregate: "mean", groupBy: "node", breakOn: ["group"] });
  assert.deepEqual(
    group.panels.map(({ title }) => title),
    ["node-1", "node-0"],
  );
  assert.throws(() => metricCurves(curves, { ...plain, breakOn: ["run", "col"], layout: { rows: 1, columns: 3 } }), {
    name: UsageError.name,
    message: /room for 3 plots; there are 4\n {2}for example: --layout=2x3/,
  });
});

test("a plot of means says how many runs count if not all reach its end", () => {
  const options = { ...plain, aggregate: "mean", groupBy: "job" } as const;
  const even = metricCurves([run(1, [1, 2]), run(2, [3, 6])], options);
  assert.deepEqual(even.notes, []);
  const uneven = metricCurves([run(1, [1]), run(2, [3, 6]), run(3, [3, 6])], options);
  assert.deepEqual(uneven.notes, [
    "2 to 3 runs at a place: those that measured something; completed runs keep their last value",
  ]);
});

test("a plot's titles may contain the run, job, node, metric or group of their panel", () => {
  const figure = metricCurves([run(1, [1]), run(2, [2])], {
    ...plain,
    breakOn: ["run"],
    panelTitles: ["first: $run on $node", "$job $col"],
  });
  assert.deepEqual(
    figure.panels.map(({ title }) => title),
    ["first: run1.1 on node-1", "job1 s1-rew"],
  );
  const alike = metricCurves([run(1, [1]), run(2, [2])], {
    ...plain,
    breakOn: ["run"],
    panelTitles: ["$run on $node"],
  });
  assert.deepEqual(
    alike.panels.map(({ title }) => title),
    ["run1.1 on node-1", "run1.2 on node-0"],
    "one with $ is for all of them",
  );
  const literal = metricCurves([run(1, [1]), run(2, [2])], { ...plain, breakOn: ["run"], panelTitles: ["the first"] });
  assert.deepEqual(
    literal.panels.map(({ title }) => title),
    ["the first", "run1.2"],
  );
  const legend = metricCurves([run(1, [1]), run(2, [2])], { ...plain, legendTitles: ["$run ($node)"] }).legend;
  assert.deepEqual(
    legend.map(({ label }) => label),
    ["run1.1 (node-1)", "run1.2 (node-0)"],
  );
});

test("a plot can show a smoothed curve with the original, within the requested limits", () => {
  const figure = metricCurves([run(1, [0, 10, 0, 10])], {
    ...plain,
    smoothing: 0.9,
    shadow: "pre-smooth",
    yLimits: { from: -5, to: null },
  });
  const [raw, smooth] = marksOf(figure.panels[0]?.marks ?? [], "line");
  assert.deepEqual(raw?.ys, [0, 10, 0, 10]);
  assert.ok(raw?.look.isFaint);
  assert.ok((smooth?.ys[3] ?? 0) < 7);
  assert.equal(figure.panels[0]?.y.from, -5);
});

test("a plot's axes cover all finite values: none, one, or numbers of any size", () => {
  for (const some of [[], [Number.NaN], [3], [0], [-1e300, 1e300], [1e-300, 2e-300], [Number.POSITIVE_INFINITY, 1]]) {
    const axis = axisOver("y", some);
    assert.ok(Number.isFinite(axis.from) && Number.isFinite(axis.to) && axis.from < axis.to, `${some}`);
    assert.ok(ticksOf(axis, 5).length <= 6, `${some}`);
  }
  const log = axisOver("lr", [1e-4, 1e-2, -1, 0], { scale: "log" });
  assert.ok(log.from > 0 && log.from < 1e-4);
  assert.deepEqual(
    ticksOf(log, 8).map(({ text }) => text),
    ["0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01"],
  );
  assert.ok(Number.isNaN(placeOn(log, 0)), "zero has no place on it");
  const widest = axisOver("loss", [Number.MIN_VALUE, 1, 1e308], { scale: "log" });
  assert.ok(widest.from > 0 && widest.to < Number.POSITIVE_INFINITY, "what comes next ends only then");
  assert.ok(ticksOf(widest, 6).length >= 2);
  assert.ok(placeOn(widest, 1) > 0.5 && placeOn(widest, 1) < 0.55);
  assert.deepEqual(
    ticksOf(axisOver("n", [0, 100_000], { isWhole: true }), 6).map(({ text }) => text),
    ["0", "20k", "40k", "60k", "80k", "100k"],
  );
});

test("a plot against a hyperparameter has dots near their settings, and means with error bars", () => {
  const dial = { name: "lr", settings: ["1", "2", "3"], values: [1, 2, 3], positions: [0, 0, 2, -1] };
  const figure = againstDial({ name: "hpmax", values: [1, 3, 5, 7] }, dial, valueOptions);
  const marks = figure.panels[0]?.marks ?? [];
  const [line] = marksOf(marks, "line");
  assert.deepEqual(
    [line?.xs, line?.ys],
    [
      [0, 2],
      [2, 5],
    ],
  );
  const [bars] = marksOf(marks, "intervals");
  assert.deepEqual(bars?.low, [1, Number.NaN], "one run has no standard error");
  const [dots] = marksOf(marks, "dots");
  assert.ok(dots?.xs.slice(0, 2).every((x) => Math.abs(x) <= 0.25));
  assert.ok(Number.isNaN(dots?.xs[3]));
});

test("a plot in order of completion has the best so far, and counts runs without a finite value", () => {
  const figure = inOrder({ name: "hpmax", values: [Number.NaN, 2, 1, 3] }, valueOptions);
  const [line] = marksOf(figure.panels[0]?.marks ?? [], "line");
  assert.deepEqual(line?.ys, [Number.NaN, 2, 2, 3]);
  assert.deepEqual(figure.notes, ["1 of 4 runs has no hpmax"]);
  const losses = inOrder({ name: "loss", values: [2, 3, 1], isLow: true }, valueOptions);
  const [low] = marksOf(losses.panels[0]?.marks ?? [], "line");
  assert.deepEqual([low?.ys, losses.legend[1]?.label, losses.panels[0]?.y.label], [[2, 2, 1], "lowest so far", "loss"]);
});

test("a histogram's bins cover all values and count each once", () => {
  const some = Array.from({ length: 500 }, (_, i) => Math.sin(i) * 5);
  const bins = binEdges(some, undefined);
  assert.ok(bins.length > 5 && bins.length < 62);
  assert.equal(
    countIn(bins, some).reduce((sum, count) => sum + count, 0),
    500,
  );
  assert.equal(binEdges(some, 7).length, 8);
  assert.deepEqual(countIn(binEdges([2, 2, 2], undefined), [2, 2, 2]), [3]);
});

test("a heat map's cells are means over all other hyperparameters; untried pairs stay white", () => {
  const across = { name: "a", settings: ["1", "2"], values: [1, 2], positions: [0, 0, 1] };
  const up = { name: "b", settings: ["x", "y"], values: ["x", "y"], positions: [0, 0, 1] };
  const figure = heatMap(across, up, { name: "hpmax", values: [1, 3, 5] }, { aggregate: "mean", title: "" });
  const [cells] = marksOf(figure.panels[0]?.marks ?? [], "boxes");
  assert.deepEqual(
    cells?.boxes.map(({ x1, y1, text, share }) => [x1, y1, text, share]),
    [
      [-0.5, -0.5, "2\n2", 0],
      [0.5, 0.5, "5\n1", 1],
    ],
  );
  assert.match(figure.notes.join(), /white: 2 of 4 pairs with no run/);
  const losses = heatMap(
    across,
    up,
    { name: "loss", values: [1, 3, 5], isLow: true },
    { aggregate: "mean", title: "" },
  );
  const [dark] = marksOf(losses.panels[0]?.marks ?? [], "boxes");
  assert.deepEqual(
    dark?.boxes.map(({ share }) => share),
    [1, 0],
    "the lowest is darkest",
  );
  assert.deepEqual(losses.ramp, { label: "mean loss", from: 5, to: 2 });
  assert.match(figureSvg(losses, {}), />5<[\s\S]*>2</);
});

test("parallel coordinates draw the best run last and leave out constant hyperparameters", () => {
  const dials = [
    { name: "a", settings: ["1", "2", "3"], values: [1, 2, 3], positions: [0, 1, 2] },
    { name: "same", settings: ["1"], values: [1], positions: [0, 0, 0] },
  ];
  const figure = parallelCoordinates(dials, { name: "hpmax", values: [3, 9, Number.NaN] }, "");
  const [paths] = marksOf(figure.panels[0]?.marks ?? [], "paths");
  assert.deepEqual(
    paths?.paths.map(({ share }) => share),
    [0, 1],
  );
  assert.deepEqual(
    figure.panels[0]?.x.ticks?.map(({ text }) => text),
    ["a", "hpmax"],
  );
  const losses = parallelCoordinates(dials, { name: "loss", values: [3, 9, Number.NaN], isLow: true }, "");
  const [drawn] = marksOf(losses.panels[0]?.marks ?? [], "paths");
  assert.deepEqual(
    drawn?.paths.map(({ share, ys }) => [share, ys.at(-1)]),
    [
      [0, 1],
      [1, 0],
    ],
    "the lowest is last and darkest, at the bottom of its axis",
  );
  assert.deepEqual([losses.ramp, losses.notes.at(-1)], [{ label: "loss", from: 9, to: 3 }, "best: 3"]);
});

test("the summary plot shows a search's history: a stepped estimate, its band, and marks at changes", () => {
  const hyperparameters = [ordered("lr", [1, 2, 3])];
  const hpmax = [0.1, 0.2, 0.3, 0.31, 0.3];
  const runs = hpmax.map((value, i) => ({
    run: childRunName(1, i + 1),
    configuration: [Math.min(i, 2)],
    hpmax: value,
  }));
  const history = searchHistory(inColumns(runs), hyperparameters);
  const figure = searchSummary({ job, goal: maximised, history, hpmax, leader: null }, untold);
  const marks = figure.panels[0]?.marks ?? [];
  const [line] = marksOf(marks, "line");
  const [band] = marksOf(marks, "band");
  assert.ok(line?.isStep && band?.isStep);
  assert.equal(line.xs.at(-1), 5);
  assert.deepEqual(
    line.xs.slice(0, -1),
    history.rows.map(({ ended }) => ended),
  );
  const last = history.rows.at(-1);
  assert.equal(line.ys.at(-1), last?.estHpmax);
  assert.ok(Math.abs((band.high.at(-1) ?? 0) - ((last?.estHpmax ?? 0) + (last?.sd ?? 0))) < 1e-12);
  assert.match(figure.notes.join("\n"), /best for the last \d of 5 runs: lr=3/);
  assert.equal(figure.notes.length, 2);
  const leader = { key: "1", label: "lr=2", estimate: 0.25, runs: 1 };
  assert.equal(
    searchSummary({ job, goal: maximised, history, hpmax, leader }, untold).notes[2],
    "the standings and nexus eval name another, by the model of the search: lr=2 (1 run), 0.25 expected",
  );
  const repeated = repeatsSummary({ job, goal: maximised, hpmax: [1, 3, 2], repeats: "lr=0.1" }, untold);
  const lines = repeated.panels.flatMap(({ marks }) => marks).filter((mark) => mark.kind === "line");
  assert.deepEqual(
    lines.map((mark) => mark.kind === "line" && mark.ys),
    [[1, 2, 2]],
  );
  assert.deepEqual(repeated.notes, [
    "one configuration, lr=0.1: nothing is searched",
    "mean of 3 runs: 2 ± 0.577 (standard error); how certain that is: nexus eval job1",
  ]);
  const none = searchSummary(
    { job, goal: maximised, history: { ...history, rows: [], completed: 0 }, hpmax: [], leader: null },
    untold,
  );
  assert.deepEqual(none.notes, ["no run has completed yet"]);
  const minus = {
    prior: history.prior,
    completed: 5,
    rows: history.rows.map((row) => ({ ...row, estHpmax: -row.estHpmax })),
  };
  const goal = { name: "loss", isLow: true };
  const losses = searchSummary({ job, goal, history: minus, hpmax: hpmax.map((each) => -each), leader }, untold);
  const [of] = losses.panels;
  assert.equal(of?.y.label, "loss");
  assert.deepEqual(marksOf(of?.marks ?? [], "line")[0]?.ys, line.ys);
  assert.match(losses.notes.join("\n"), /^its loss: 0\.\d+ ±/m);
  const mean = repeatsSummary({ job, goal, hpmax: [-1, -3], repeats: "" }, untold);
  assert.deepEqual([mean.panels[0]?.y.label, mean.notes[1]?.slice(0, 16)], ["loss", "mean of 2 runs: "]);
  assert.match(mean.notes[1] ?? "", /: 2 ±/);
});
