import { counted } from "../../../shared/domain/counted.ts";
import { isImported } from "../../../shared/domain/fold/imported.ts";
import { UsageError } from "../../../shared/errors.ts";
import { runStatus, statusWords } from "../../words/status-words.ts";
import { type ChosenRuns, columnOf, commonGoal, completedOnly, type Measure, measureOf } from "../data/chosen-runs.ts";
import { checkCurveNames, isCurve, usualMetric } from "../data/curves-of-runs.ts";
import { dialNamed, dialsOf } from "../data/dials.ts";
import type { PlotReads } from "../data/reads.ts";
import type { Figure } from "../figure.ts";
import type { Asked } from "../kind.ts";
import { type Grouping, runsOptions } from "../options.ts";
import { againstDial, againstMeasure, inOrder } from "./against.ts";
import { grouped } from "./grouped.ts";
import { histogram } from "./histogram.ts";
import { metricCurves } from "./metric-curves.ts";

type AskedOfRuns = Asked<typeof runsOptions>;

/**
 * A plot without a kind: the runs' curves, or one value of each run, which is its hpmax or the last value of a metric.
 *
 * @throws UsageError, NotFoundError if a metric, column or hyperparameter does not exist
 */
export async function ofRuns(runs: PlotReads["runs"], asked: AskedOfRuns): Promise<Figure> {
  const names = asked.names.length > 0 ? asked.names : [usualMetric(runs)];
  const isOverTime = asked.x === undefined || asked.x === "iters" || asked.x === "hours";
  const curves = names.filter(isCurve);
  const isOfCurves = curves.length > 0 && asked.plotType !== "histogram" && isOverTime;
  if (isOfCurves && curves.length < names.length) {
    const other = names.find((name) => !isCurve(name));
    throw new UsageError(`${other} is one value of a run and ${curves[0]} is a curve; plot them one at a time`);
  }
  return isOfCurves ? ofCurves(runs, names, asked) : ofValues(runs, names, asked);
}

async function ofCurves(runs: PlotReads["runs"], names: readonly string[], asked: AskedOfRuns): Promise<Figure> {
  checkCurveNames(runs, names);
  const x = asked.x === "hours" ? "hours" : "iters";
  const curves = await runs.curves(names, x);
  const figure = metricCurves(curves, {
    ...asked,
    x,
    goal: commonGoal(runs),
    plotType: asked.plotType === "scatter" ? "scatter" : "line",
    groupBy: asked.groupBy ?? (asked.aggregate === "none" ? "run" : "job"),
    breakOn: asked.breakOn ?? (names.length > 1 ? ["col"] : []),
    title: asked.title ?? `${runs.jobs}: ${names.join(", ")}`,
  });
  const reported = new Set(curves.map(({ run }) => run));
  const unfinished = asked.aggregate === "none" ? [] : unfinishedNote(runs, reported);
  return { ...figure, notes: [...figure.notes, ...unfinished, ...silentNote(runs, reported)] };
}

/** How many runs have no curve; imported runs are not counted, since they never have reports. */
export function silentNote({ rows }: Pick<ChosenRuns, "rows">, reported: ReadonlySet<string>): string[] {
  const own = rows.filter(({ trial }) => !isImported(trial));
  const silent = own.filter(({ trial }) => !reported.has(trial.run)).length;
  return silent === 0
    ? []
    : [`${silent} of ${counted(own.length, "run")} ${silent === 1 ? "has" : "have"} reported nothing`];
}

/** How many of the aggregated runs did not complete, since that changes the mean. */
export function unfinishedNote({ rows }: ChosenRuns, reported: ReadonlySet<string>): string[] {
  const statuses = rows.flatMap(({ trial }) => (reported.has(trial.run) ? [runStatus(trial)] : []));
  const counts = statusWords.flatMap((word) => {
    const count = word === "completed" || word === "imported" ? 0 : statuses.filter((each) => each === word).length;
    return count > 0 ? [`${count} ${word}`] : [];
  });
  return counts.length === 0 ? [] : [`among the runs: ${counts.join(", ")}; without them: --status=completed`];
}

function ofValues(all: ChosenRuns, names: readonly string[], asked: AskedOfRuns): Figure {
  const { aggregate, smoothing, shadow, groupBy, x } = asked;
  if (aggregate !== "none" || smoothing > 0 || shadow !== "none") {
    throw new UsageError(
      `${names[0]} is one value of a run: it has no curve to aggregate or smooth\n  a curve: nexus plot ${all.jobs} ${usualMetric(all)}${all.flags}`,
    );
  }
  const runs = completedOnly(all);
  const measures = names.map((name) => measureOf(runs, name));
  const [measure] = measures;
  if (!measure) throw new UsageError("which metric? for example: hpmax");
  // The bare name could be read as the mean or the best of the curve.
  const label = measures.length === 1 && isCurve(names[0] ?? "") ? `${measure.name}: last report` : undefined;
  const title =
    asked.title ?? `${runs.jobs}: ${measures.map((each) => each.name).join(", ")}${x === undefined ? "" : ` by ${x}`}`;
  if (asked.plotType === "histogram") {
    if (groupBy !== undefined && measures.length > 1) {
      throw new UsageError(`--group-by takes one metric at a time here; found ${names.join(", ")}`);
    }
    const groups =
      groupBy === undefined
        ? measures.map((each) => ({ name: each.name, measure: each }))
        : partsOf(runs, groupBy, measure);
    return histogram(groups, { ...asked, xLabel: asked.xLabel ?? label, title });
  }
  if (measures.length > 1) {
    throw new UsageError(
      `one metric at a time here; found ${names.join(", ")}\n  for example: nexus plot ${runs.jobs} ${names[0]}${runs.flags}`,
    );
  }
  refuse(asked, ["groupBy", "breakOn", "layout", "panelTitles", "legendTitles", "colours"], "one value of each run");
  const options = { ...asked, yLabel: asked.yLabel ?? label, title };
  if (x === undefined) return inOrder(measure, options);
  const { id, header } = columnOf(runs, x);
  if (id.startsWith("hparams.")) {
    refuse(asked, ["xScale", "xLimits"], `the axis of the hyperparameter ${header}`);
    return againstDial(measure, dialNamed(dialsOf(runs), header), options);
  }
  refuse(asked, ["errorBars"], `a plot against ${header}, which is no hyperparameter,`);
  return againstMeasure(measure, measureOf(runs, x), options);
}

/** @throws UsageError for the first of the options that was given */
function refuse(asked: AskedOfRuns, names: readonly (keyof typeof runsOptions)[], what: string): void {
  const given = names.find((name) => JSON.stringify(asked[name]) !== JSON.stringify(runsOptions[name].read({})));
  if (given !== undefined) throw new UsageError(`${what} takes no ${runsOptions[given].long}`);
}

function partsOf({ rows }: ChosenRuns, groupBy: Grouping, { values, ...measure }: Measure) {
  const keyed = rows.map(({ table, trial }, i) => {
    const keys: Readonly<Record<Grouping, string>> = {
      run: trial.run,
      node: trial.attempts.at(-1)?.worker ?? "",
      job: table.job,
      experiment: table.submitted.file,
      workspace: "",
    };
    return { key: keys[groupBy], value: values[i] ?? Number.NaN };
  });
  return [...grouped(keyed, ({ key }) => key)].map(([group, own]) => ({
    name: group,
    measure: { ...measure, values: own.map(({ value }) => value) },
  }));
}
