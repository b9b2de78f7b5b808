import { type Evaluated, evaluate } from "../../shared/domain/evaluation/evaluated.ts";
import { intervalLevel } from "../../shared/domain/evaluation/truth.ts";
import {
  type Configuration,
  type Hyperparameter,
  type Setting,
  settingsOf,
} from "../../shared/domain/hyperparameter.ts";
import type { RunTable } from "../../shared/domain/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/workspace-state.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import { historyTable } from "./history-table.ts";
import { namedJob } from "./named-job.ts";
import type { Output } from "./output.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "./scope.ts";
import { verdictLines } from "./verdict-text.ts";

/** `nexus eval`. */
export interface EvalOptions {
  /** Judge the search as it stood after so many completed runs; the prior still comes from all. */
  readonly first?: number | undefined;
  readonly json?: boolean | undefined;
}

/** `nexus eval job411`: the history of the best configuration, and what may be concluded. */
export async function evaluateJob(
  globals: GlobalOptions,
  typed: string,
  options: EvalOptions,
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  printEvaluation(await readWorkspace(scope), scope.paths.name, typed, options, output);
}

/** What `eval` prints, from the folded journal. */
export function printEvaluation(
  state: WorkspaceState,
  workspace: string,
  typed: string,
  options: EvalOptions,
  output: Output,
): void {
  const evaluation = evaluated(namedJob(typed, state, workspace), options);
  const { table, history, verdict } = evaluation;
  const { hyperparameters } = table.submitted;
  if (options.json) {
    output.result(evaluationJson(evaluation));
    return;
  }
  const lines = [...historyTable(history, hyperparameters), "", ...verdictLines(verdict, hyperparameters)];
  output.result(`${lines.join("\n")}\n`);
  if (verdict.configurations > 1) {
    output.note(`to measure the best anew, free of selection bias: nexus confirm ${table.job}\n`);
  }
}

/**
 * Evaluates a search.
 *
 * @throws UsageError where there is nothing to compare, NotFoundError where no run has completed
 */
export function evaluated(table: RunTable, { first }: EvalOptions = {}): Evaluated {
  checkIsSearch(table);
  const found = evaluate(table, first);
  if (!found) throw nothingCompleted(table);
  return found;
}

/** @throws UsageError where all runs are of one configuration */
export function checkIsSearch(table: RunTable): void {
  const { job, submitted } = table;
  const { hyperparameters, settings } = submitted;
  if (settings.hpTuning === false) {
    const { confirms } = settings;
    const next =
      confirms === null
        ? `its runs: nexus list runs ${job}`
        : `it confirms ${confirms}; what came of that: nexus confirm ${confirms} --show`;
    throw new UsageError(`${job} repeats one configuration (hp_tuning: false): it is no search to evaluate\n  ${next}`);
  }
  if (hyperparameters.some(({ values }) => values.length > 1)) return;
  const why = hyperparameters.length === 0 ? "has no hyperparameters" : "has one value only for each hyperparameter";
  throw new UsageError(
    `${job} ${why}, so there is one configuration only, and nothing to compare\n  its runs: nexus list runs ${job}`,
  );
}

export function nothingCompleted(table: RunTable): NotFoundError {
  const { outcomes, running, waiting } = table;
  const counts: [number, string][] = [
    [running, "running"],
    [waiting.size, "queued"],
    [outcomes.failed, "failed"],
    [outcomes["timed out"], "timed out"],
    [outcomes.pruned, "pruned"],
    [outcomes.cancelled, "cancelled"],
  ];
  const found = counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []));
  const so = found.length === 0 ? "none has started" : found.join(", ");
  return new NotFoundError(
    `${table.job} has no completed run yet (${so})\n  to see its runs: nexus list runs ${table.job}`,
  );
}

/** `{"type":"best",...}` for each row of the history, then `{"type":"verdict",...}`; numbers unrounded. */
function evaluationJson({ table, history, verdict }: Evaluated): string {
  const { hyperparameters } = table.submitted;
  const hparams = (configuration: Configuration): Record<string, Setting> => hparamsOf(hyperparameters, configuration);
  const rows = history.rows.map(({ configuration, label: _, ...row }) => ({
    type: "best",
    v: 1,
    job: table.job,
    ...row,
    hparams: hparams(configuration),
  }));
  const { estimates: _1, intervals: _2, leader, rival, interval, ...rest } = verdict;
  const object = {
    type: "verdict",
    v: 1,
    job: table.job,
    ...rest,
    interval: { ...interval, level: intervalLevel },
    summary: verdictLines(verdict, hyperparameters)[0],
    hparams: hparams(leader),
    rival: rival && { ...rival, configuration: undefined, hparams: hparams(rival.configuration) },
  };
  return [...rows, object].map((each) => `${JSON.stringify(each)}\n`).join("");
}

export function hparamsOf(
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): Record<string, Setting> {
  const settings = settingsOf(hyperparameters, configuration);
  return Object.fromEntries(hyperparameters.map(({ name }, i) => [name, settings[i] ?? null]));
}
