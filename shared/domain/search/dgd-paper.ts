import { counted } from "../counted.ts";
import { maximised, told } from "../goal.ts";
import { settingText } from "../hyperparameter.ts";
import { type Rng, rngFrom } from "../rng.ts";
import type { RunSet } from "../run-sets/run-set.ts";
import { meanText } from "./mean-text.ts";
import { type Neighbour, someNeighbours } from "./neighbourhood.ts";
import { atRandom } from "./random.ts";
import type { Search, SearchView } from "./search.ts";

/** A member of the best run set's neighbourhood, and how likely it is to be tried next. */
export interface WeighedNeighbour extends Neighbour {
  readonly ended: number;
  readonly inFlight: number;
  /** Ended runs, plus those in flight if the search counts them. */
  readonly runs: number;
  /** Ceiling - runs, at least 1; 0 if excluded. */
  readonly weight: number;
  /** Weight / total weight. */
  readonly probability: number;
}

export interface WeighedNeighbourhood {
  readonly best: RunSet;
  /** 1 + the most runs of any member. */
  readonly ceiling: number;
  readonly totalWeight: number;
  /** The best run set first, then as `neighbourhoodOf` orders them. */
  readonly members: readonly WeighedNeighbour[];
}

/**
 * Whether a run counts from its assignment (true) or from its end (false, the published rule). If runs in flight count, a hundred
 * workers that ask at the same moment spread over the neighbourhood.
 */
export interface PaperOptions {
  readonly countInFlight: boolean;
}

/**
 * Distributed Grid Descent: Loynd et al. 2019, "Working Memory Graphs", appendix B.
 *
 * Random until a run has completed. Then a configuration from the neighbourhood of the best run set (the set itself and
 * those one step away), drawn with weight 1 + the most runs of any member - its own runs. So neighbours with fewer runs
 * are preferred, and the best set is measured as often as they are: if it was only lucky, it soon loses the lead.
 */
export function paperSearch({ countInFlight }: PaperOptions): Search {
  return {
    choose(view, _n, rng) {
      const neighbourhood = weigh(view, countInFlight, rng);
      if (neighbourhood === null) {
        const what = view.runSets.totals.ended === 0 ? "nothing has finished yet" : "no run has completed yet";
        return atRandom(view, rng, what);
      }
      if (neighbourhood.totalWeight === 0) {
        return atRandom(view, rng, `${described(view, neighbourhood.best)} and all its neighbours are excluded`);
      }
      const member = pick(neighbourhood, rng);
      return { configuration: member.configuration, why: reason(view, neighbourhood, member) };
    },
  };
}

/** Most positions (members * hyperparameters) of a neighbourhood; a larger one is sampled. Copying takes 10 ms. */
const mostPositions = 1_000_000;

/**
 * The neighbourhood that the next choice is drawn from; null before any run has completed.
 *
 * @param rng  samples a neighbourhood of over a million positions: e.g. 100 unordered hyperparameters of 10,000 values
 */
export function weigh(
  view: Pick<SearchView, "hyperparameters" | "runSets" | "isExcluded">,
  countInFlight: boolean,
  rng: Rng = rngFrom("neighbours"),
): WeighedNeighbourhood | null {
  const best = view.runSets.best();
  if (best === null) return null;
  const { hyperparameters } = view;
  const most = Math.floor(mostPositions / Math.max(1, hyperparameters.length));
  const neighbours = someNeighbours(hyperparameters, best.configuration, most, rng);
  const runSets = neighbours.map(({ configuration }) => view.runSets.of(configuration));
  const runs = runSets.map((runSet) => (runSet ? runSet.ended + (countInFlight ? runSet.inFlight : 0) : 0));
  const ceiling = 1 + runs.reduce((most, count) => Math.max(most, count), 0);
  const weights = neighbours.map(({ configuration }, i) =>
    view.isExcluded(configuration) ? 0 : ceiling - (runs[i] ?? 0),
  );
  const totalWeight = weights.reduce((total, weight) => total + weight, 0);
  // Fields are written out: spreading the neighbour takes 4 microseconds a member on Node 20, which is the whole
  // budget.
  const members = neighbours.map(({ configuration, changed }, i): WeighedNeighbour => {
    const weight = weights[i] ?? 0;
    return {
      configuration,
      changed,
      ended: runSets[i]?.ended ?? 0,
      inFlight: runSets[i]?.inFlight ?? 0,
      runs: runs[i] ?? 0,
      weight,
      probability: weight / Math.max(totalWeight, 1),
    };
  });
  return { best, ceiling, totalWeight, members };
}

function pick({ members, totalWeight }: WeighedNeighbourhood, rng: Rng): WeighedNeighbour {
  let left = rng.below(totalWeight);
  for (const member of members) {
    left -= member.weight;
    if (left < 0) return member;
  }
  throw new Error(`weights ${members.map((member) => member.weight)} do not add up to ${totalWeight}`);
}

function reason(
  view: SearchView,
  { best, members, totalWeight }: WeighedNeighbourhood,
  { configuration, changed, ended, inFlight, weight }: WeighedNeighbour,
): string {
  const share = `weight ${weight} of ${totalWeight}`;
  const known = described(view, best);
  if (changed === null) return `${known} again: ${share}`;
  const hyperparameter = view.hyperparameters[changed];
  const from = settingText(hyperparameter?.values[members[0]?.configuration[changed] ?? -1] ?? null);
  const to = settingText(hyperparameter?.values[configuration[changed] ?? -1] ?? null);
  const there = `${ended === 0 ? "no runs" : counted(ended, "run")} there${inFlight === 0 ? "" : ` and ${inFlight} in flight`}`;
  return `one step from ${known} in ${hyperparameter?.name}: ${from} -> ${to}; ${there}; ${share}`;
}

function described({ goal = maximised }: SearchView, best: RunSet): string {
  return `the best set so far (mean ${meanText(told(goal, best.mean))} of ${counted(best.completed, "run")})`;
}
