import assert from "node:assert/strict";
import { test } from "node:test";
import { type CompletedRun, inColumns } from "../../../../../shared/domain/evaluation/completed-runs.ts";
import { type HistoryRow, searchHistory } from "../../../../../shared/domain/evaluation/history.ts";
import type { Hyperparameter, Setting } from "../../../../../shared/domain/hyperparameter.ts";
import type { RunName } from "../../../../../shared/domain/names.ts";
import { golden } from "../../../../support/golden.ts";
import { ordered } from "../../../../support/stories/search.ts";

interface Case {
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
  readonly history: readonly {
    readonly run_set: number;
    readonly runs: number;
    readonly best_for: number;
    readonly est_hpmax: number;
    readonly best_run: string;
    readonly first_run: number;
  }[];
  readonly run_sets: readonly unknown[];
}

const { cases } = golden<{ cases: readonly Case[] }>("eval-hp-search.json");

for (const each of cases) {
  test(`the history equals that of the original evaluation: ${each.id}`, () => {
    const { expected } = each;
    const hyperparameters = each.hyperparameters.map(({ name, values }) => ordered(name, values));
    const runs = completedRuns(each, hyperparameters);
    const { prior, completed, rows } = searchHistory(
      inColumns(runs),
      hyperparameters,
      each.max_runs > 0 ? { first: each.max_runs } : {},
    );
    if (expected.no_runs) {
      assert.deepEqual([completed, rows], [0, []]);
      return;
    }
    // Ours has minimised metrics negated from the start, so that higher is better everywhere.
    const sign = each.maximize ? 1 : -1;
    assertClose(prior.mean, sign * expected.prior_mean);
    assertClose(prior.variance, expected.prior_var);
    assert.equal(completed, expected.runs_used);
    const firstSeen = [...new Set(runs.slice(0, completed).map(({ configuration }) => configuration.join(".")))];
    assert.deepEqual(
      rows.map((row) => [firstSeen.indexOf(row.key), row.ended, row.bestFor, row.runs, row.bestRun]),
      expected.history.map((row) => [row.run_set, row.first_run, row.best_for, row.runs, row.best_run]),
    );
    rows.forEach((row, i) => {
      // With no variance the original says 0; ours the prior mean, and that nothing is known of the spread.
      const estimate = expected.prior_var === 0 ? expected.prior_mean : (expected.history[i]?.est_hpmax ?? Number.NaN);
      assertClose(row.estHpmax, sign * estimate);
      assert.equal(row.sd === null, expected.prior_var === 0);
      assertBest(row, runs.slice(0, completed));
    });
  });
}

function assertBest(row: HistoryRow, runs: readonly CompletedRun[]): void {
  const own = runs.filter(({ configuration }) => configuration.join(".") === row.key);
  assert.equal(row.bestHpmax, Math.max(...own.map(({ hpmax }) => hpmax)));
  assert.equal(own.find(({ hpmax }) => hpmax === row.bestHpmax)?.run, row.bestRun);
}

function completedRuns(each: Case, hyperparameters: readonly Hyperparameter[]): CompletedRun[] {
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

/** Those that the original used: in order of ending; the first of a name; with hpmax; with a listed value for each. */
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

function assertClose(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-11 * Math.max(1e-3, Math.abs(expected)),
    `${actual}, expected ${expected}`,
  );
}
