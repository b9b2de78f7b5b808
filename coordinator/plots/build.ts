import { counted } from "../../shared/domain/counted.ts";
import { completedRuns } from "../../shared/domain/evaluation/completed-runs.ts";
import { searchHistory } from "../../shared/domain/evaluation/history.ts";
import { isImported } from "../../shared/domain/fold/imported.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { importanceOf } from "../../shared/domain/importance/importance.ts";
import { nearestName } from "../../shared/domain/runspec/nearest-name.ts";
import { exitCode, NexusError, UsageError } from "../../shared/errors.ts";
import type { Bus } from "../../shared/ports.ts";
import { readEvidence } from "../reading/evidence-reader.ts";
import { readEvents } from "../reading/journal-events.ts";
import { namedJob } from "../runs/named-job.ts";
import { selectRuns } from "../runs/run-list.ts";
import { checkIsSearch, nothingCompleted } from "../runs/searched.ts";
import { runStatus, statusWords } from "../words/status-words.ts";
import { againstDial, againstMeasure, inOrder } from "./against.ts";
import {
  type ChosenRuns,
  chooseRuns,
  columnOf,
  completedOnly,
  dialNamed,
  dialsOf,
  hyperparametersOf,
  measureOf,
} from "./chosen-runs.ts";
import { checkCurveNames, curveNames, curvesOfRuns, isCurve } from "./curves-of-runs.ts";
import type { Figure } from "./figure.ts";
import { heatMap } from "./heat-map.ts";
import { histogram } from "./histogram.ts";
import { importanceBars } from "./importance-bars.ts";
import { metricCurves } from "./metric-curves.ts";
import { parallelCoordinates } from "./parallel.ts";
import { kinds, type PlotRequest } from "./request.ts";
import { searchSummary } from "./search-summary.ts";
import { isOfTimeline, staysOf } from "./stays.ts";
import { workerTimeline } from "./timeline.ts";

/** What a plot is made from. */
export interface PlotSource {
  readonly state: WorkspaceState;
  readonly workspace: string;
  /** For what the journal does not have: reports. */
  readonly bus: Bus;
}

/** @throws UsageError, NotFoundError where something is asked for that there is not */
export async function buildFigure(request: PlotRequest, source: PlotSource): Promise<Figure> {
  const { kind } = request;
  switch (kind) {
    case "runs":
      return ofRuns(request, source).catch((error) => {
        throw mayBeKind(error, request);
      });
    case "summary":
      return summary(request, source);
    case "timeline":
      return timeline(request, source);
    case "importance":
      return importance(request, source);
    case "parallel": {
      const runs = completedOnly(chooseRuns(request, source.state, source.workspace));
      const measure = measureOf(runs, oneName(request, "hpmax"));
      const dials = dialsOf(runs);
      if (dials.every(({ settings }) => settings.length < 2)) throw nothingVaries(runs);
      return noting(runs, parallelCoordinates(dials, measure, request.title ?? `${what(runs)}: ${measure.name}`));
    }
    case "heatmap":
      return heat(request, source);
    default: {
      const never: never = kind;
      return never;
    }
  }
}

/** `nexus plot sumary job1`: what looks like a metric that there is not may be a kind of plot. */
function mayBeKind(error: unknown, { names, runs }: PlotRequest): unknown {
  const [first = ""] = names;
  const kind = nearestName(first, kinds);
  if (!(error instanceof UsageError) || kind === undefined) return error;
  return new UsageError(`${error.message}\n  or did you mean: nexus plot ${kind} ${runs.join(" ")}`, { cause: error });
}

async function ofRuns(request: PlotRequest, source: PlotSource): Promise<Figure> {
  const runs = chooseRuns(request, source.state, source.workspace);
  const names = request.names.length > 0 ? request.names : [usualMetric(runs)];
  const overTime = request.x === undefined || request.x === "iters" || request.x === "hours";
  const curves = names.filter(isCurve);
  if (curves.length === 0 || request.plotType === "histogram" || !overTime) return ofValues(request, runs, names);
  if (curves.length < names.length) {
    const other = names.find((name) => !isCurve(name));
    throw new UsageError(`${other} is one value of a run and ${curves[0]} is a curve; plot them one at a time`);
  }
  checkCurveNames(runs, names);
  const x = request.x === "hours" ? "hours" : "iters";
  const read = curvesOfRuns(runs, await readEvidence(source.bus, runs.rows), names, { x, workspace: source.workspace });
  const figure = metricCurves(read, {
    ...request,
    x,
    plotType: request.plotType === "scatter" ? "scatter" : "line",
    groupBy: request.groupBy ?? (request.aggregate === "none" ? "run" : "job"),
    breakOn: request.breakOn ?? (names.length > 1 ? ["col"] : []),
    title: request.title ?? `${what(runs)}: ${names.join(", ")}`,
  });
  const reported = new Set(read.map(({ run }) => run));
  return noting(runs, figure, [
    ...(request.aggregate === "none" ? [] : unfinishedNote(runs, reported)),
    ...silentNote(runs, reported),
  ]);
}

/** Runs of the job itself that no curve is of; what was imported has no reports to give. */
export function silentNote({ rows }: Pick<ChosenRuns, "rows">, reported: ReadonlySet<string>): string[] {
  const own = rows.filter(({ trial }) => !isImported(trial));
  const silent = own.filter(({ trial }) => !reported.has(trial.run)).length;
  return silent === 0
    ? []
    : [`${silent} of ${counted(own.length, "run")} ${silent === 1 ? "has" : "have"} reported nothing`];
}

/** A mean over runs that broke off is another one than over those that completed. */
export function unfinishedNote({ rows }: ChosenRuns, reported: ReadonlySet<string>): string[] {
  const statuses = rows.flatMap(({ trial }) => (reported.has(trial.run) ? [runStatus(trial)] : []));
  const counts = statusWords.flatMap((word) => {
    const count = word === "completed" || word === "imported" ? 0 : statuses.filter((each) => each === word).length;
    return count > 0 ? [`${count} ${word}`] : [];
  });
  return counts.length === 0 ? [] : [`among the runs: ${counts.join(", ")}; without them: --status=completed`];
}

/** Plots of what a run has once: its hpmax, or the last value of a metric. */
function ofValues(request: PlotRequest, all: ChosenRuns, names: readonly string[]): Figure {
  const { aggregate, smoothing, shadow } = request;
  if (aggregate !== "none" || smoothing > 0 || shadow !== "none") {
    throw new UsageError(
      `${names[0]} is one value of a run: it has no curve to be put together or smoothed\n  a curve: nexus plot ${what(all)} ${usualMetric(all)}`,
    );
  }
  const runs = completedOnly(all);
  const measures = names.map((name) => measureOf(runs, name));
  const [measure] = measures;
  if (!measure) throw new UsageError("which metric? for example: hpmax");
  // The name alone would be taken for the curve's mean, or for its best.
  const label = measures.length === 1 && isCurve(names[0] ?? "") ? `${measure.name}: last report` : undefined;
  const labels =
    request.plotType === "histogram" ? { xLabel: request.xLabel ?? label } : { yLabel: request.yLabel ?? label };
  const title =
    request.title ?? `${what(runs)}: ${names.join(", ")}${request.x === undefined ? "" : ` by ${request.x}`}`;
  if (request.plotType === "histogram") {
    if (request.groupBy !== undefined && measures.length > 1) {
      throw new UsageError(`--group-by takes one metric at a time here; found ${names.join(", ")}`);
    }
    const groups =
      request.groupBy === undefined
        ? measures.map((each) => ({ name: each.name, measure: each }))
        : grouped(runs, request, measure);
    return noting(runs, histogram(groups, { ...request, ...labels, title }));
  }
  if (measures.length > 1) {
    throw new UsageError(
      `one metric at a time here; found ${names.join(", ")}\n  for example: nexus plot ${what(runs)} ${names[0]}`,
    );
  }
  if (request.x === undefined) return noting(runs, inOrder(measure, { ...request, ...labels, title }));
  const isDial = columnOf(runs, request.x).id.startsWith("hparams.");
  const figure = isDial
    ? againstDial(measure, dialNamed(dialsOf(runs), columnOf(runs, request.x).header), { ...request, ...labels, title })
    : againstMeasure(measure, measureOf(runs, request.x), { ...request, ...labels, title });
  return noting(runs, figure);
}

function grouped(runs: ChosenRuns, { groupBy }: PlotRequest, measure: { name: string; values: readonly number[] }) {
  const groups = new Map<string, number[]>();
  runs.rows.forEach(({ table, trial }, i) => {
    const keys = {
      run: trial.run,
      node: trial.attempts.at(-1)?.worker ?? "",
      job: table.job,
      experiment: table.submitted.file,
      workspace: "",
    };
    const key = keys[groupBy ?? "job"];
    const there = groups.get(key);
    if (there) there.push(measure.values[i] ?? Number.NaN);
    else groups.set(key, [measure.values[i] ?? Number.NaN]);
  });
  return [...groups].map(([name, values]) => ({ name, measure: { name: measure.name, values } }));
}

function summary(request: PlotRequest, { state, workspace }: PlotSource): Figure {
  const table = namedJob(oneJob(request), state, workspace);
  checkIsSearch(table);
  const runs = completedRuns(table);
  if (runs.length === 0) throw nothingCompleted(table);
  const history = searchHistory(runs, table.submitted.hyperparameters);
  const title = request.title ?? `${table.job}: best configuration so far`;
  return searchSummary(history, runs.hpmax, { ...request, title });
}

function importance(request: PlotRequest, { state, workspace }: PlotSource): Figure {
  const runs = completedOnly(chooseRuns(request, state, workspace));
  const measure = measureOf(runs, oneName(request, "hpmax"));
  const found = importanceOf(
    hyperparametersOf(runs),
    runs.rows.map(({ trial }, i) => ({
      configuration: trial.configuration,
      hpmax: measure.values[i] ?? Number.NaN,
    })),
  );
  if ("reason" in found) {
    throw new NexusError(
      "TOO_LITTLE",
      exitCode.failure,
      `the importance of ${what(runs)}'s hyperparameters cannot be told: ${found.reason}`,
    );
  }
  return importanceBars(found, measure.name, request.title ?? `${what(runs)}: importance of hyperparameters`);
}

function heat(request: PlotRequest, { state, workspace }: PlotSource): Figure {
  const runs = completedOnly(chooseRuns(request, state, workspace));
  const dials = dialsOf(runs);
  const [across, up, metric = "hpmax", ...more] = request.names;
  if (across === undefined || up === undefined || more.length > 0) {
    const names = dials.filter(({ settings }) => settings.length > 1).map(({ name }) => name);
    throw new UsageError(
      `a heat map is of two hyperparameters and a metric (hpmax when left out); found ${request.names.join(", ") || "none"}\n` +
        `  for example: nexus plot heatmap ${what(runs)} ${names.slice(0, 2).join(" ")}`,
    );
  }
  const [first, second] = [dialNamed(dials, across), dialNamed(dials, up)];
  if (first === second) throw new UsageError(`a heat map is of two hyperparameters; found ${first.name} twice`);
  const measure = measureOf(runs, metric);
  const title = request.title ?? `${what(runs)}: ${request.heatAggregate} ${measure.name}`;
  return noting(runs, heatMap(first, second, measure, { aggregate: request.heatAggregate, title }));
}

async function timeline(request: PlotRequest, { state, workspace, bus }: PlotSource): Promise<Figure> {
  if (request.names.length > 0) throw tooMany(request, request.names);
  const { tables } = selectRuns(request.runs, state, workspace);
  const jobs = new Set<string>(tables.map(({ job }) => job));
  const entries = await readEvents(bus, (event) => isOfTimeline(event) && "job" in event && jobs.has(event.job));
  const stays = staysOf(entries.map(({ event }) => event));
  if (stays.length === 0) throw new UsageError(`${[...jobs].join(", ")}: no worker has had a run yet`);
  return workerTimeline(stays, { ...request, title: request.title ?? `${[...jobs].join(", ")}: workers` });
}

function oneJob(request: PlotRequest): string {
  const [job = "", ...more] = [...request.runs, ...request.names];
  if (more.length > 0) throw tooMany(request, more);
  return job;
}

function oneName(request: PlotRequest, usual: string): string {
  const [name = usual, ...more] = request.names;
  if (more.length > 0) throw tooMany(request, more);
  return name;
}

const tooMany = ({ kind }: PlotRequest, more: readonly string[]): UsageError =>
  new UsageError(`nexus plot ${kind}: ${more.join(", ")} ${more.length === 1 ? "is" : "are"} one word too many`);

const nothingVaries = (runs: ChosenRuns): UsageError =>
  new UsageError(`${what(runs)} has no hyperparameter with more than one setting, so there is nothing to compare`);

/** The first metric of the last stage, which the search maximises; hpmax itself while no metric has a name. */
const usualMetric = (runs: ChosenRuns): string => {
  const names = curveNames(runs).filter((name) => !/^s\d+-hrs$/.test(name));
  const last = names.at(-1)?.split("-")[0];
  return names.find((name) => name.startsWith(`${last}-`)) ?? "hpmax";
};

const what = ({ tables }: ChosenRuns): string => tables.map(({ job }) => job).join(", ");

function noting(runs: ChosenRuns, figure: Figure, more: readonly string[] = []): Figure {
  const hidden = runs.hidden > 0 ? [`${counted(runs.hidden, "more run")} left out by --max-runs`] : [];
  return { ...figure, notes: [...figure.notes, ...more, ...hidden] };
}
