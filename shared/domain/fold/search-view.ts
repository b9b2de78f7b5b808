import { isAllowed } from "../conditions/constraints.ts";
import { isTried, whyNoRepeats } from "../search/no-repeats.ts";
import type { SearchView } from "../search/search.ts";
import type { RunTable } from "./run-table.ts";

/** Why no configuration of the job runs twice; null if configurations may repeat. */
export function whyOnce({ submitted: { settings }, runSets }: RunTable): string | null {
  return settings.hpTuning === false ? null : whyNoRepeats(settings.repeat, runSets);
}

/** What a job's search sees. It excludes what failed too often, what `where` forbids, and what must not run twice. */
export function searchView(table: RunTable): SearchView {
  const { submitted, runSets, model } = table;
  const { hyperparameters, settings } = submitted;
  const { where } = settings;
  const runsOnce = whyOnce(table) !== null;
  return {
    hyperparameters,
    runSets,
    where,
    seed: submitted.seed,
    model,
    goal: table.goal,
    isExcluded: (configuration) =>
      (runsOnce && isTried(runSets.of(configuration))) ||
      runSets.isExcluded(configuration) ||
      !isAllowed(hyperparameters, where, configuration),
  };
}
