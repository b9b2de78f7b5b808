import { lowerBound, type Posterior, type Prior, posteriorOf } from "../../../shared/domain/run-sets/posterior.ts";
import type { RunSet, RunSets } from "../../../shared/domain/run-sets/run-set.ts";

/** A run set with its estimate by the original's formula. */
export interface OriginallyRanked {
  readonly runSet: RunSet;
  readonly posterior: Posterior;
}

/** The run sets with a completed run as the original ranks them: by posterior mean less its standard deviation, then the older. */
export function originallyRanked(runSets: RunSets, prior: Prior = runSets.prior): OriginallyRanked[] {
  return [...runSets]
    .filter(({ completed }) => completed > 0)
    .map((runSet) => ({ runSet, posterior: posteriorOf(runSet, prior) }))
    .sort(
      (a, b) =>
        lowerBound(b.posterior) - lowerBound(a.posterior) || (a.runSet.firstSeen ?? 0) - (b.runSet.firstSeen ?? 0),
    );
}
