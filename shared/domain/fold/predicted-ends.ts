import type { EndedWithout } from "./events.ts";
import type { RunTable } from "./run-table.ts";

/** Keeps the predicted result of a pruned run, so that the search learns from it without taking it for a whole run. */
export function keepPrediction(table: RunTable, { n, outcome, predicted }: EndedWithout): void {
  const trial = table.trials.forFold(n);
  if (!trial || !predicted || outcome !== "pruned") return;
  trial.predicted = predicted;
  countPrediction(table, n);
}

/** Counts a kept prediction in its run set. Fold and restored snapshot do so in the same order, so their sums agree. */
export function countPrediction(table: RunTable, n: number): void {
  const predicted = table.trials.forFold(n)?.predicted;
  if (!predicted) return;
  table.predictions.push(n);
  table.runSets.predicted(table.trials.runSetOf(n), predicted);
}
