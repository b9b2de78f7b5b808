import type { WorkerId } from "../names.ts";
import { quantile } from "../statistics.ts";
import type { Steps } from "../steps.ts";
import type { EndedRun } from "./ended-runs.ts";

/** How fast a machine is compared with the others. */
export interface Speed {
  /** 1: as fast as the median machine; 0.5: half as fast. */
  readonly factor: number;
  /** How many of its runs were compared. */
  readonly runs: number;
}

/** Fewer runs of a machine say nothing. */
const leastRuns = 5;
const mostSweeps = 30;
const settled = 0.002;

/**
 * The speed of each machine, from the time that its runs took for each iteration. A run is compared with those of the
 * same configuration on other machines; where a job has too few of these, with all runs of the job, since no search
 * looks at the machine when it chooses. Median polish of the logarithms (Tukey 1977): log(pace) = configuration +
 * machine; some runs that were frozen, waited or shared the machine do not move a median.
 *
 * In steps, one for each sweep. The result lacks machines with fewer than `leastRuns` runs that can be compared, and is
 * empty if only one machine has as many.
 */
export function* speedsInSteps(runs: readonly EndedRun[]): Steps<Map<WorkerId, Speed>> {
  const groups = comparable(runs.filter(({ pace }) => pace > 0));
  yield;
  const compared = groups.flat();
  const logs = Float64Array.from(compared, ({ pace }) => Math.log(pace));
  const machines = [...new Set(compared.map(({ worker }) => worker))];
  const places = new Map(machines.map((worker, i) => [worker, i]));
  const machineOf = Int32Array.from(compared, ({ worker }) => places.get(worker) ?? 0);
  const groupOf = Int32Array.from(groups.flatMap(({ length }, group) => new Array<number>(length).fill(group)));
  const runsOf = machines.map((): number[] => []);
  for (const [i, machine] of machineOf.entries()) runsOf[machine]?.push(i);
  const effects = new Float64Array(machines.length);
  const usual = new Float64Array(groups.length);
  for (let sweep = 0; sweep < mostSweeps; sweep += 1) {
    yield;
    let first = 0;
    for (const [group, { length }] of groups.entries()) {
      const own = logs.slice(first, first + length);
      for (let i = 0; i < length; i += 1) own[i] = (own[i] ?? 0) - (effects[machineOf[first + i] ?? 0] ?? 0);
      usual[group] = median(own);
      first += length;
    }
    let moved = 0;
    for (const [machine, own] of runsOf.entries()) {
      const effect = median(Float64Array.from(own, (i) => (logs[i] ?? 0) - (usual[groupOf[i] ?? 0] ?? 0)));
      moved = Math.max(moved, Math.abs(effect - (effects[machine] ?? 0)));
      effects[machine] = effect;
    }
    if (moved < settled) break;
  }
  const known = [...machines.keys()].filter((machine) => (runsOf[machine]?.length ?? 0) >= leastRuns);
  if (known.length < 2) return new Map();
  const middle = median(Float64Array.from(known, (machine) => effects[machine] ?? 0));
  return new Map(
    known.map((machine) => [
      machines[machine] as WorkerId, // machine is its place
      { factor: Math.exp(middle - (effects[machine] ?? 0)), runs: runsOf[machine]?.length ?? 0 },
    ]),
  );
}

/** Groups of comparable runs: those of a configuration, or of a whole job. Each group has at least two machines. */
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

/** Sorts the values in place. */
const median = (values: Float64Array): number => quantile(values.sort(), 0.5);
