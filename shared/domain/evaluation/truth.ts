import { rngFrom } from "../rng.ts";
import { meanOf, quantile } from "../statistics.ts";
import { ClassModel } from "./class-model.ts";
import type { CollapseCounts } from "./collapses.ts";
import { type MeasuredSets, measuredAt } from "./measured-sets.ts";
import { RandomDraws } from "./random-draws.ts";

/** What may be believed of one configuration's true mean. */
export interface Estimate {
  readonly estimate: number;
  /** Holds the true mean with probability 80 %. */
  readonly interval: Interval;
}

/** What may be believed of the leader, and of the others beside it; the mean of endlessly many new runs is the truth. */
export interface Beliefs extends Estimate {
  /** That at least one other measured configuration has a higher true mean, 0 to 1. */
  readonly chanceOfBetter: number;
  /** By how much the best true mean is expected to exceed the leader's; 0 where the leader is the best. */
  readonly expectedGain: number;
  /** Standard deviation of single runs of the leader about its true mean. */
  readonly noise: number;
  /** By the set's place in what was given; those that cannot matter are left out, see `candidates`. */
  readonly estimates: ReadonlyMap<number, Estimate>;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BeliefOptions {
  /** Draws that are kept; more narrow the chances' own error (0.016 at most with 1,000), and take longer. */
  readonly draws?: number;
  /** Same data and seed, same beliefs. */
  readonly seed?: string;
  /** Runs that collapsed, which are not in the sets, among all that were looked at, and what each takes from the mean. */
  readonly collapses?: CollapseCounts | null;
}

/** Sweeps before the first draw that counts. */
const firstSweeps = 150;
/** The classes are learnt from at most so many sets, and the leader's rivals are at most so many: the time stays bounded. */
const mostSets = 1500;

/**
 * Draws the true means of the configurations from the posterior of `ClassModel`. The leader was chosen because its runs were
 * good, so it is drawn to its class as everything else is: the interval is free of the winner's curse.
 *
 * @param leader  place in `sets` of the configuration that is believed to be the best
 */
export function believe(sets: MeasuredSets, leader: number, options: BeliefOptions = {}): Beliefs {
  const { draws: kept = 1000, seed = "verdict", collapses = null } = options;
  const draws = new RandomDraws(rngFrom(seed));
  const { order, learnt } = candidates(sets, leader, draws);
  const model = new ClassModel(
    order.map((place) => measuredAt(sets, place)),
    learnt,
    draws,
  );
  for (let i = 0; i < firstSweeps; i += 1) model.sweep();
  const truths = order.map(() => new Float64Array(kept));
  const own = order.indexOf(leader);
  const ownTruths = truths[own] ?? new Float64Array(kept);
  let better = 0;
  let gain = 0;
  let noise = 0;
  for (let draw = 0; draw < kept; draw += 1) {
    model.sweep();
    let best = Number.NEGATIVE_INFINITY;
    const loss = collapses ? collapses.drop * drawRate(collapses, draws) : 0;
    truths.forEach((column, i) => {
      const truth = model.drawTruth(i) - loss;
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
  const estimateOf = (drawn: Float64Array): Estimate => ({ estimate: meanOf(drawn), interval: intervalOf(drawn) });
  return {
    ...estimateOf(ownTruths),
    chanceOfBetter: better / kept,
    expectedGain: gain / kept,
    noise: noise / kept,
    estimates: new Map(order.map((place, i) => [place, estimateOf(truths[i] ?? ownTruths)])),
  };
}

/** How often a run collapses: Jeffreys' posterior, the same for all configurations about as good as the leader. */
function drawRate({ collapsed, among }: CollapseCounts, draws: RandomDraws): number {
  const fell = draws.gamma(collapsed + 0.5);
  return fell / (fell + draws.gamma(among - collapsed + 0.5));
}

/**
 * All sets of a search of ordinary size. Of a huge one, a random part to learn the classes from, first, with the leader; then
 * those which could be better than the leader: by mean plus two standard errors, the noise pooled over all sets.
 */
function candidates(
  sets: MeasuredSets,
  leader: number,
  draws: RandomDraws,
): { order: readonly number[]; learnt: number } {
  const all = Int32Array.from({ length: sets.length }, (_, place) => place);
  if (sets.length <= mostSets) return { order: [...all], learnt: all.length };
  // The leader takes the place of a random one: one set in two thousand chosen by its results does not move the classes.
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
  // Where many are equal at the edge, the older ones come first.
  for (let place = 0; place < reaches.length && rivals.length < mostSets; place += 1) {
    if ((reaches[place] ?? 0) >= least && !isThere.has(place)) rivals.push(place);
  }
  return { order: [...order, ...rivals], learnt: order.length };
}

/** Of runs about their sets' means; where nothing was repeated, 0. */
function pooledVariance(sets: MeasuredSets): number {
  let squares = 0;
  let free = 0;
  for (let set = 0; set < sets.length; set += 1) {
    squares += sets.squares[set] ?? 0;
    free += (sets.runs[set] ?? 0) - 1;
  }
  return free === 0 ? 0 : squares / free;
}

/** Share of the draws within an interval. */
export const intervalLevel = 0.8;

/** The middle of the draws. */
function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  return { low: quantile(sorted, (1 - intervalLevel) / 2), high: quantile(sorted, (1 + intervalLevel) / 2) };
}
