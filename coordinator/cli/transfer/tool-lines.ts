import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt } from "../../../shared/domain/fold/trial.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { isLog, isWhole } from "../../../shared/domain/ranges/range.ts";
import type { ChosenRun, RunEvidence } from "../../reading/evidence-reader.ts";

/**
 * What python/src/nexus_swarm/_export.py reads: JSON, except that NaN and infinities are written as Python writes and reads them.
 */

/** Two workspaces of one name, on two machines, have jobs of one name: the time of the order tells them apart. */
const keyOf = ({ job, submitted }: RunTable, workspace: string): string => `${workspace}/${job}@${submitted.at}`;

export const jobLine = (table: RunTable, workspace: string): string =>
  lineOf({
    type: "job",
    key: keyOf(table, workspace),
    workspace,
    job: table.job,
    direction: table.goal.isLow ? "minimize" : "maximize",
    constrained: table.feasibility.isAsked,
    hyperparameters: table.submitted.hyperparameters.map(dialOf),
  });

export function runLine({ table, trial }: ChosenRun, { curve }: RunEvidence, workspace: string): string {
  const { hyperparameters } = table.submitted;
  const settings = usedSettings(hyperparameters, trial.configuration);
  const reports = curve.stages.flatMap(({ iters, hours, metrics }) =>
    iters.map((at, i) => [
      at,
      hours[i] ?? 0,
      Object.fromEntries(metrics.map(({ name, values }) => [name, values[i] ?? null])),
    ]),
  );
  return lineOf({
    type: "run",
    key: `${keyOf(table, workspace)}/${trial.run}`,
    run: trial.run,
    status: trial.status,
    metric: table.goal.name,
    result: trial.hpmax === null ? null : told(table.goal, trial.hpmax),
    iters: trial.iters,
    seed: trial.seed,
    worker: lastAttempt(trial).worker,
    reason: trial.reason,
    started: trial.attempts[0]?.at ?? trial.endedAt,
    ended: trial.endedAt,
    // The run has no setting of an inactive hyperparameter.
    hparams: Object.fromEntries(
      hyperparameters.flatMap(({ name }, i) => (settings[i] === undefined ? [] : [[name, settings[i]] as const])),
    ),
    metrics: Object.fromEntries(table.columns.map((name, i) => [name, trial.metrics[i] ?? null])),
    objective: curve.stages.at(-1)?.metrics[0]?.name ?? "",
    reports,
  });
}

/**
 * As a distribution of optuna. A log range with 0, which optuna cannot express, is one on a plain scale: as a list it would get new
 * values while the job is refined, which optuna refuses in a study.
 */
function dialOf({ name, range, values }: Hyperparameter): object {
  if (!range) return { name, choices: values };
  const hasZero = range.zero === true;
  return {
    name,
    low: hasZero ? 0 : range.from,
    high: range.to,
    log: isLog(range) && !hasZero,
    whole: isWhole(range),
  };
}

function lineOf(value: unknown): string {
  return `${pythonJson(value)}\n`;
}

function pythonJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([name, each]) => `${JSON.stringify(name)}:${pythonJson(each)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
