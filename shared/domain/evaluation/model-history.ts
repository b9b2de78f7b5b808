import type { Configuration } from "../hyperparameter.ts";
import { SearchModel } from "../model/search-model.ts";
import { RunSetIndex } from "../run-sets/run-set.ts";
import type { CompletedRuns, SearchedRuns } from "./completed-runs.ts";

/** The model is asked after each of the last 20 runs; before them, less and less often. */
export const exactLead = 20;
/** Going back, the number of runs since a question grows by this factor from one question to the next. */
const growth = 1.2;

/**
 * After how many completed runs in a row, up to the newest, the model would have recommended this configuration.
 *
 * A model after each run would take too long, so it is asked at points of the history that lie ever further apart:
 * after each of the last 20 runs, then at steps of a fifth of the distance. It is taken to have led between two
 * points at which it was the best, and may have led since before the oldest of them. As in the original's history, each
 * point is seen from now: with what has been learned since about noise and distances.
 *
 * @param model  of all these runs; its best is `best`
 * @returns 1 or more, at most the search's own runs
 */
export function ledFor({ runs, imported }: SearchedRuns, model: SearchModel, best: Configuration): number {
  const own = runs.length - imported;
  const set = runs.find(best);
  let led = 1;
  for (const { completed, best: then } of recommendations(runs, model, pointsBefore(own, imported)).toReversed()) {
    if (then !== set) break;
    led = own - (completed - imported) + 1;
  }
  return led;
}

/** The model after the first runs; null if there are none. */
export function modelAfter(runs: CompletedRuns, now: SearchModel, first: number): SearchModel | null {
  if (first === 0) return null;
  const index = new RunSetIndex();
  count(index, runs, 0, first);
  return seenFrom(now, index, first);
}

/** Which set the model would have recommended after each of these numbers of runs. */
function recommendations(
  runs: CompletedRuns,
  now: SearchModel,
  points: readonly number[],
): { readonly completed: number; readonly best: number }[] {
  const index = new RunSetIndex();
  let counted = 0;
  return points.map((completed) => {
    count(index, runs, counted, completed);
    counted = completed;
    return { completed, best: seenFrom(now, index, completed).best.runSet.number };
  });
}

/**
 * Ascending numbers of runs at which the model is asked, without the present one; they count earlier searches' runs.
 */
function pointsBefore(own: number, imported: number): number[] {
  const points: number[] = [];
  for (let ago = 1; ago < own; ago = ago < exactLead ? ago + 1 : Math.ceil(ago * growth))
    points.push(own - ago + imported);
  return points.reverse();
}

const seenFrom = ({ hyperparameters, beliefs }: SearchModel, index: RunSetIndex, results: number): SearchModel =>
  new SearchModel(hyperparameters, index, { beliefs, results });

/** Adds runs to the index; its run sets get the numbers that they have in `runs`. */
function count(index: RunSetIndex, runs: CompletedRuns, from: number, to: number): void {
  for (let i = from; i < to; i += 1) {
    const set = runs.sets[i] ?? -1;
    if (set === index.size) index.configurations.addNew(runs.configuration(set));
    index.ran(set, runs.hpmax[i] ?? Number.NaN, runs.run(i));
  }
}
