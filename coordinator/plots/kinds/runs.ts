import { UsageError } from "../../../shared/errors.ts";
import type { Limits } from "../figure.ts";
import { type Asked, plotKind } from "../kind.ts";
import type { TypedOptions } from "../option.ts";
import { runsOptions } from "../options.ts";

/** The kind without a name: curves of metrics, or one value of each run. */
export const runs = plotKind({
  name: "",
  examples: [
    ["job1 s1-rew", "a curve for each run; the best ten by hpmax are named"],
    ["job1 s1-rew --aggregate=mean --shadow-type=std", "their mean, and how far they lie apart"],
    ["job1,job2 s1-rew,s1-win --group-by=job", "two metrics side by side, a colour for each job"],
    ["job1 hpmax", "each run in order of completion, and the best so far"],
    ["job1 hpmax --x=lr", "against one hyperparameter, with the mean of each setting"],
    ["job1 hpmax --plot-type=histogram", "how often each value occurred"],
  ],
  options: runsOptions,
  check: checkTogether,
  reads: "runs",
  figure: async (data, asked) => (await import("../figures/of-runs.ts")).ofRuns(data, asked),
});

/** A log axis has no place for 0 or less. */
function checkLogEnds(long: string, scale: "linear" | "log", { from, to }: Limits): void {
  if (scale === "linear" || ((from ?? 1) > 0 && (to ?? 1) > 0)) return;
  const typed = [from, to].map((end) => end ?? "").join(",");
  throw new UsageError(
    `${long}=${typed}: a log axis has no 0 and nothing below; expected ends above 0, such as 1e-3,1`,
  );
}

const notOfHistograms = [
  ...(["aggregate", "shadow", "errorBars", "smoothing", "x", "xScale", "yScale"] as const),
  ...(["breakOn", "colours", "legendTitles"] as const),
];

/** Checks options that depend on each other. */
function checkTogether(asked: Asked<typeof runsOptions>, typed: TypedOptions): void {
  const { aggregate, shadow, errorBars, smoothing, plotType, x, bins } = asked;
  const together = "\n  aggregate runs first, for example: --aggregate=mean --group-by=job";
  const isOver = x !== undefined && x !== "iters" && x !== "hours";
  checkLogEnds(runsOptions.xLimits.long, asked.xScale, asked.xLimits);
  checkLogEnds(runsOptions.yLimits.long, asked.yScale, asked.yLimits);
  if (plotType === "histogram") {
    for (const name of notOfHistograms) {
      const { key, long } = runsOptions[name];
      if (typed[key] !== undefined) throw new UsageError(`a histogram takes no ${long}`);
    }
  } else if (bins !== undefined) {
    throw new UsageError("--bins is for histograms: --plot-type=histogram");
  }
  if (aggregate === "none" && shadow !== "none" && shadow !== "pre-smooth") {
    throw new UsageError(`--shadow-type=${shadow} is the spread of several runs${together}`);
  }
  if (aggregate === "none" && errorBars !== "none" && !isOver) {
    throw new UsageError(`--error-bars=${errorBars} is the spread of several runs${together}`);
  }
  const isSpread = aggregate === "std" || aggregate === "var" || aggregate === "sem";
  if (isSpread && shadow !== "pre-smooth" && (shadow !== "none" || errorBars !== "none")) {
    throw new UsageError(
      `--aggregate=${aggregate} is itself a spread, so it has no band or bars; use --aggregate=mean`,
    );
  }
  if (shadow === "pre-smooth" && smoothing === 0) {
    throw new UsageError("--shadow-type=pre-smooth shows curves before smoothing; add --smoothing-factor=0.9");
  }
}
