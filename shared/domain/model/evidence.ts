import type { RunSet } from "../run-sets/run-set.ts";
import type { Squash } from "./squash.ts";

/** What the runs of one configuration say together. */
export interface SetEvidence {
  /** Completed runs plus weights of predictions; without these, or if infeasible, at most `mostFailures` bad runs. */
  readonly runs: number;
  /** The mean of these runs, squashed; NaN without runs. */
  readonly value: number;
}

/** More failures or infeasible runs of one configuration say nothing new about the surface. */
const mostFailures = 2;

export const hasEvidence = ({ completed, predictedWeight, failed, infeasible }: RunSet): boolean =>
  completed > 0 || predictedWeight > 0 || failed > 0 || infeasible > 0;

/** Whether the run set has completed, feasible runs, which say what hpmax can be reached there. */
export const isMeasured = ({ completed, isFeasible }: RunSet): boolean => completed > 0 && isFeasible;

/**
 * A configuration that has only failed, or whose runs break what the job requires, counts as the worst that was measured, so that
 * the search avoids where runs crash or are infeasible.
 */
export function evidenceOf(set: RunSet, squash: Squash): SetEvidence {
  if (!set.isFeasible) return { runs: Math.min(set.infeasible, mostFailures), value: squash.worst };
  const { completed, mean, predictedWeight, predictedMean, failed } = set;
  const runs = completed + predictedWeight;
  if (runs === 0) return { runs: Math.min(failed, mostFailures), value: failed === 0 ? Number.NaN : squash.worst };
  const own = completed === 0 ? 0 : completed * squash.of(mean);
  const predicted = predictedWeight === 0 ? 0 : predictedWeight * squash.of(predictedMean);
  return { runs, value: (own + predicted) / runs };
}
