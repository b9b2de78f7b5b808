import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import type { SearchModel } from "../model/search-model.ts";

/** What the search's model expects of configurations, in hpmax. */
export interface ModelBeliefs {
  of(configuration: Configuration): { readonly mean: number; readonly sd: number };
  /** The mean alone, at a tenth of the cost of `of`. */
  meanOf(configuration: Configuration): number;
  /** Expected hpmax of the best configuration. */
  readonly best: number;
  /** Standard deviation of single runs of one configuration. */
  readonly noise: number;
}

function beliefsOf(model: SearchModel): ModelBeliefs {
  const { best, noise, places, process } = model;
  return {
    of(configuration) {
      const { hpmax, stDev } = model.expected(configuration);
      return { mean: hpmax, sd: stDev };
    },
    meanOf: (configuration) => model.inHpmax(process.meanAt(places.of(configuration)), 0).hpmax,
    best: best.hpmax,
    noise,
  };
}

/** Beliefs are refreshed after this many new results, or this share of all results if that is more. */
const leastNews = 3;
const newsShare = 0.03;

/** Reuses beliefs for a while, because the estimates of many curves are made from them. */
export class KeptBeliefs {
  readonly #modelNow: () => SearchModel | null;
  #kept:
    | {
        readonly results: number;
        readonly hyperparameters: readonly Hyperparameter[];
        readonly verdicts: number;
        readonly beliefs: ModelBeliefs;
      }
    | undefined;

  constructor(modelNow: () => SearchModel | null) {
    this.#modelNow = modelNow;
  }

  /**
   * @param results          runs that have ended
   * @param hyperparameters  another list has other values, of whose places older beliefs know nothing
   * @param verdicts         how often the set of runs that count has changed
   * @returns undefined if the model knows too little
   */
  now(results: number, hyperparameters: readonly Hyperparameter[], verdicts = 0): ModelBeliefs | undefined {
    const kept = this.#kept;
    const isSame = kept?.verdicts === verdicts && kept.hyperparameters === hyperparameters;
    if (isSame && results < kept.results + Math.max(leastNews, newsShare * kept.results)) return kept.beliefs;
    const model = this.#modelNow();
    if (model === null) return undefined;
    const beliefs = beliefsOf(model);
    this.#kept = { results, hyperparameters, verdicts, beliefs };
    return beliefs;
  }
}
