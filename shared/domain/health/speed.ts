import type { WorkerId } from "../names.ts";
import { quantile } from "../statistics.ts";
import type { EndedRun } from "./ended-runs.ts";

/** How fast a machine is beside the others. */
export interface Speed {
  /** 1: as the machine in the middle; 0.5: half as fast. */
  readonly factor: number;
  /** Runs that say so. */
  readonly runs: number;
}

/** Fewer runs of a machine say nothing. */
export const leastRuns = 5;
const mostSweeps = 30;
const settled = 0.002;

/**
 * The speed of each machine, from the time that its runs took for each iteration. A run is compared with those of the same
 * configuration on other machines; where a job has too few of these, with all runs of the job, since no search looks at the
 * machine when it chooses. Median polish of the logarithms (Tukey 1977): log(pace) = configuration + machine; runs that waited,
 * frozen, or beside others, do not move a median.
 *
 * @returns nothing for machines with fewer than `leastRuns` runs that can be compared
 */
export function speeds(runs: readonly EndedRun[]): Map<WorkerId, Speed> {
  const groups = comparable(runs.filter(({ pace }) => pace > 0));
  const effects = new Map<WorkerId, number>();
  const byWorker = new Map<WorkerId, { log: number; group: number }[]>();
  groups.forEach((members, group) => {
    for (const { worker, pace } of members) {
      const list = byWorker.get(worker);
      const entry = { log: Math.log(pace), group };
      if (list) list.push(entry);
      else byWorker.set(worker, [entry]);
    }
  });
  for (const worker of byWorker.keys()) effects.set(worker, 0);
  for (let sweep = 0; sweep < mostSweeps; sweep += 1) {
    const usual = groups.map((members) =>
      median(members.map(({ worker, pace }) => Math.log(pace) - (effects.get(worker) ?? 0))),
    );
    let moved = 0;
    for (const [worker, entries] of byWorker) {
      const effect = median(entries.map(({ log, group }) => log - (usual[group] ?? 0)));
      moved = Math.max(moved, Math.abs(effect - (effects.get(worker) ?? 0)));
      effects.set(worker, effect);
    }
    if (moved < settled) break;
  }
  const known = [...byWorker].filter(([, entries]) => entries.length >= leastRuns);
  if (known.length < 2) return new Map();
  const middle = median(known.map(([worker]) => effects.get(worker) ?? 0));
  return new Map(
    known.map(([worker, { length }]) => [
      worker,
      { factor: Math.exp(middle - (effects.get(worker) ?? 0)), runs: length },
    ]),
  );
}

/** Runs that may be compared with each other: those of a configuration, or of a whole job. Each group has two machines. */
function comparable(runs: readonly EndedRun[]): EndedRun[][] {
  const byJob = groupedBy(runs, ({ job }) => job);
  return [...byJob.values()].flatMap((ofJob) => {
    const paired = [...groupedBy(ofJob, ({ set }) => set).values()].filter(hasTwo);
    const counts = (groups: readonly (readonly EndedRun[])[]): number =>
      [...groupedBy(groups.flat(), ({ worker }) => worker).values()].filter(({ length }) => length >= leastRuns).length;
    return counts(paired) >= Math.max(2, counts([ofJob]) / 2) ? paired : [ofJob].filter(hasTwo);
  });
}

const hasTwo = (runs: readonly EndedRun[]): boolean => runs.some(({ worker }) => worker !== runs[0]?.worker);

function groupedBy<Key>(runs: readonly EndedRun[], keyOf: (run: EndedRun) => Key): Map<Key, EndedRun[]> {
  const groups = new Map<Key, EndedRun[]>();
  for (const run of runs) {
    const key = keyOf(run);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return groups;
}

const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5);
