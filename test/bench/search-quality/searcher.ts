import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../../shared/domain/model/current-model.ts";
import { isLearningDue } from "../../../shared/domain/model/search-model.ts";
import type { Refining } from "../../../shared/domain/ranges/finer-marks.ts";
import type { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../../shared/domain/search/choice-queue.ts";
import { dgdSearch } from "../../../shared/domain/search/dgd.ts";
import { isTried, type RepeatRule, whyNoRepeats } from "../../../shared/domain/search/no-repeats.ts";
import type { Search, SearchView } from "../../../shared/domain/search/search.ts";
import { createSearch } from "../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../shared/domain/seeds.ts";
import type { Recommendation } from "./recommending.ts";
import { Refiner } from "./refiner.ts";
import type { Surface } from "./surface.ts";

/** Who chooses configurations in a simulation: a search of ours, or a peer's in another process. */
export interface Searcher {
  /** The configuration that choice `n` tries. */
  choose(n: number): Configuration | Promise<Configuration>;
  /** Called when the run of choice `n` has completed; the run sets already hold it. */
  completed?(n: number, hpmax: number): void | Promise<void>;
  /** Called when any run has ended, completed or stopped. */
  ended?(): void;
  /** Its current recommendation; null where it has no rule of its own. */
  recommend(): Recommendation | null | Promise<Recommendation | null>;
  /** Milliseconds of CPU that choosing has taken so far. */
  readonly cpuMs: number;
}

export interface OwnSearch {
  readonly about: string;
  readonly search: Search;
  /** Where its ranges get more marks. */
  readonly refining: Refining;
  /** Default: auto. */
  readonly repeat?: RepeatRule;
}

/** Our searches by the names of this bench. */
export const ownSearches: Readonly<Record<string, OwnSearch>> = {
  dgd: guided("the default: by the model", createSearch("dgd")),
  "dgd-never": { ...guided("the default, and no configuration runs twice", createSearch("dgd")), repeat: "never" },
  bayesian: guided("by what good settings have in common", createSearch("bayesian")),
  "dgd-wide": guided("dgd: wide, without a model", dgdSearch({ rule: "wide", countInFlight: true })),
  "dgd-paper": guided("dgd: paper, the published rule of 2019", dgdSearch({ rule: "paper", countInFlight: false })),
  random: { about: "each configuration drawn at random", search: createSearch("random"), refining: "everywhere" },
};

function guided(about: string, search: Search): OwnSearch {
  return { about, search, refining: "around the best" };
}

/** One of our searches, used as the coordinator does: it learns and plans after results, and answers from the plan. */
export function ownSearcher(
  { search, refining, repeat = "auto" }: OwnSearch,
  surface: Surface,
  runSets: RunSetIndex,
  seed: number,
): Searcher {
  const model = new CurrentModel(() => ({ hyperparameters: surface.hyperparameters, runSets }));
  const runsOnce = (): boolean => whyNoRepeats(repeat, runSets) !== null;
  const view: SearchView = {
    get hyperparameters() {
      return surface.hyperparameters;
    },
    runSets,
    seed,
    model,
    isExcluded: (configuration) =>
      (runsOnce() && isTried(runSets.of(configuration))) || runSets.isExcluded(configuration),
  };
  const queue = new ChoiceQueue(search);
  const ranges = new Refiner(surface, runSets, refining);
  let cpuMs = 0;
  const timed = <Result>(act: () => Result): Result => {
    const before = process.cpuUsage();
    const result = act();
    const { user, system } = process.cpuUsage(before);
    cpuMs += (user + system) / 1000;
    return result;
  };
  return {
    choose(n) {
      const choice = timed(() => queue.next(view, n, choiceRng(seed, n)));
      if (choice === null) throw new Error(`the search chose nothing for trial ${n}`);
      return choice.configuration;
    },
    ended() {
      timed(() => {
        const { completed, ended } = runSets.totals;
        if (isLearningDue(completed, model.learned)) model.learned = model.now?.learned(model.learned, completed);
        ranges.refineIfDue(model, runsOnce());
        if (queue.isDue(view)) queue.plan(view, planRng(seed, ended));
      });
    },
    recommend() {
      const best = model.now?.best;
      return best ? { configuration: best.runSet.configuration, estimate: best.hpmax } : null;
    },
    get cpuMs() {
      return cpuMs;
    },
  };
}
