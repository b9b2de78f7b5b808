import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import type { RunSet, RunSets } from "../../../shared/domain/run-sets/run-set.ts";
import { originallyRanked } from "../../support/stories/original-ranking.ts";

/** The measured configuration that is recommended as the best, and its estimated mean. */
export interface Recommendation {
  readonly configuration: Configuration;
  readonly estimate: number;
}

/**
 * Rules that pick the best measured configuration, by their letters in tables: p, the original's posterior mean less
 * its standard deviation; s, the configuration of the best single run; m, the highest mean.
 */
export const simpleRules = ["p", "s", "m"] as const;
export type SimpleRule = (typeof simpleRules)[number];

/** Null before any run has completed. */
export function recommendedBy(rule: SimpleRule, runSets: RunSets): Recommendation | null {
  switch (rule) {
    case "p": {
      const [first] = originallyRanked(runSets);
      return first ? { configuration: first.runSet.configuration, estimate: first.posterior.mean } : null;
    }
    case "s":
      return highestBy(runSets, ({ bestHpmax }) => bestHpmax);
    case "m":
      return highestBy(runSets, ({ mean }) => mean);
    default: {
      const never: never = rule;
      throw new RangeError(`no rule ${String(never)}; expected p, s or m`);
    }
  }
}

function highestBy(runSets: RunSets, score: (runSet: RunSet) => number): Recommendation | null {
  let best: Recommendation | null = null;
  for (const runSet of runSets) {
    if (runSet.completed === 0) continue;
    const estimate = score(runSet);
    if (best === null || estimate > best.estimate) best = { configuration: runSet.configuration, estimate };
  }
  return best;
}
