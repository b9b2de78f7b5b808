import assert from "node:assert/strict";
import { test } from "node:test";
import { type HistoryRow, searchHistory } from "../../../../../shared/domain/evaluation/history.ts";
import { type CompletedRun, inColumns } from "../../../../support/stories/completed-runs.ts";
import { assertClose, completedRuns, originalEvaluations } from "../../../../support/stories/original-evaluations.ts";
import { ordered } from "../../../../support/stories/search.ts";

for (const each of originalEvaluations) {
  test(`the history of a search equals that of the original evaluation: ${each.id}`, () => {
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
      // Without variance the original says 0; ours says the prior mean, and that the spread is unknown.
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
