import { counted } from "../../../shared/domain/counted.ts";
import { completedRuns } from "../../../shared/domain/evaluation/completed-runs.ts";
import { labelOf } from "../../../shared/domain/evaluation/history.ts";
import { type MeasuredAgain, measuredAgain } from "../../../shared/domain/evaluation/measured-again.ts";
import type { Interval } from "../../../shared/domain/evaluation/truth.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { told, toldEnds } from "../../../shared/domain/goal.ts";
import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { percent } from "../../../shared/domain/percent.ts";
import { nothingCompleted } from "../../runs/searched.ts";
import { decimalsFor, formatDecimal } from "../../words/number-format.ts";
import { hparamsOf } from "./eval.ts";

/** The runs of a job with hp_tuning: false, which has one configuration. Nothing was selected, so their mean is unbiased. */
export interface RepeatedRuns {
  readonly table: RunTable;
  readonly configuration: Configuration;
  readonly measured: MeasuredAgain;
  /** Runs that ended without a result. */
  readonly failed: number;
  /** Runs that broke the job's requirements, which are in no mean. */
  readonly infeasible: number;
  readonly open: number;
}

/**
 * @param first  only the first n completed runs
 * @throws NotFoundError if none has completed
 */
export function repeatsOf(table: RunTable, first?: number, flags = ""): RepeatedRuns {
  const runs = completedRuns(table);
  const hpmax = [...runs.hpmax.slice(0, first)];
  if (hpmax.length === 0) throw nothingCompleted(table, flags);
  const { outcomes, open, runSets } = table;
  return {
    table,
    configuration: runs.configuration(0),
    measured: measuredAgain(hpmax),
    failed: outcomes.failed + outcomes["timed out"],
    infeasible: runSets.totals.infeasible,
    open,
  };
}

export function repeatsText(repeats: RepeatedRuns): string {
  const { table, configuration, measured, failed, infeasible, open } = repeats;
  const { hyperparameters } = table.submitted;
  const { goal } = table;
  const { interval90, interval95 } = measured;
  const number = numberText(measured);
  const within = (interval: Interval, level: number): string =>
    `${number(toldEnds(goal, interval).low)} to ${number(toldEnds(goal, interval).high)} with ${percent(level / 100)}`;
  const label = labelOf(hyperparameters, configuration);
  const missing = [
    ...(infeasible > 0 ? [`${counted(infeasible, "run is", "runs are")} infeasible and in no mean`] : []),
    ...(failed > 0 ? [`${counted(failed, "run failed and is", "runs failed and are")} in no mean`] : []),
    ...(open > 0 ? [`${counted(open, "run")} still open`] : []),
  ];
  return [
    `${table.job} repeats one configuration (hp_tuning: false)${label === "" ? "" : `: ${label}`}`,
    meanText(repeats),
    ...(interval90 && interval95
      ? [`its true mean is in ${within(interval90, 90)} confidence, in ${within(interval95, 95)} (Student)`]
      : []),
    ...missing,
    "",
  ].join("\n");
}

function numberText({ interval90, mean }: MeasuredAgain): (value: number) => string {
  const decimals = decimalsFor(interval90 ? [interval90.high - interval90.low, mean] : [mean]);
  return (value) => formatDecimal(value, decimals);
}

function meanText({ table: { goal }, measured }: RepeatedRuns): string {
  const { runs, mean, sd } = measured;
  const number = numberText(measured);
  const spread = sd === null ? "; one run shows no spread" : `, standard deviation ${number(sd)}`;
  return `mean ${goal.name} ${number(told(goal, mean))} of ${counted(runs, "run")}${spread}`;
}

/** Numbers unrounded. */
export function repeatsJson(repeats: RepeatedRuns): string {
  const { table, configuration, measured, failed, infeasible, open } = repeats;
  const hparams = hparamsOf(table.submitted.hyperparameters, configuration);
  const { job, goal } = table;
  const { mean, interval90 } = measured;
  const ends = interval90 && toldEnds(goal, interval90);
  const minimized = goal.isLow ? { minimized: { metric: goal.name, mean: told(goal, mean), interval90: ends } } : {};
  const summary = meanText(repeats);
  return jsonLine({
    type: "repeats",
    v: 1,
    job,
    ...measured,
    ...minimized,
    failed,
    infeasible,
    open,
    summary,
    hparams,
  });
}
