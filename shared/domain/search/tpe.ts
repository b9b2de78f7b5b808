import { canonical } from "../conditions/activity.ts";
import { counted } from "../counted.ts";
import { type Configuration, type Hyperparameter, settingText } from "../hyperparameter.ts";
import type { Rng } from "../rng.ts";
import type { DialDensity } from "./dial-density.ts";
import { type GoodAndBad, goodAndBad } from "./good-and-bad.ts";
import { drawnFrom, marksOf } from "./good-marks.ts";
import { atRandom } from "./random.ts";
import type { Choice, Search, SearchView } from "./search.ts";
import { atFirst } from "./start.ts";

/** Until this many runs have completed, what looks good is mostly luck. */
const leastResults = 20;
/** Configurations drawn for a choice; the most promising is taken. */
const candidates = 24;
/** Hyperparameters that `why` names. */
const mostNamed = 3;
/** `why` names a value only if it is this many times likelier among the good ones. */
const speaks = 1.2;

/**
 * `hp_tuning: bayesian`: a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) with one density per
 * hyperparameter. It allows for noisy runs and ordered dials.
 *
 * The measured configurations are divided into good ones and others. A value is promising if the good ones have it more
 * often than the others. Candidates are drawn from the good ones' densities, and the most promising is taken.
 */
export const tpeSearch: Search = {
  choose(view, n, rng) {
    const { completed } = view.runSets.totals;
    if (completed < leastResults) {
      const what = completed === 0 ? "nothing has completed yet" : `only ${counted(completed, "run")} completed yet`;
      return atFirst(view, n, rng, what);
    }
    const densities = densitiesOf(view, rng, "haste");
    return densities
      ? mostPromising(view, densities, rng)
      : atRandom(view, rng, "fewer than three configurations have completed runs, or none of them is feasible");
  },
  plan(view, rng, count) {
    const densities = view.runSets.totals.completed < leastResults ? null : densitiesOf(view, rng, "leisure");
    return densities ? Array.from({ length: count }, () => mostPromising(view, densities, rng)) : [];
  },
};

/** How often the good and the other configurations have each value, by hyperparameter. */
interface Densities {
  readonly split: GoodAndBad;
  readonly good: readonly DialDensity[];
  readonly bad: readonly DialDensity[];
}

function densitiesOf({ hyperparameters, runSets }: SearchView, rng: Rng, pace: "leisure" | "haste"): Densities | null {
  const split = goodAndBad(runSets, rng, pace);
  if (!split) return null;
  const { good, weights, bad } = split;
  const equally = new Float64Array(bad.length).fill(1);
  return {
    split,
    good: marksOf(hyperparameters, good, weights),
    bad: marksOf(hyperparameters, bad, equally),
  };
}

/** The most promising of 24 draws. */
function mostPromising(view: SearchView, densities: Densities, rng: Rng): Choice {
  let best: Configuration | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < candidates; i++) {
    const configuration = canonical(view.hyperparameters, drawnFrom(densities.good, rng));
    const promise = promiseOf(densities, configuration);
    if (promise <= most || view.isExcluded(configuration)) continue;
    best = configuration;
    most = promise;
  }
  if (!best) return atRandom(view, rng, "all that was drawn near the best configurations is excluded");
  return { configuration: best, why: reason(view, densities, best) };
}

/** ln of how many times likelier the configuration is among the good ones than among the others. */
function promiseOf(densities: Densities, configuration: Configuration): number {
  let sum = 0;
  for (let i = 0; i < configuration.length; i++) sum += Math.log(timesLikelier(densities, i, configuration[i] ?? 0));
  return sum;
}

const timesLikelier = ({ good, bad }: Densities, i: number, position: number): number =>
  (good[i]?.at(position) ?? 1) / (bad[i]?.at(position) ?? 1);

function reason({ hyperparameters, runSets }: SearchView, densities: Densities, configuration: Configuration): string {
  const { good, among } = densities.split;
  const spoken = hyperparameters
    .map((hyperparameter, i) => ({
      text: valueText(hyperparameter, configuration[i] ?? 0),
      times: timesLikelier(densities, i, configuration[i] ?? 0),
    }))
    .filter(({ times }) => times >= speaks)
    .sort((a, b) => b.times - a.times)
    .slice(0, mostNamed)
    .map(({ text, times }) => `${text} (${times.toFixed(1)} times)`);
  const runs = runSets.of(configuration)?.ended ?? 0;
  const there = runs === 0 ? "no runs there yet" : `${counted(runs, "run")} there`;
  const best = `the best ${good.length} of ${counted(among, "configuration")}`;
  return spoken.length === 0
    ? `drawn as ${best} are distributed, none of its values more than the others; ${there}`
    : `likelier among ${best} than among the others: ${spoken.join(", ")}; ${there}`;
}

const valueText = ({ name, values }: Hyperparameter, position: number): string =>
  `${name} ${settingText(values[position] ?? null)}`;
