import type { WorkerId } from "../names.ts";
import { quantile } from "../statistics.ts";
import type { EndedRun } from "./ended-runs.ts";

/** A machine whose results differ from those of the others by more than chance. */
export interface Differs {
  /** The difference, in standard deviations between two runs of one configuration; negative: worse. */
  readonly shift: number;
  /** Probability that luck alone makes one machine differ so much. */
  readonly chance: number;
  /** Its runs that were compared. */
  readonly runs: number;
  /** The one machine that it was compared with, if no third one can show which of them is wrong; otherwise null. */
  readonly only: WorkerId | null;
}

/**
 * Probability that luck flags any machine at one look. People look as the search goes on, ten times while the number of
 * its runs grows a thousandfold, so luck raises a flag in 1% of all searches at most (measured in the test).
 */
const falseAlarms = 0.001;
/** A smaller difference harms no search, however certain it is. */
const leastShift = 0.25;
/** Least number of comparisons for a flag: with fewer, no difference is beyond chance. */
const leastCompared = 8;
/** Deviations beyond so many standard deviations count as this many: one diverged run is no sick machine. */
const most = 4;
/** A configuration's standard deviation is drawn towards its job's with the weight of this many runs. */
const priorRuns = 4;

/** One run of a configuration, compared with its other runs. */
interface Member {
  readonly worker: WorkerId;
  /** Its deviation from the middle of its configuration, in standard deviations of its job. */
  readonly z: number;
}

interface Group {
  readonly members: readonly Member[];
  readonly weight: number;
}

/**
 * Machines whose results differ. If no machine mattered, any assignment of a configuration's runs to the machines would
 * be equally likely. The sum of a machine's deviations is compared with its mean and variance over all exchanges of
 * runs within configurations (a stratified permutation test, in the normal approximation, which is on the safe side for
 * so few runs: no sum of n deviations exceeds n^1/2 of its standard deviations). Exact for configurations of different
 * spread.
 *
 * A search repeats configurations whose first run was lucky, so a first run is better than its repetitions on any machine, and a
 * machine that came late has no first runs. They are left out.
 *
 * The machine that differs most is taken out before the others are judged: its results moved theirs.
 */
export function differing(runs: readonly EndedRun[]): Map<WorkerId, Differs> {
  const found = new Map<WorkerId, Differs>();
  const repeats = withoutFirsts(runs);
  const machines = new Set(repeats.map(({ worker }) => worker)).size;
  for (;;) {
    const rest = repeats.filter(({ worker }) => !found.has(worker));
    const judged = judge(rest).filter(
      ({ chance, shift }) => chance * machines < falseAlarms && Math.abs(shift) >= leastShift,
    );
    const [worst] = judged.sort((a, b) => a.chance - b.chance || (a.worker < b.worker ? -1 : 1));
    if (!worst) return found;
    for (const { worker, ...differs } of machines === 2 ? judged : [worst]) {
      const other = machines === 2 ? rest.find((run) => run.worker !== worker)?.worker : undefined;
      found.set(worker, { ...differs, only: other ?? null });
    }
  }
}

function withoutFirsts(runs: readonly EndedRun[]): EndedRun[] {
  const begun = new Set<number>();
  return runs.filter(({ set }) => {
    if (begun.has(set)) return true;
    begun.add(set);
    return false;
  });
}

interface Judged extends Omit<Differs, "only"> {
  readonly worker: WorkerId;
}

function judge(runs: readonly EndedRun[]): Judged[] {
  const sums = new Map<WorkerId, { sum: number; variance: number; size: number; compared: number; runs: number }>();
  for (const { members, weight } of groupsOf(runs)) {
    const count = members.length;
    const mean = members.reduce((sum, { z }) => sum + z, 0) / count;
    const squares = members.reduce((sum, { z }) => sum + (z - mean) ** 2, 0);
    const own = new Map<WorkerId, { count: number; sum: number }>();
    for (const { worker, z } of members) {
      const part = own.get(worker) ?? { count: 0, sum: 0 };
      own.set(worker, { count: part.count + 1, sum: part.sum + z - mean });
    }
    for (const [worker, part] of own) {
      const others = count - part.count;
      if (others === 0) continue;
      const sofar = sums.get(worker) ?? { sum: 0, variance: 0, size: 0, compared: 0, runs: 0 };
      sums.set(worker, {
        sum: sofar.sum + weight * part.sum,
        variance: sofar.variance + (weight ** 2 * squares * part.count * others) / (count * (count - 1)),
        size: sofar.size + (weight * part.count * others) / count,
        compared: sofar.compared + Math.min(part.count, others),
        runs: sofar.runs + part.count,
      });
    }
  }
  return [...sums]
    .filter(([, { variance, compared }]) => variance > 0 && compared >= leastCompared)
    .map(([worker, { sum, variance, size, runs: count }]) => ({
      worker,
      shift: sum / size,
      chance: outside(sum / Math.sqrt(variance)),
      runs: count,
    }));
}

/** The runs of each configuration that two machines carried out, on one scale for each job. */
function groupsOf(runs: readonly EndedRun[]): Group[] {
  const sets = new Map<number, EndedRun[]>();
  for (const run of runs) {
    const set = sets.get(run.set);
    if (set) set.push(run);
    else sets.set(run.set, [run]);
  }
  const compared = [...sets.values()].filter((set) => set.some(({ worker }) => worker !== set[0]?.worker));
  const scales = new Map<string, number>();
  const deviations = new Map<string, number[]>();
  for (const set of compared) {
    const middle = middleOf(set);
    const all = deviations.get(set[0]?.job ?? "") ?? [];
    // The middle of few runs lies close to them.
    const correction = Math.sqrt(set.length / (set.length - 1));
    for (const { hpmax } of set) all.push(Math.abs(hpmax - middle) * correction);
    deviations.set(set[0]?.job ?? "", all);
  }
  for (const [job, all] of deviations) {
    const usual = quantile(Float64Array.from(all).sort(), 0.5) / 0.6745;
    if (usual > 0 && Number.isFinite(usual)) scales.set(job, usual);
  }
  return compared.flatMap((set) => {
    const scale = scales.get(set[0]?.job ?? "");
    // Equal runs say nothing about chance.
    if (scale === undefined) return [];
    const middle = middleOf(set);
    const members = set.map(({ worker, hpmax }) => ({
      worker,
      z: Math.max(-most, Math.min(most, (hpmax - middle) / scale)),
    }));
    const squares = members.reduce((sum, { z }) => sum + z ** 2, 0);
    return [{ members, weight: (priorRuns + set.length - 1) / (priorRuns + squares) }];
  });
}

const middleOf = (set: readonly EndedRun[]): number =>
  quantile(Float64Array.from(set, ({ hpmax }) => hpmax).sort(), 0.5);

/**
 * The part of a standard normal distribution that lies further from 0 than z, on both sides. Chebyshev fit of erfc,
 * relative error below 1.2e-7 (Press et al. 1992, Numerical Recipes, 6.2).
 */
export function outside(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const powers = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806],
    ...[0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277],
  ];
  return t * Math.exp(powers.reduceRight((sum, power) => sum * t + power, 0) - x * x);
}
