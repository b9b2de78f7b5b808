import type { Rng } from "../rng.ts";
import type { RunSet, RunSets } from "../run-sets/run-set.ts";
import { evidenceOf, hasEvidence, isMeasured } from "./evidence.ts";
import { type Squash, squashFor } from "./squash.ts";

/** Maximum number of run sets that the model rests on: half the best by a first model, the others at random. */
const activeSets = 120;
/** A random sample of this many run sets stands for all, if there are more. */
const sampled = 600;
/** A sample with fewer measured sets does not tell what is bad, so that infeasible ones might count as good. */
const fewestMeasured = 10;

/** What the run sets together say about a single one. */
export interface Pooled {
  readonly squash: Squash;
  /** Mean of all runs, squashed. */
  readonly mean: number;
  /** Variance of a single run over the variance of true means: a set of so many runs is believed by half. */
  readonly weight: number;
}

export interface ActiveSets {
  /** The best by estimate first, then others. */
  readonly sets: readonly RunSet[];
  readonly pooled: Pooled;
}

/**
 * The sets that the model rests on. Sets that lead by their own runs were also lucky, and a model of them alone would
 * expect too much. So with more than 120 sets, a first model of the leaders and others tells which sets are the best,
 * and others at random join those. The time does not grow with the number of run sets beyond 600.
 *
 * @param foresee  makes the first model: what it expects of any set
 */
export function activeSetsOf(
  runSets: RunSets,
  rng: Rng,
  foresee: (first: ActiveSets) => (set: RunSet) => number,
): ActiveSets {
  const sample = sampledSets(runSets, rng);
  const pooled = pool(withEnoughMeasured(sample, runSets));
  if (sample.length <= activeSets) return { sets: byEstimate(sample, pooled), pooled };
  const leaders = byEstimate(runSets.leaders(activeSets / 2), pooled);
  const first = firstHalf(leaders, sample, rng);
  const known = new Map([...first, ...sample].map((set) => [set.number, set]));
  const best = byScore([...known.values()], foresee({ sets: first, pooled }));
  return { sets: withMeasured(firstHalf(best, best, rng), leaders), pooled };
}

/** The sets, with the first leader if none of them is measured: the model's best is one of them. */
function withMeasured(sets: readonly RunSet[], [leader]: readonly RunSet[]): readonly RunSet[] {
  return leader === undefined || sets.some(isMeasured) ? sets : [leader, ...sets.slice(0, -1)];
}

/** The first of the ranked sets, and as many others at random. */
function firstHalf(ranked: readonly RunSet[], all: readonly RunSet[], rng: Rng): RunSet[] {
  const half = activeSets / 2;
  const best = ranked.slice(0, half);
  const isBest = new Set(best.map(({ number }) => number));
  return [
    ...best,
    ...shuffled(
      all.filter(({ number }) => !isBest.has(number)),
      half,
      rng,
    ),
  ];
}

/** Estimated squashed mean of a set's new runs: drawn towards the mean of all the more, the fewer runs it has. */
export function pooledEstimate({ squash, mean, weight }: Pooled, set: RunSet): number {
  const { runs, value } = evidenceOf(set, squash);
  return (runs * value + weight * mean) / (runs + weight);
}

export const byEstimate = (sets: readonly RunSet[], pooled: Pooled): RunSet[] =>
  byScore(sets, (set) => pooledEstimate(pooled, set));

/** The highest score first; of two equals, the older one. */
function byScore(sets: readonly RunSet[], scoreOf: (set: RunSet) => number): RunSet[] {
  return sets
    .map((set) => ({ set, score: scoreOf(set), firstSeen: set.firstSeen ?? 0 }))
    .sort((a, b) => b.score - a.score || a.firstSeen - b.firstSeen)
    .map(({ set }) => set);
}

/** All run sets with evidence, or so many of them drawn at random. */
export function sampledSets(runSets: RunSets, rng: Rng, most = sampled): RunSet[] {
  const size = knownSize(runSets);
  if (size <= 2 * most) {
    const all = [...runSets].filter(hasEvidence);
    return all.length <= most ? all : shuffled(all, most, rng);
  }
  const found = new Map<number, RunSet>();
  // Among a million run sets, few lack evidence; twice as many draws find enough.
  for (let draw = 0; draw < 2 * most && found.size < most; draw++) {
    const set = runSets.at(rng.below(size));
    if (set && hasEvidence(set)) found.set(set.number, set);
  }
  return found.size > Math.min(activeSets, most / 2) ? [...found.values()] : [...runSets].filter(hasEvidence);
}

/** The sample; and the leaders as well, if nearly all sets of the sample are infeasible, or have only failed. */
export function withEnoughMeasured(sample: readonly RunSet[], runSets: RunSets): readonly RunSet[] {
  const isEnough = sample.filter(isMeasured).length >= fewestMeasured;
  return isEnough ? sample : withoutTwice([...sample, ...runSets.leaders(activeSets)]);
}

/** Each of the sets once. */
export const withoutTwice = (sets: readonly RunSet[]): RunSet[] => [
  ...new Map(sets.map((runSet) => [runSet.number, runSet])).values(),
];

/** The number of run sets up to the last one with evidence; those assigned since change nothing. */
function knownSize(runSets: RunSets): number {
  let { size } = runSets;
  for (let last = runSets.at(size - 1); last && !hasEvidence(last); last = runSets.at(size - 1)) size -= 1;
  return size;
}

/** `count` of the sets at random, all if there are fewer; each is as likely as the others. */
export function shuffled(sets: readonly RunSet[], count: number, rng: Rng): RunSet[] {
  const all = [...sets];
  const wanted = Math.min(count, all.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + rng.below(all.length - i);
    const [a, b] = [all[i], all[j]];
    if (a && b) [all[i], all[j]] = [b, a];
  }
  return all.slice(0, wanted);
}

/** One variance of single runs for all sets: that of repeats, and a prior worth four repeats of 0.3 of the variance of all. */
export function pool(sets: readonly RunSet[]): Pooled {
  const measured = sets.filter(isMeasured);
  const means = Float64Array.from(measured, ({ mean }) => mean);
  const squash = squashFor(means);
  const values = means.map(squash.of);
  let runs = 0;
  let mean = 0;
  const counts = Int32Array.from(measured, ({ completed }) => completed);
  for (let i = 0; i < values.length; i++) {
    runs += counts[i] ?? 0;
    mean += ((values[i] ?? 0) - mean) * ((counts[i] ?? 0) / runs);
  }
  let spread = 0;
  for (let i = 0; i < values.length; i++) spread = Math.max(spread, Math.abs((values[i] ?? 0) - mean));
  if (!(spread > 0)) return { squash, mean, weight: 1 };
  let all = 0;
  for (let i = 0; i < values.length; i++) all += (counts[i] ?? 0) * (((values[i] ?? 0) - mean) / spread) ** 2;
  const variance = all / Math.max(1, runs - 1);
  let within = 0;
  let degrees = 0;
  for (const set of measured) {
    if (set.completed < 2) continue;
    degrees += set.completed - 1;
    within += (set.completed - 1) * repeatVariance(set, squash, spread, variance);
  }
  const noise = (within + 1.2 * variance) / (degrees + 4);
  return { squash, mean, weight: noise / Math.max(variance - noise, 0.1 * variance) };
}

/** However far apart repeats lie, their variance counts as at most this many times that of the sets' means. */
const mostNoise = 4;

/**
 * The variance of a set's runs after squashing, over `unit` squared.
 *
 * @param variance  of the means of sets, in the same units
 */
export function repeatVariance(
  { sampleVariance, mean }: RunSet,
  squash: Squash,
  unit: number,
  variance: number,
): number {
  const deviation = (Math.sqrt(sampleVariance) / unit) * squash.slope(mean);
  return Math.min(deviation * deviation, mostNoise * variance);
}
