import { counted } from "../counted.ts";
import { maximised, told } from "../goal.ts";
import { type Configuration, type Hyperparameter, settingText } from "../hyperparameter.ts";
import type { Expected, Ranked } from "../model/search-model.ts";
import { candidatesOf, settledOf } from "./candidates.ts";
import { paperSearch } from "./dgd-paper.ts";
import { wideSearch } from "./dgd-wide.ts";
import { deviationOf, likelyBest, mostImproving, normals } from "./draws.ts";
import { meanText } from "./mean-text.ts";
import type { Search, SearchView } from "./search.ts";
import { atFirst } from "./start.ts";

/**
 * model: chooses by the model of the search. wide: distributed grid descent without a model, with wide steps early.
 * paper: exactly as published.
 */
export const dgdRules = ["model", "wide", "paper"] as const;
export type DgdRule = (typeof dgdRules)[number];

export interface DgdOptions {
  /** Left out in jobs of earlier versions, which had no model: they go on as `paper`. */
  readonly rule?: DgdRule;
  /** Whether `paper` counts runs from their assignment; the other rules always do. */
  readonly countInFlight: boolean;
}

export function dgdSearch({ rule, countInFlight }: DgdOptions): Search {
  switch (rule) {
    case "model":
      return modelSearch;
    case "wide":
      return wideSearch;
    case "paper":
    case undefined:
      return paperSearch({ countInFlight });
    default: {
      const never: never = rule;
      throw new RangeError(`no dgd rule ${String(never)}; expected model, wide or paper`);
    }
  }
}

/**
 * The model chooses only after this many results. Compared with 20, over three surfaces, regrets are 0.90, 0.92 and
 * 0.94 times as large after 25, 50 and 100 runs with one worker (24 seeds), and 0.97 and 0.98 times after 50 and 100
 * with ten (40 seeds); 2026-11-28.
 */
export const leastResults = 10;
/** A plan looks for improvement with probability `improvingShare` / results, but not from `lastImproving` on. */
const improvingShare = 100;
const lastImproving = 300;

/**
 * Distributed Grid Descent by the model of the search. Its centres are the run sets with the highest posterior means,
 * and the configurations to which the model's mean leads from there. Its weights are the probabilities of being the
 * best (Thompson sampling), or the expected improvement while results are few and any candidate promises some.
 *
 * It begins with an evenly spread design. If a plan runs out before the next is made, `dgd: wide` chooses.
 */
const modelSearch: Search = {
  choose(view, n, rng) {
    const { completed } = view.runSets.totals;
    if (resultsOf(view) >= leastResults) return wideSearch.choose(view, n, rng);
    const what =
      completed === 0 ? "nothing has completed yet" : `${counted(completed, "run")} completed, too few to learn from`;
    return atFirst(view, n, rng, what);
  },
  plan(view, rng, count) {
    const results = resultsOf(view);
    const model = results < leastResults ? null : view.model.now;
    if (model === null) return [];
    const isImproving = results < lastImproving && rng.uniform() * results < improvingShare;
    const candidates = candidatesOf(view, model, rng, isImproving);
    if (candidates.length === 0) return [];
    const compared = isImproving ? [...candidates, ...settledOf(view, model)] : candidates;
    const joint = model.process.jointly(compared.map((each) => model.places.of(each)));
    const normal = normals(rng);
    const improving = isImproving
      ? mostImproving(
          joint,
          compared.map((each) => isKnown(view, each)),
          count,
          normal,
        )
      : [];
    // What is left of the plan once no candidate promises any improvement.
    const likely = likelyBest(joint, count - improving.length, normal, candidates.length);
    const { best } = model;
    const words = { hyperparameters: model.hyperparameters, goal: view.goal ?? maximised };
    return [...improving, ...likely].map((pick, i) => {
      const aim = i < improving.length ? "it promises the most improvement" : "likely to be the best";
      const configuration = candidates[pick] ?? [];
      const runs = view.runSets.of(configuration)?.completed ?? 0;
      return {
        configuration,
        // A getter, because most of a plan is never asked for.
        get why() {
          const expected = model.inHpmax(joint.means[pick] ?? 0, deviationOf(joint, pick));
          return `${aim}: ${reason(words, best, configuration, runs, expected)}`;
        },
      };
    });
  },
};

/** What the model learns from: completed runs, and pruned ones with a pruner's prediction of their end. */
const resultsOf = ({ runSets }: SearchView): number => runSets.totals.completed + runSets.predictions;

function isKnown({ runSets }: SearchView, configuration: Configuration): boolean {
  const runSet = runSets.of(configuration);
  return runSet !== undefined && (runSet.completed > 0 || runSet.inFlight > 0);
}

function reason(
  { hyperparameters, goal }: Required<Pick<SearchView, "hyperparameters" | "goal">>,
  best: Ranked,
  configuration: Configuration,
  runs: number,
  expected: Expected,
): string {
  const text = ({ hpmax, stDev }: Expected): string => `${meanText(told(goal, hpmax))} ± ${meanText(stDev)}`;
  const known = runs === 0 ? "before any run there" : `after ${counted(runs, "run")} there`;
  const from = differences(hyperparameters, best.runSet.configuration, configuration);
  return `the model expects ${text(expected)} ${known}; ${from} (${text(best)})`;
}

function differences(hyperparameters: readonly Hyperparameter[], best: Configuration, here: Configuration): string {
  const changed = hyperparameters.flatMap(({ name, values }, i) => {
    const [from, to] = [best[i] ?? 0, here[i] ?? 0];
    return from === to ? [] : [`${name} ${settingText(values[from] ?? null)} -> ${settingText(values[to] ?? null)}`];
  });
  if (changed.length === 0) return "it is the best set so far";
  if (changed.length > 3) return `${changed.length} hyperparameters away from the best set so far`;
  return `from the best set so far ${changed.join(", ")}`;
}
