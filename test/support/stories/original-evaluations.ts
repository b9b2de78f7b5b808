import assert from "node:assert/strict";
import type { Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import type { RunName } from "../../../shared/domain/names.ts";
import { golden } from "../golden.ts";
import type { CompletedRun } from "./completed-runs.ts";

/** A search, and the original system's evaluation of it. */
export interface OriginalEvaluation {
  readonly id: string;
  readonly hyperparameters: readonly { readonly name: string; readonly values: readonly Setting[] }[];
  readonly maximize: boolean;
  readonly max_runs: number;
  readonly runs?: readonly (readonly Setting[])[];
  /** The same with 0-based positions instead of values. */
  readonly index_runs?: readonly (readonly number[])[];
  readonly raw_runs?: readonly RawRun[];
  readonly expected: Expected;
}

interface RawRun {
  readonly run_name: string;
  readonly end_id: number;
  readonly hparams: Readonly<Record<string, Setting | readonly Setting[]>>;
  readonly metrics: Readonly<Record<string, number>>;
}

interface Expected {
  readonly no_runs?: true;
  readonly prior_mean: number;
  readonly prior_var: number;
  readonly runs_used: number;
  readonly run_sets: readonly (ExpectedSet | readonly [runs: number, post_mean: number, post_st_dev: number])[];
  readonly rank: readonly number[];
  readonly history: readonly {
    readonly run_set: number;
    readonly runs: number;
    readonly best_for: number;
    readonly est_hpmax: number;
    readonly best_run: string;
    readonly first_run: number;
  }[];
}

interface ExpectedSet {
  readonly values: readonly Setting[];
  readonly runs: number;
  readonly sample_mean: number;
  readonly sample_var: number;
  readonly post_mean: number;
  readonly post_st_dev: number;
}

export const originalEvaluations = golden<{ cases: readonly OriginalEvaluation[] }>("eval-hp-search.json").cases;

/** The completed runs of the case, with minimised metrics negated as in all our code. */
export function completedRuns(each: OriginalEvaluation, hyperparameters: readonly Hyperparameter[]): CompletedRun[] {
  const sign = each.maximize ? 1 : -1;
  if (each.raw_runs) return usedRuns(each.raw_runs, hyperparameters);
  const rows = each.index_runs ?? (each.runs ?? []).map((row) => [...positions(row, hyperparameters), row.at(-1)]);
  return rows.map((row, i) => ({
    run: `run${i + 1}` as RunName,
    configuration: row.slice(0, -1) as number[],
    hpmax: sign * Number(row.at(-1)),
  }));
}

const positions = (row: readonly Setting[], hyperparameters: readonly Hyperparameter[]): number[] =>
  hyperparameters.map(({ values }, i) => values.indexOf(row[i] ?? null));

/**
 * The runs that the original used, in order of ending: the first of each name, with an hpmax and only listed values.
 */
function usedRuns(raw: readonly RawRun[], hyperparameters: readonly Hyperparameter[]): CompletedRun[] {
  const names = new Set<string>();
  const used: CompletedRun[] = [];
  for (const { run_name, hparams, metrics } of raw.toSorted((a, b) => a.end_id - b.end_id)) {
    const { hpmax } = metrics;
    const configuration = hyperparameters.map(({ name, values }) =>
      values.indexOf([hparams[name] ?? null].flat()[0] ?? null),
    );
    if (names.has(run_name) || hpmax === undefined || configuration.includes(-1)) continue;
    names.add(run_name);
    used.push({ run: run_name as RunName, configuration, hpmax });
  }
  return used;
}

export function assertClose(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-11 * Math.max(1e-3, Math.abs(expected)),
    `${actual}, expected ${expected}`,
  );
}
