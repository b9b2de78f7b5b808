import type { EndedWithout } from "./events.ts";
import type { RunTable } from "./run-table.ts";

/** Keeps what a pruned run would have come to, so that the search learns from it without taking it for a whole run. */
export function keepPrediction(table: RunTable, { n, outcome, predicted }: EndedWithout): void {
  const trial = table.trials.forFold(n);
  if (!trial || !predicted || outcome !== "pruned") return;
  trial.predicted = predicted;
  countPrediction(table, n);
}

/** Counts a kept prediction in its run set. A fold and a restored snapshot call this in the same order, so that sums are equal. */
export function countPrediction(table: RunTable, n: number): void {
  const predicted = table.trials.forFold(n)?.predicted;
  if (!predicted) return;
  table.predictions.push(n);
  table.runSets.predicted(table.trials.runSetOf(n), predicted);
}
