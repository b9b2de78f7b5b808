import type { CompletedRuns } from "./completed-runs.ts";
import type { MeasuredSets } from "./measured-sets.ts";

/** How many runs collapsed, and by how much. */
export interface CollapseCounts {
  /** Collapsed runs, and all runs that were examined. */
  readonly collapsed: number;
  readonly among: number;
  /** By how much collapsed runs lie below the leader's median, on average. */
  readonly drop: number;
}

/**
 * Runs that ended far below the other runs of their configuration: in reinforcement learning a good configuration sometimes learns
 * nothing. Normal noise does not describe these, and a configuration that was spared so far looks better than it is.
 */
export interface Collapses extends CollapseCounts {
  /** Whether run `i` has collapsed. */
  has(i: number): boolean;
}

/**
 * In robust standard deviations: a run this far below its configuration's median has collapsed; normal noise never gets there.
 */
const farBelow = 8;
/** Only configurations whose median is at most this many of these deviations below the leader's are examined. */
const alike = 4;
/** A collapse counts as at most this many deviations below the leader, even if the run diverged to -1e300. */
const deepest = 1000;
/** Fewer runs of a configuration have no useful median. */
const leastRuns = 3;
/** Converts a median absolute deviation of normal values to a standard deviation. */
const madToSd = 1.4826;

/**
 * Looks for collapses in configurations that are about as good as the leader and ran at least three times. Null if there are none,
 * or too few runs to tell.
 *
 * @param judged  number of runs, from the first, to examine
 * @param sets    the sets of these runs
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
  // The noise is estimated from the better half of the repeated configurations, where the leader is.
  const better = repeated.toSorted((a, b) => b.median - a.median).slice(0, Math.ceil(repeated.length / 2));
  const sd = madToSd * median(deviations(better));
  if (!(sd > 0)) return null;
  const fallen: number[] = [];
  /** By set: runs below this have collapsed. */
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

/** Sets with enough runs for a median, by number. */
function repeatedSets({ sets: setOf, hpmax }: CompletedRuns, judged: number, sets: MeasuredSets): RepeatedSet[] {
  /** By set: where its next value goes in `all`. */
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

/** Absolute deviations from each set's median. The bias of small sets is ignored. */
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
