import { activityOf, canonical } from "../conditions/activity.ts";
import type { Configuration, Hyperparameter } from "../hyperparameter.ts";
import { coarseDial } from "../ranges/coarse-dial.ts";
import { type Rng, rngFrom } from "../rng.ts";
import { ConfigurationRegister } from "../run-sets/configuration-register.ts";
import { Moments, meanOf, quantile } from "../statistics.ts";
import { growTree, type RunSetPoint, TreeOverSpace, type TreeSpace } from "./regression-tree.ts";
import { fitEffects } from "./setting-effects.ts";
import { type MeasuredPoint, withoutEffect } from "./without-effect.ts";

/**
 * How much of the variation of hpmax each hyperparameter explains on its own.
 *
 * Functional analysis of variance (Hutter, Hoos and Leyton-Brown, ICML 2014): the variance of mean hpmax over all
 * configurations, each equally likely (a range by the parts about its first marks), is split into a share of each
 * hyperparameter alone and the rest, which they have only together. The variance between runs of one configuration is
 * not included.
 *
 * Mean hpmax is learnt from the runs: by a small forest of regression trees, or by an effect for each setting, by least
 * squares, and a forest for the rest; whichever predicts better. Either also learns noise, which would give shares to
 * hyperparameters without effect. Each round therefore learns twice, from two halves of the run sets, and takes the
 * covariance of the two instead of the variance of one: independent noise cancels.
 */
export interface Importance {
  /** For each hyperparameter with more than one setting, in spec order. */
  readonly shares: readonly ImportanceShare[];
  /** The share that no hyperparameter has alone. */
  readonly together: Omit<ImportanceShare, "name">;
  /** Probability of the intervals: 0.9. */
  readonly level: number;
  readonly runs: number;
  readonly runSets: number;
  /** Standard deviation of runs with the same configuration; null if no configuration ran twice. */
  readonly noise: number | null;
  /** Hyperparameters that change nothing, as far as the runs show. */
  readonly withoutEffect: readonly string[];
}

export interface ImportanceShare {
  readonly name: string;
  /** 0 to 1, the median of the rounds. */
  readonly share: number;
  /** The middle 90% of the rounds. */
  readonly low: number;
  readonly high: number;
}

/** A hyperparameter with more than one value. */
interface Varied {
  readonly name: string;
  readonly i: number;
  /** Values, or parts of a range. */
  readonly count: number;
  /** By value: its place on the dial, or its part of the range. */
  readonly partOf: Int32Array;
  readonly ordered: boolean;
}

/** Says why the runs do not suffice. */
export interface TooLittle {
  readonly reason: string;
}

const fewestRunSets = 20;
const level = 0.9;
/** A mean counts as at most this many times further below the median than the 95% quantile lies above it. */
const deepest = 10;
const rounds = 30;
const treesPerForest = 6;
/** Configurations, drawn uniformly, on which the two halves are compared. */
const probes = 500;
/** Maximum number of run sets drawn in a round; more take longer and hardly change the answer. */
const mostPerRound = 3000;
/** Maximum number of run sets drawn for a tree, likewise. */
const mostPerTree = 400;

/**
 * @param runs  configuration and hpmax of completed runs; those whose hpmax is not finite are left out
 * @param seed  the same seed gives the same answer
 */
export function importanceOf(
  hyperparameters: readonly Hyperparameter[],
  runs: Iterable<{ readonly configuration: Configuration; readonly hpmax: number }>,
  seed: string | number = 1,
): Importance | TooLittle {
  const varied = hyperparameters.flatMap((hyperparameter, i): Varied[] => {
    const { name, values, ordered } = hyperparameter;
    if (values.length < 2) return [];
    const { marks, partOf } = coarseDial(hyperparameter);
    return [{ name, i, count: marks.length, partOf, ordered }];
  });
  const placesOf = (configuration: Configuration): number[] => {
    const active = activityOf(hyperparameters)?.settle([...configuration]);
    return varied.map(({ i, partOf }) => {
      const place = partOf[configuration[i] ?? 0] ?? 0;
      return active?.[i] === 0 ? inactive(place) : place;
    });
  };
  if (varied.length === 0) return { reason: "no hyperparameter has more than one setting" };
  const { points, measured, count, noise } = pointsOf(runs, placesOf);
  if (points.length < fewestRunSets) {
    return { reason: `${points.length} configurations have completed runs; it takes ${fewestRunSets}` };
  }
  if (points.every(({ mean }) => mean === points[0]?.mean)) return { reason: "all runs have the same value" };
  const space: TreeSpace = varied.map(({ count: settings, ordered }) => ({ settings, ordered }));
  const rng = rngFrom(seed);
  const draw = (): readonly number[] => {
    const drawn = hyperparameters.map(() => 0);
    for (const { i, count: values, partOf } of varied) drawn[i] = partOf.indexOf(rng.below(values));
    return placesOf(canonical(hyperparameters, drawn));
  };
  const all = Array.from({ length: rounds }, () => oneRound(space, points, draw, rng));
  const errors = [0, 1].map((way) => all.reduce((sum, round) => sum + (round[way]?.error ?? 0), 0));
  const way = (errors[0] ?? 0) < (errors[1] ?? 0) ? 0 : 1;
  const found = all.map((round) => round[way]).filter(({ own }) => own.length > 0);
  if (found.length < rounds / 2) {
    return { reason: "the runs differ by luck alone: two halves of them agree on nothing" };
  }
  return {
    shares: varied.map(({ name }, j) => ({ name, ...interval(found.map(({ own }) => own[j] ?? 0)) })),
    together: interval(found.map(({ together }) => together)),
    level,
    runs: count,
    runSets: points.length,
    noise,
    withoutEffect: withoutEffect(hyperparameters, points.length, measured, seed),
  };
}

/** The result of one round with one way of learning. */
interface Round {
  readonly own: readonly number[];
  readonly together: number;
  /** Weighted squared error of each half's predictions of the other. */
  readonly error: number;
}

/**
 * One split into halves, with both ways of learning. Each run set gets a weight from the exponential distribution (Bayesian
 * bootstrap, Rubin 1981), so that rounds differ as repeated searches would.
 */
function oneRound(space: TreeSpace, points: readonly RunSetPoint[], draw: Draw, rng: Rng): readonly [Round, Round] {
  const weighted = shuffled(points, rng)
    .slice(0, mostPerRound)
    .map((point) => ({
      ...point,
      weight: point.weight * -Math.log(1 - rng.uniform()),
    }));
  const middle = weighted.length >> 1;
  const halves = [weighted.slice(0, middle), weighted.slice(middle)] as const;
  return [shares(space, halves, draw, learnForest, rng), shares(space, halves, draw, learnEffects, rng)];
}

type Halves = readonly [readonly RunSetPoint[], readonly RunSetPoint[]];

/** A configuration drawn uniformly, as places in the space, on which the two halves are compared. */
type Draw = () => readonly number[];

function shares(space: TreeSpace, [first, second]: Halves, draw: Draw, learn: Learn, rng: Rng): Round {
  const a = learn(space, first, rng);
  const b = learn(space, second, rng);
  const error = errorOf(a, second) + errorOf(b, first);
  let products = 0;
  let [sumA, sumB] = [0, 0];
  for (let probe = 0; probe < probes; probe += 1) {
    const configuration = draw();
    const [valueA, valueB] = [a.predict(configuration), b.predict(configuration)];
    products += valueA * valueB;
    sumA += valueA;
    sumB += valueB;
  }
  const total = products / probes - (sumA / probes) * (sumB / probes);
  if (!(total > 0)) return { own: [], together: Number.NaN, error };
  const own = space.map((_, dial) => Math.max(0, covariance(a.marginals(dial), b.marginals(dial)) / total));
  // The shares are estimated separately, so their sum may exceed 1.
  const sum = own.reduce((part, share) => part + share, 0);
  return { own: own.map((share) => share / Math.max(1, sum)), together: Math.max(0, 1 - sum), error };
}

function errorOf(learnt: Learnt, points: readonly RunSetPoint[]): number {
  return points.reduce((sum, { settings, mean, weight }) => {
    const error = mean - learnt.predict(settings);
    return sum + weight * error * error;
  }, 0);
}

/** Mean hpmax as learnt from one half of the run sets. */
interface Learnt {
  predict(configuration: readonly number[]): number;
  /** By setting of a hyperparameter: the mean over all configurations with it. */
  marginals(dial: number): number[];
}

type Learn = (space: TreeSpace, points: readonly RunSetPoint[], rng: Rng) => Learnt;

/**
 * The place of an inactive hyperparameter: below 0, so that no setting's effect is added. Trees see its tuned value
 * instead; they learn where it is inactive from the hyperparameters that make it so.
 */
const inactive = (tuned: number): number => -1 - tuned;
const seenByTrees = (places: readonly number[]): readonly number[] =>
  places.some((place) => place < 0) ? places.map((place) => (place < 0 ? inactive(place) : place)) : places;

/** A forest: best if hyperparameters interact. */
const learnForest: Learn = (space, points, rng) => {
  const seen = points.map((point) => ({ ...point, settings: seenByTrees(point.settings) }));
  const forest = Array.from(
    { length: treesPerForest },
    () => new TreeOverSpace(space, growTree(space, drawn(seen, rng), rng)),
  );
  return {
    predict: (configuration) => {
      const places = seenByTrees(configuration);
      return meanOf(forest.map((tree) => tree.predict(places)));
    },
    marginals: (dial) =>
      Array.from({ length: space[dial]?.settings ?? 0 }, (_, at) =>
        meanOf(forest.map((tree) => tree.marginal(dial, at))),
      ),
  };
};

/** An effect for each setting and a forest for the residuals: best without interactions, and with few runs. */
const learnEffects: Learn = (space, points, rng) => {
  const { mean, effects } = fitEffects(space, points);
  const additive = (settings: readonly number[]): number =>
    settings.reduce((sum, at, dial) => sum + (effects[dial]?.[at] ?? 0), mean);
  const forest = learnForest(
    space,
    points.map((point) => ({ ...point, mean: point.mean - additive(point.settings) })),
    rng,
  );
  return {
    predict: (configuration) => additive(configuration) + forest.predict(configuration),
    marginals: (dial) => forest.marginals(dial).map((value, at) => value + (effects[dial]?.[at] ?? 0)),
  };
};

/** A sample with replacement, as for each tree of a forest. */
function drawn(points: readonly RunSetPoint[], rng: Rng): RunSetPoint[] {
  return Array.from({ length: Math.min(points.length, mostPerTree) }, () => points[rng.below(points.length)]).filter(
    (point) => point !== undefined,
  );
}

function pointsOf(
  runs: Iterable<{ readonly configuration: Configuration; readonly hpmax: number }>,
  placesOf: (configuration: Configuration) => number[],
): { points: RunSetPoint[]; measured: (i: number) => MeasuredPoint; count: number; noise: number | null } {
  const register = new ConfigurationRegister();
  const sums: Moments[] = [];
  const places: number[][] = [];
  for (const { configuration, hpmax } of runs) {
    if (!Number.isFinite(hpmax)) continue;
    const number = register.add(configuration);
    places[number] ??= placesOf(configuration);
    sums[number] ??= new Moments();
    sums[number].add(hpmax);
  }
  const total = (of: (sum: Moments) => number): number => sums.reduce((sum, each) => sum + of(each), 0);
  const count = total((sum) => sum.count);
  const freedom = count - sums.length;
  const floor = floorOf(sums.map(({ mean }) => mean));
  const points = sums.map(({ mean, count: weight }, number) => ({
    settings: places[number] ?? [],
    mean: Math.max(floor, mean),
    weight,
  }));
  const measured = (number: number): MeasuredPoint => {
    const { count: runs = 0, mean = Number.NaN, squares = 0 } = sums[number] ?? {};
    return { configuration: register.configuration(number), runs, mean, squares };
  };
  return { points, measured, count, noise: freedom > 0 ? Math.sqrt(total((sum) => sum.squares) / freedom) : null };
}

/** The least that a mean counts as, or one diverged run would be all of the variation. Few honest values lie below. */
function floorOf(means: readonly number[]): number {
  const sorted = means.toSorted((a, b) => a - b);
  const middle = quantile(sorted, 0.5);
  const above = quantile(sorted, 0.95) - middle;
  return above > 0 ? middle - deepest * above : Number.NEGATIVE_INFINITY;
}

function interval(values: readonly number[]): { share: number; low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    share: quantile(sorted, 0.5),
    low: quantile(sorted, (1 - level) / 2),
    high: quantile(sorted, (1 + level) / 2),
  };
}

function covariance(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  return a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] ?? 0) - meanB), 0) / a.length;
}

/** Fisher-Yates. */
function shuffled<Item>(items: readonly Item[], rng: Rng): Item[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = rng.below(i + 1);
    const [a, b] = [order[i], order[j]];
    if (a === undefined || b === undefined) break;
    order[i] = b;
    order[j] = a;
  }
  return order;
}
