import { rngFrom } from "../rng.ts";
import { quantile } from "../statistics.ts";
import { ClassModel } from "./class-model.ts";
import type { CollapseCounts } from "./collapses.ts";
import { type MeasuredSets, measuredAt } from "./measured-sets.ts";
import { RandomDraws } from "./random-draws.ts";

/** The posterior of one configuration's true mean, which is the mean of endlessly many new runs. */
export interface Estimate {
  readonly estimate: number;
  /** Holds the true mean with probability 90%. */
  readonly interval: Interval;
}

/** The posterior of the leader's true mean, and how the leader compares with the others. */
export interface LeaderBeliefs extends Estimate {
  /** Probability that another measured configuration has a higher true mean. */
  readonly chanceOfBetter: number;
  /** Expected amount by which the best true mean exceeds the leader's. */
  readonly expectedGain: number;
  /** Standard deviation of single runs of the leader about its true mean. */
  readonly noise: number;
  /** By set; sets that cannot matter are left out, see `candidates`. */
  readonly estimates: ReadonlyMap<number, Estimate>;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BeliefOptions {
  /** Draws kept. Default 1,000, with which the standard error of a probability is at most 0.016. */
  readonly draws?: number;
  /** The same data and seed give the same beliefs. */
  readonly seed?: string;
  /** Collapsed runs, which must not be in the sets. */
  readonly collapses?: CollapseCounts | null;
  /**
   * What the other sets predict for each set, in the same units. With it, half of the draws come from classes of the
   * residuals (runs less prediction) and half from classes of the runs; left out, all come from classes of the runs.
   */
  readonly foretold?: (set: number) => number;
  /** What the search's model expects of each set. It widens the intervals (see `surer`); left out, it does not. */
  readonly expected?: (set: number) => { readonly hpmax: number; readonly stDev: number };
}

/** The search's model understates its standard deviations by this factor (npm run bench -- evaluation, 2026-11-28). */
const surer = 2;
/** Burn-in sweeps. */
const firstSweeps = 150;
/** Maximum number of sets to learn the classes from, and of rivals of the leader; bounds the time. */
const mostSets = 1500;

/**
 * Draws the true means of the configurations from the posterior of `ClassModel`. The leader was chosen because its runs were good;
 * it is shrunk towards its class like every other set, which corrects for the winner's curse.
 *
 * @param leader  the set that is believed to be the best
 */
export function believe(sets: MeasuredSets, leader: number, options: BeliefOptions = {}): LeaderBeliefs {
  const { draws: kept = 1000, seed = "verdict", collapses = null, foretold, expected } = options;
  const draws = new RandomDraws(rngFrom(seed));
  const { order, learnt } = candidates(sets, leader, draws);
  const truths = order.map(() => new Float64Array(kept));
  const own = order.indexOf(leader);
  const ownTruths = truths[own] ?? new Float64Array(kept);
  let better = 0;
  let gain = 0;
  let noise = 0;
  const alone = new Float64Array(order.length);
  // Neither view is right for every surface, so each gets half of the draws.
  const views = foretold === undefined ? [alone] : [alone, Float64Array.from(order, foretold)];
  const shared = Math.ceil(kept / views.length);
  for (const [view, bases] of views.entries()) {
    const measured = order.map((place, i) => {
      const { mean, ...rest } = measuredAt(sets, place);
      return { ...rest, mean: mean - (bases[i] ?? 0) };
    });
    const model = new ClassModel(measured, learnt, draws);
    for (let i = 0; i < firstSweeps; i += 1) model.sweep();
    for (let draw = view * shared; draw < Math.min(kept, (view + 1) * shared); draw += 1) {
      model.sweep();
      let best = Number.NEGATIVE_INFINITY;
      const loss = collapses ? collapses.drop * drawRate(collapses, draws) : 0;
      truths.forEach((column, i) => {
        const truth = (bases[i] ?? 0) + model.drawTruth(i) - loss;
        column[draw] = truth;
        if (i !== own && truth > best) best = truth;
      });
      const ahead = best - (ownTruths[draw] ?? Number.NaN);
      if (ahead > 0) {
        better += 1;
        gain += ahead;
      }
      noise += model.noiseOf(own);
    }
  }
  const all = (i: number): Float64Array => {
    const drawn = truths[i] ?? ownTruths;
    const place = order[i];
    if (expected === undefined || place === undefined) return drawn;
    const { hpmax, stDev } = expected(place);
    const both = new Float64Array(kept + shared);
    both.set(drawn);
    for (let draw = kept; draw < both.length; draw += 1) both[draw] = hpmax + surer * stDev * draws.normal();
    return both;
  };
  return {
    ...estimateOf(all(own)),
    chanceOfBetter: better / kept,
    expectedGain: gain / kept,
    noise: noise / kept,
    estimates: new Map(order.map((place, i) => [place, estimateOf(all(i))])),
  };
}

/** Sums differences from `low`: the rounding error of a sum of a thousand values of 10^9 may exceed their spread. */
function estimateOf(drawn: Float64Array): Estimate {
  const interval = intervalOf(drawn);
  let sum = 0;
  for (let i = 0; i < drawn.length; i += 1) sum += (drawn[i] ?? Number.NaN) - interval.low;
  return { estimate: interval.low + sum / drawn.length, interval };
}

/** Draws the probability of a collapse from Jeffreys' posterior, the same for all configurations about as good as the leader. */
function drawRate({ collapsed, among }: CollapseCounts, draws: RandomDraws): number {
  const fell = draws.gamma(collapsed + 0.5);
  return fell / (fell + draws.gamma(among - collapsed + 0.5));
}

/**
 * All sets of a search of ordinary size. For a huge search: first a random sample with the leader, from which the classes are
 * learnt; then the sets most likely to beat the leader, by mean plus two standard errors with the noise pooled over all sets.
 */
function candidates(
  sets: MeasuredSets,
  leader: number,
  draws: RandomDraws,
): { order: readonly number[]; learnt: number } {
  const all = Int32Array.from({ length: sets.length }, (_, place) => place);
  if (sets.length <= mostSets) return { order: [...all], learnt: all.length };
  // The leader replaces a random set. One selected set among 1,500 does not move the classes.
  for (let i = 0; i < mostSets; i += 1) {
    const other = i + Math.floor(draws.uniform() * (all.length - i));
    [all[i], all[other]] = [all[other] ?? 0, all[i] ?? 0];
  }
  const order = [...all.subarray(0, mostSets)];
  if (!order.includes(leader)) order[0] = leader;
  const isThere = new Set(order);
  const noise = Math.sqrt(pooledVariance(sets));
  const reaches = sets.means.map((mean, place) => mean + (2 * noise) / Math.sqrt(sets.runs[place] ?? 0));
  const least = reaches.toSorted()[reaches.length - mostSets] ?? Number.NEGATIVE_INFINITY;
  const rivals: number[] = [];
  // If not all with the same reach fit, the older ones come first.
  for (let place = 0; place < reaches.length && rivals.length < mostSets; place += 1) {
    if ((reaches[place] ?? 0) >= least && !isThere.has(place)) rivals.push(place);
  }
  return { order: [...order, ...rivals], learnt: order.length };
}

/** Variance of runs about the means of their sets; 0 if nothing was repeated. */
function pooledVariance(sets: MeasuredSets): number {
  let squares = 0;
  let free = 0;
  for (let set = 0; set < sets.length; set += 1) {
    squares += sets.squares[set] ?? 0;
    free += (sets.runs[set] ?? 0) - 1;
  }
  return free === 0 ? 0 : squares / free;
}

/** Probability that an interval holds the true mean. */
export const intervalLevel = 0.9;

/** The central interval of the draws. */
function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  return { low: quantile(sorted, (1 - intervalLevel) / 2), high: quantile(sorted, (1 + intervalLevel) / 2) };
}
