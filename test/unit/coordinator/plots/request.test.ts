import assert from "node:assert/strict";
import { test } from "node:test";
import { textLook } from "../../../../coordinator/cli/plot/plot.ts";
import { runs } from "../../../../coordinator/plots/kinds/runs.ts";
import type { TypedOptions } from "../../../../coordinator/plots/option.ts";
import { readRequest } from "../../../../coordinator/plots/request.ts";
import { UsageError } from "../../../../shared/errors.ts";

test("nexus plot's options are read as in the tutorial, and have defaults", () => {
  const words = { runs: ["job289"], names: ["s1-rew"] };
  const asked = runs.asked(words, { aggregate: "mean", groupBy: "job", shadowType: "std" });
  assert.deepEqual([asked.aggregate, asked.groupBy, asked.shadow, asked.names], ["mean", "job", "std", ["s1-rew"]]);
  const usual = runs.asked(words, {});
  assert.deepEqual(
    [usual.aggregate, usual.groupBy, usual.shadow, usual.smoothing, usual.bins, usual.filter],
    ["none", undefined, "none", 0, undefined, []],
  );
});

test("nexus plot takes runs and metrics in any order, with commas or spaces", () => {
  const request = readRequest(["ws1/job1,run7.2", "s1-rew,s1-win", "job3"], { saveTo: "out/Fig.SVG", size: "80x50" });
  assert.deepEqual(request.runs, ["ws1/job1,run7.2", "job3"]);
  assert.deepEqual(request.names, ["s1-rew", "s1-win"]);
  assert.equal(request.file?.format, "svg");
  assert.deepEqual(request.size, { widthMm: 80, panelHeightMm: 50 });
  assert.deepEqual(readRequest(["summary", "job411"], {}).runs, ["job411"]);
  assert.deepEqual(readRequest(["heat-map", "job411", "lr", "units"], {}).names, ["lr", "units"]);
});

test("a plot's limits and layouts may be incomplete, and its lists have commas", () => {
  const asked = runs.asked(
    { runs: ["job1"], names: [] },
    {
      xLimits: ",1e3",
      yLimits: "-0.5,",
      layout: "2x",
      breakOn: "col,run",
      colors: "#abc,blue",
      plotTitles: "a\\,b,c",
    },
  );
  assert.deepEqual(
    [asked.xLimits, asked.yLimits],
    [
      { from: null, to: 1000 },
      { from: -0.5, to: null },
    ],
  );
  assert.deepEqual(asked.layout, { rows: 2, columns: undefined });
  assert.deepEqual(asked.breakOn, ["col", "run"]);
  assert.deepEqual(asked.colours, ["#aabbcc", "#0072b2"]);
  assert.deepEqual(asked.panelTitles, ["a,b", "c"]);
});

test("a wrong nexus plot command is refused with what to type instead", () => {
  const wrong: [string[], TypedOptions, RegExp][] = [
    [["sumary", "x"], {}, /neither a job or run nor a kind.*did you mean nexus plot summary\?/s],
    [["summary"], {}, /which runs\?.*nexus plot summary job1/s],
    [["job1"], { aggregate: "avg" }, /--aggregate=avg: expected one of none, mean/],
    [["job1"], { groupBy: "jobs" }, /did you mean job\?/],
    [["job1"], { shadowType: "std" }, /spread of several runs.*--aggregate=mean --group-by=job/s],
    [["job1"], { errorBars: "sem" }, /spread of several runs/],
    [["job1"], { shadowType: "pre-smooth" }, /add --smoothing-factor/],
    [["job1"], { aggregate: "std", shadowType: "std" }, /is itself a spread/],
    [["job1"], { smoothingFactor: "1" }, /expected 0 \(none\) to below 1/],
    [["job1"], { layout: "2by3" }, /expected rows x columns/],
    [["job1"], { layout: "0x3" }, /expected rows x columns/],
    [["job1"], { breakOn: "metric" }, /--break-on=metric: expected one of run, col, group/],
    [["job1"], { xLimits: "5,1" }, /the first number must be the smaller/],
    [["job1"], { xLimits: "," }, /expected two numbers/],
    [["job1"], { yLimits: "a,b" }, /expected two numbers/],
    [["job1"], { yLimits: "0,1e999" }, /expected two numbers/],
    [["job1"], { yScale: "log", yLimits: "0,1" }, /--y-limits=0,1: a log axis has no 0 .* such as 1e-3,1/],
    [["job1"], { xScale: "log", xLimits: ",-5" }, /--x-limits=,-5: a log axis has no 0/],
    [["job1"], { colors: "blu" }, /did you mean blue\?/],
    [["job1"], { saveTo: "plot.jpg" }, /ends in \.svg or \.png/],
    [["job1"], { saveTo: "plot.svg", dpi: 300 }, /--dpi is for PNG/],
    [["job1"], { size: "90x60" }, /--size is for files/],
    [["job1"], { saveTo: "a.svg", size: "9x6" }, /40x20 to 1000x1000/],
    [["job1"], { glyphs: "dots" }, /expected one of braille, block, ascii/],
    [["job1"], { bins: 5 }, /--plot-type=histogram/],
    [["job1"], { plotType: "histogram", aggregate: "mean" }, /a histogram takes no --aggregate/],
    [["importance", "job1"], { groupBy: "job" }, /plot importance takes no --group-by\n {2}it takes: --title/],
    [["summary", "job1", "job2"], {}, /nexus plot summary: job2 is one word too many/],
    [["timeline", "job1", "a", "b"], {}, /nexus plot timeline: a, b are one word too many/],
    [["heatmap", "job1", "a", "b"], { aggregate: "sem" }, /expected one of mean, max, min, std/],
  ];
  for (const [words, options, message] of wrong) {
    assert.throws(() => readRequest(words, options), { name: UsageError.name, message }, words.join(" "));
  }
});

test("a plot's colours and characters depend on the terminal, the locale and the options", () => {
  const screen = { isTerminal: true, columns: 100, rows: 30, env: { LANG: "en_GB.UTF-8" }, color: undefined };
  assert.deepEqual(textLook({ form: undefined }, screen), {
    width: 100,
    height: 29,
    form: undefined,
    isColoured: true,
  });
  const look = (env: NodeJS.ProcessEnv, more = {}) => textLook({ form: undefined }, { ...screen, env, ...more });
  assert.equal(look({ LANG: "C" }).form, "ascii");
  assert.equal(look({ LANG: "C.UTF-8", TERM: "linux" }).form, "block");
  assert.equal(look({ LANG: "C.UTF-8", NO_COLOR: "1" }).isColoured, false);
  assert.equal(look({ LANG: "C.UTF-8", NO_COLOR: "1" }, { color: "always" }).isColoured, true);
  assert.equal(look({ LANG: "C.UTF-8" }, { color: "never" }).isColoured, false);
  const piped = look({ LANG: "C.UTF-8" }, { isTerminal: false, columns: undefined, rows: undefined });
  assert.deepEqual([piped.width, piped.isColoured], [80, false]);
  assert.equal(textLook({ form: "block" }, { ...screen, env: { LANG: "C" } }).form, "block");
});
