import type { Measured } from "./class-model.ts";
import type { CompletedRun } from "./history.ts";

/**
 * Runs that came to far less than the other runs of their configuration: in reinforcement learning a good configuration now and
 * then learns nothing. No normal noise describes these, and a configuration that was spared so far looks better for it.
 */
export interface Collapses {
  /** The runs without the collapsed ones. */
  readonly others: readonly CompletedRun[];
  /** Collapsed runs, and all runs among which they were looked for. */
  readonly collapsed: number;
  readonly among: number;
  /** By how much a collapse takes a run below the leader's others, on average. */
  readonly drop: number;
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
 * @param numbers  the number of each run's configuration
 * @param sets     the configurations by number
 */
export function findCollapses(
  runs: readonly CompletedRun[],
  numbers: Int32Array,
  sets: readonly Measured[],
  leader: number,
): Collapses | null {
  const bySet = new Map<number, CompletedRun[]>();
  runs.forEach((run, i) => {
    const number = numbers[i] ?? -1;
    if ((sets[number]?.runs ?? 0) < leastRuns) return;
    const known = bySet.get(number);
    if (known) known.push(run);
    else bySet.set(number, [run]);
  });
  const repeated = [...bySet];
  if (!bySet.has(leader) || repeated.length < 2) return null;
  const medians = new Map(repeated.map(([number, set]) => [number, median(set.map(({ hpmax }) => hpmax))]));
  const level = medians.get(leader) ?? Number.NaN;
  // The best half of the repeated configurations tells the noise: where the leader is, and not where all is chaos.
  const better = repeated
    .toSorted(([a], [b]) => (medians.get(b) ?? 0) - (medians.get(a) ?? 0))
    .slice(0, Math.ceil(repeated.length / 2));
  const sd = madToSd * median(better.flatMap(([number, set]) => deviations(set, medians.get(number) ?? Number.NaN)));
  if (!(sd > 0)) return null;
  const collapsed = new Set<CompletedRun>();
  let among = 0;
  for (const [number, set] of repeated) {
    const middle = medians.get(number) ?? Number.NaN;
    if (middle < level - alike * sd) continue;
    among += set.length;
    for (const run of set) if (run.hpmax < middle - farBelow * sd) collapsed.add(run);
  }
  if (collapsed.size === 0) return null;
  const floor = level - deepest * sd;
  const fallen = [...collapsed].reduce((sum, { hpmax }) => sum + Math.max(floor, hpmax) / collapsed.size, 0);
  return {
    others: runs.filter((run) => !collapsed.has(run)),
    collapsed: collapsed.size,
    among,
    drop: Math.max(0, level - fallen),
  };
}

/** Half of them are 0 or small by construction of the median; the factor of a small set's own median is left out. */
const deviations = (set: readonly CompletedRun[], middle: number): number[] =>
  set.map(({ hpmax }) => Math.abs(hpmax - middle));

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
