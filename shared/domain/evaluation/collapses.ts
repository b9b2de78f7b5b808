import type { CompletedRuns } from "./completed-runs.ts";
import type { MeasuredSets } from "./measured-sets.ts";

/** How many runs collapsed, and what that costs. */
export interface CollapseCounts {
  /** Collapsed runs, and all runs among which they were looked for. */
  readonly collapsed: number;
  readonly among: number;
  /** By how much a collapse takes a run below the leader's others, on average. */
  readonly drop: number;
}

/**
 * Runs that came to far less than the other runs of their configuration: in reinforcement learning a good configuration now and
 * then learns nothing. No normal noise describes these, and a configuration that was spared so far looks better for it.
 */
export interface Collapses extends CollapseCounts {
  /** Whether a run has collapsed, by its place. */
  has(i: number): boolean;
}

/** A run so many robust standard deviations below its configuration's median has collapsed: normal runs never do that. */
const farBelow = 8;
/** Configurations whose median is within so many of the leader's are like it, and so are their risks. */
const alike = 4;
/** A run that diverged to -1e300 counts as one that fell so many: its size says nothing more. */
const deepest = 1000;
/** Fewer runs have no median worth comparing with. */
const leastRuns = 3;
/** Makes a median absolute deviation a standard deviation, for normal runs. */
const madToSd = 1.4826;

/**
 * Looks for collapses in the configurations that are about as good as the leader and were run at least three times; null where
 * there is none, or nothing to tell by.
 *
 * @param judged  only so many first runs are looked at
 * @param sets    what these say of the configurations
 */
export function findCollapses(
  runs: CompletedRuns,
  judged: number,
  sets: MeasuredSets,
  leader: number,
): Collapses | null {
  const repeated = repeatedSets(runs, judged, sets);
  if (!((sets.runs[leader] ?? 0) >= leastRuns) || repeated.length < 2) return null;
  const level = repeated.find(({ set }) => set === leader)?.median ?? Number.NaN;
  // The best half of the repeated configurations tells the noise: where the leader is, and not where all is chaos.
  const better = repeated.toSorted((a, b) => b.median - a.median).slice(0, Math.ceil(repeated.length / 2));
  const sd = madToSd * median(deviations(better));
  if (!(sd > 0)) return null;
  const fallen: number[] = [];
  /** Of each set: what is below has collapsed. */
  const bounds = new Float64Array(sets.length).fill(Number.NEGATIVE_INFINITY);
  let among = 0;
  for (const { set, values, median: middle } of repeated) {
    if (middle < level - alike * sd) continue;
    among += values.length;
    const bound = middle - farBelow * sd;
    bounds[set] = bound;
    for (const value of values) if (value < bound) fallen.push(value);
  }
  if (fallen.length === 0) return null;
  const floor = level - deepest * sd;
  const mean = fallen.reduce((sum, value) => sum + Math.max(floor, value) / fallen.length, 0);
  return {
    has: (i) => (runs.hpmax[i] ?? Number.NaN) < (bounds[runs.sets[i] ?? -1] ?? Number.NaN),
    collapsed: fallen.length,
    among,
    drop: Math.max(0, level - mean),
  };
}

interface RepeatedSet {
  readonly set: number;
  /** In the order of the runs. */
  readonly values: Float64Array;
  readonly median: number;
}

/** Those with runs enough for a median, in the order of their numbers. */
function repeatedSets({ sets: setOf, hpmax }: CompletedRuns, judged: number, sets: MeasuredSets): RepeatedSet[] {
  /** Where the values of each set begin among all of them, then where its next one belongs. */
  const places = new Int32Array(sets.length);
  let length = 0;
  sets.runs.forEach((runs, set) => {
    places[set] = length;
    if (runs >= leastRuns) length += runs;
  });
  const all = new Float64Array(length);
  for (let i = 0; i < judged; i += 1) {
    const set = setOf[i] ?? -1;
    if ((sets.runs[set] ?? 0) < leastRuns) continue;
    const place = places[set] ?? 0;
    all[place] = hpmax[i] ?? Number.NaN;
    places[set] = place + 1;
  }
  const repeated: RepeatedSet[] = [];
  sets.runs.forEach((runs, set) => {
    if (runs < leastRuns) return;
    const end = places[set] ?? 0;
    const values = all.subarray(end - runs, end);
    repeated.push({ set, values, median: median(values) });
  });
  return repeated;
}

/** Half of them are 0 or small by construction of the median; the factor of a small set's own median is left out. */
function deviations(sets: readonly RepeatedSet[]): Float64Array {
  const all = new Float64Array(sets.reduce((sum, { values }) => sum + values.length, 0));
  let place = 0;
  for (const { values, median: middle } of sets) {
    for (const value of values) {
      all[place] = Math.abs(value - middle);
      place += 1;
    }
  }
  return all;
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
