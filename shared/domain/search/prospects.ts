import type { Configuration } from "../hyperparameter.ts";
import type { Expected, SearchModel } from "../model/search-model.ts";
import { rngFrom } from "../rng.ts";
import { candidatesOf } from "./candidates.ts";
import { likelyBest, normals } from "./draws.ts";
import type { SearchView } from "./search.ts";

/** Joint draws that chances are counted from: the standard error is at most 2.5 percentage points. */
const draws = 400;

/** A configuration that may be the best, as the model sees it now. */
export interface Prospect {
  readonly configuration: Configuration;
  /** The probability that it is the best of all, 0 to 1, which is how often a plan tries it. */
  readonly chance: number;
  /** What the model expects of a new run there. */
  readonly expected: Expected;
}

/** What the next plan would try, likeliest first. The same results always give the same answer. */
export function prospectsOf(view: SearchView, model: SearchModel): readonly Prospect[] {
  const rng = rngFrom(`prospects/${view.runSets.totals.ended}`);
  const candidates = candidatesOf(view, model, rng, false);
  if (candidates.length === 0) return [];
  const joint = model.process.jointly(candidates.map((each) => model.places.of(each)));
  const counts = new Map<number, number>();
  for (const pick of likelyBest(joint, draws, normals(rng))) counts.set(pick, (counts.get(pick) ?? 0) + 1);
  return [...counts]
    .sort(([a, times], [b, others]) => others - times || a - b)
    .map(([pick, times]) => {
      const configuration = candidates[pick] ?? [];
      return { configuration, chance: times / draws, expected: model.expected(configuration) };
    });
}

/** The unmeasured prospect of which the model expects most, if more than of its best; null if there is none. */
export function promiseOf(view: SearchView, model: SearchModel): Prospect | null {
  const { best } = model;
  const unmeasured = prospectsOf(view, model).filter(
    ({ configuration, expected }) =>
      (view.runSets.of(configuration)?.completed ?? 0) === 0 && expected.hpmax > best.hpmax,
  );
  return unmeasured.toSorted((a, b) => b.expected.hpmax - a.expected.hpmax)[0] ?? null;
}
