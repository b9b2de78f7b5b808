import {
  addToSummary,
  emptySummary,
  hpmaxOf,
  type Metric,
  type MetricReport,
  type Summary,
} from "../../shared/domain/run.ts";
import type { ExpandedStage } from "../../shared/domain/runspec/expand.ts";
import { mostMetrics } from "../../shared/wire/limits.ts";
import { stageFactory } from "../stages/registry.ts";
import { type StageContext, StageFailure, type StageProcessor, type Witness } from "../stages/stage.ts";
import * as lines from "./console-lines.ts";
import type { SavedRun } from "./run-state.ts";

export interface RunPorts
  extends Pick<
    StageContext,
    "directory" | "stateDirectory" | "codeFolder" | "inputsFolder" | "environmentFolder" | "signal"
  > {
  line(text: string): void;
  /** @param names  names of the values with the prefix of the stage: s1-rew, s1-win */
  report(report: MetricReport, names: readonly string[]): void;
  /** As in `StageContext`; left out: the run leaves only by `signal`. */
  readonly leaving?: AbortSignal;
  readonly savingSeconds?: number;
  /** The state to continue from; left out for a fresh start. */
  readonly resume?: SavedRun;
  /** Whether a checkpoint is due. Called often. */
  checkpointDue(): boolean;
  /** Takes the current state of the run; resolves when its files are held too. */
  keep(run: SavedRun): Promise<void>;
  readonly witness?: Witness;
  /** Whether the run belongs to a job. Affects only a word on the console. */
  readonly inSearch: boolean;
}

export interface RunResult {
  readonly hpmax: number;
  /** Iterations of the last stage. */
  readonly iters: number;
  /** Last measured values by column: s1-hrs, s1-rew, ...; NaN where nothing was measured. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What people call them: s1-rew is "reward per step". Only for stages that ran in this attempt. */
  readonly titles: Readonly<Record<string, string>>;
}

const millisecondsPerHour = 3_600_000;
/** Its specs list the metrics. */
const program = "processors/Command_Proc";

/** The run was stopped from outside, and has no result. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/**
 * Executes the stages of a runspec in order, and prints what the original program prints.
 *
 * @throws Stopped if the signal aborts; the stage's own error if the training fails
 */
export async function executeRun(stages: readonly ExpandedStage[], ports: RunPorts): Promise<RunResult> {
  const startedAt = performance.now() - (ports.resume?.hours ?? 0) * millisecondsPerHour;
  const { resume } = ports;
  const metrics: Record<string, number> = { ...resume?.metrics };
  const titles: Record<string, string> = {};
  let last: { metric: Metric; summary: Summary; iters: number } | undefined;
  refuseTooMany(stages);
  const decisive = stages.findLast(({ enabled }) => enabled);
  for (const stage of stages) {
    const name = lines.shortName(stage.component);
    ports.line(lines.stageTitle(stage.number, stages.length));
    if (!stage.enabled) {
      ports.line(`${name}:  (not enabled)`);
      ports.line("");
      continue;
    }
    if (resume && stage.number < resume.stage) {
      ports.line(`${name}:  (done by an earlier attempt)`);
      ports.line("");
      continue;
    }
    ports.line(resume?.stage === stage.number ? `${name}:  Goes on after ${resume.iters} iters` : `${name}:  Started`);
    const executed = await executeStage(stage, ports, startedAt, metrics, stage === decisive);
    for (const { short, long } of executed.all) if (long !== "") titles[`s${stage.number}-${short}`] = long;
    ports.line(lines.summaryLine(executed.metric, executed.summary.value));
    ports.line(`${name}:  Completed`);
    ports.line("");
    last = executed;
  }
  if (!last) throw new Error("no processing stage is enabled, so there is nothing to run");
  const hpmax = hpmaxOf(last.metric, last.summary);
  ports.line(lines.hpmaxLine(hpmax, last.metric, ports.inSearch));
  ports.line("");
  ports.line(lines.closingLine);
  return { hpmax, iters: last.iters, metrics, titles };
}

/** Metrics that specs list are counted before anything is trained; those of other processors when their stages begin. */
function refuseTooMany(stages: readonly ExpandedStage[]): void {
  let columns = 0;
  for (const stage of stages) {
    const metrics = stage.spec["metrics"];
    if (stage.enabled && stage.component === program && Array.isArray(metrics)) columns += 1 + metrics.length;
    refuseMetrics(columns, stage);
  }
}

/** The worker would refuse the result. */
function refuseMetrics(columns: number, { number, component }: ExpandedStage): void {
  if (columns <= mostMetrics) return;
  throw new StageFailure(
    `a run has at most ${mostMetrics} metrics, the hours of each stage among them, and with those of stage ${number} ` +
      `(${component}) it would have ${columns}`,
  );
}

async function executeStage(
  stage: ExpandedStage,
  ports: RunPorts,
  startedAt: number,
  metrics: Record<string, number>,
  isDecisive: boolean,
): Promise<{ metric: Metric; all: readonly Metric[]; summary: Summary; iters: number }> {
  const prefix = `s${stage.number}-`;
  const resume = ports.resume?.stage === stage.number ? ports.resume : undefined;
  const summary = resume ? { ...resume.summary } : emptySummary();
  let iters = resume?.iters ?? 0;
  let processor: StageProcessor | undefined;
  const context: StageContext = {
    spec: stage.spec,
    directory: ports.directory,
    stateDirectory: ports.stateDirectory,
    codeFolder: ports.codeFolder,
    inputsFolder: ports.inputsFolder,
    environmentFolder: ports.environmentFolder ?? null,
    signal: ports.signal,
    report: (at, values, counts, note = "") => {
      if (!processor) throw new Error(`${stage.component} reported before it was made`);
      const [first] = processor.metrics;
      if (!first) throw new Error(`${stage.component} lists no metric, so a run of it has no result`);
      iters = at;
      const hours = (performance.now() - startedAt) / millisecondsPerHour;
      const report = { stage: stage.number, iters: at, hours, values: [...values], counts: [...counts] };
      addToSummary(summary, first, values[0] ?? Number.NaN, counts[0] ?? 0);
      metrics[`${prefix}hrs`] = hours;
      processor.metrics.forEach((metric, i) => {
        const column = prefix + metric.short;
        // A report may have measured some of the metrics only.
        if ((counts[i] ?? 0) > 0 || !Object.hasOwn(metrics, column)) metrics[column] = values[i] ?? Number.NaN;
      });
      ports.line(lines.reportLine(report, processor.metrics, note));
      ports.report(
        report,
        processor.metrics.map(({ short }) => prefix + short),
      );
    },
    needsFirst: isDecisive && summary.count === 0,
    ...(resume ? { resume: resume.state } : {}),
    ...(ports.witness ? { witness: ports.witness } : {}),
    leaving: ports.leaving ?? new AbortController().signal,
    savingSeconds: ports.savingSeconds ?? 0,
    checkpointDue: ports.checkpointDue,
    checkpoint: (at, state) => {
      const hours = (performance.now() - startedAt) / millisecondsPerHour;
      const saved = { stage: stage.number, iters: at, hours, summary: { ...summary }, metrics: { ...metrics }, state };
      return ports.keep(saved);
    },
    log: ports.line,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  };
  const make = await stageFactory(stage.component, ports.codeFolder);
  processor = await make(context);
  const [metric] = processor.metrics;
  if (!metric) throw new Error(`${stage.component} lists no metric, so a run of it has no result`);
  const own = ["hrs", ...processor.metrics.map(({ short }) => short)].map((short) => prefix + short);
  refuseMetrics(new Set([...Object.keys(metrics), ...own]).size, stage);
  await processor.run();
  if (ports.signal.aborted) throw new Stopped();
  return { metric, all: processor.metrics, summary, iters };
}
