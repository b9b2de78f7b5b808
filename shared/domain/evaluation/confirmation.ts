import type { RunTable } from "../fold/run-table.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import { type Configuration, type Hyperparameter, settingsOf, tunedConfiguration } from "../hyperparameter.ts";
import type { JobName } from "../names.ts";
import type { Evaluated } from "./evaluated.ts";
import { type MeasuredAgain, measuredAgain } from "./measured-again.ts";
import type { Interval } from "./truth.ts";
import { launcherProperties, withLauncher, withTunedValues } from "./tuned-spec.ts";

/** Ways to pick the configurations to confirm. */
export const targets = ["best", "best-by-estimate", "best-by-run"] as const;
/**
 * best: as the standings rank them, by the model of the search. best-by-estimate: by the estimate of the verdict's model.
 * best-by-run: by the best single run, as in a sorted list of runs.
 */
export type Targets = (typeof targets)[number];

/** Places in `evaluated.sets`, best first. */
export function pickTargets(evaluated: Evaluated, by: Targets, top: number): readonly number[] {
  const { sets, verdict } = evaluated;
  const highest = (value: (place: number) => number): readonly number[] =>
    // Sets are in the order of their first completed runs, so the older of two equals is first.
    [...sets.keys()].sort((a, b) => value(b) - value(a) || a - b).slice(0, top);
  switch (by) {
    case "best":
      return evaluated.ranked(top);
    case "best-by-estimate":
      return highest((place) => verdict.estimates.get(place)?.estimate ?? Number.NEGATIVE_INFINITY);
    case "best-by-run":
      return highest((place) => sets[place]?.bestHpmax ?? Number.NaN);
    default: {
      const never: never = by;
      throw new RangeError(`unknown targets ${never}`);
    }
  }
}

/**
 * The search's spec as a job that runs one configuration again: hp_tuning false, `runs` runs, seeds of its own, and the name of
 * the search. Settings that could end it early, and so favour lucky or unlucky runs, are reset.
 *
 * @throws UnwritableSpec if the spec's layout does not allow it
 */
export function confirmationSpec(search: RunTable, configuration: Configuration, runs: number): string {
  const { text, hyperparameters } = search.submitted;
  const tuned = withTunedValues(text, hyperparameters, configuration);
  const given = launcherProperties(tuned);
  const reset = { seed: null, stop_when: null, deadline: null, max_job_time: null, hold: false };
  const kept = Object.entries(reset).filter(([name]) => given.has(name));
  return withLauncher(tuned, {
    hp_tuning: false,
    total_runs: runs,
    confirms: search.job,
    ...Object.fromEntries(kept),
  });
}

/** A configuration of a search that was run again. */
export interface Confirmation {
  readonly configuration: Configuration;
  /** The confirming jobs, oldest first. */
  readonly jobs: readonly RunTable[];
  /** What the search says about it. */
  readonly search: {
    readonly runs: number;
    readonly mean: number;
    readonly bestHpmax: number;
    readonly bestRun: string;
    /** By the verdict's model; null if the configuration was too far from the best to be considered. */
    readonly estimate: number | null;
    readonly interval: Interval | null;
  };
  /** What the feasible confirming runs say; null until they are the majority of those that completed. */
  readonly again: MeasuredAgain | null;
  /** Runs that the confirming jobs will have in all. */
  readonly planned: number;
  readonly ended: number;
  readonly failed: number;
  /** Completed runs that a mean is of; if there are too few, there is none. */
  readonly feasible: number;
  /** Completed runs that broke the search's requirements, which are in no mean. */
  readonly infeasible: number;
}

/** All confirmations of a search, in the order in which they were first requested. */
export function confirmationsOf(state: WorkspaceState, evaluated: Evaluated): Confirmation[] {
  const { table, sets, verdict } = evaluated;
  const byKey = new Map<string, { readonly configuration: Configuration; readonly jobs: RunTable[] }>();
  for (const job of confirmingJobs(state, table.job)) {
    const configuration = inSearch(table.submitted.hyperparameters, job.submitted.hyperparameters);
    if (!configuration) continue;
    const key = configuration.join(".");
    const known = byKey.get(key);
    if (known) known.jobs.push(job);
    else byKey.set(key, { configuration, jobs: [job] });
  }
  return [...byKey].flatMap(([key, { configuration, jobs }]) => {
    const place = sets.findIndex((set) => set.key === key);
    const set = sets[place];
    if (!set) return [];
    const { runs, mean, bestHpmax, bestRun } = set;
    const believed = verdict.estimates.get(place);
    const hpmax = jobs.flatMap(feasibleHpmax);
    const sum = (count: (job: RunTable) => number): number => jobs.reduce((total, job) => total + count(job), 0);
    const infeasible = sum(({ runSets }) => runSets.totals.infeasible);
    return {
      configuration,
      jobs,
      search: {
        runs,
        mean,
        bestHpmax,
        bestRun,
        estimate: believed?.estimate ?? null,
        interval: believed?.interval ?? null,
      },
      again: hpmax.length > infeasible ? measuredAgain(hpmax) : null,
      planned: sum((job) => (job.isOver ? job.ended : job.submitted.settings.totalRuns)),
      ended: sum((job) => job.ended),
      failed: sum(({ outcomes }) => outcomes.failed + outcomes["timed out"]),
      feasible: hpmax.length,
      infeasible,
    };
  });
}

const feasibleHpmax = ({ completions, trials }: RunTable): number[] =>
  completions.flatMap((n) => (trials.isFeasible(n) ? (trials.hpmaxOf(n) ?? []) : []));

/** Jobs that confirm a search, except cancelled ones without a completed run. */
export function confirmingJobs(state: WorkspaceState, search: JobName): RunTable[] {
  return [...state.jobs.values()].filter(
    (job) =>
      job.submitted.settings.confirms === search &&
      job.submitted.settings.hpTuning === false &&
      !(job.state === "cancelled" && job.completions.length === 0),
  );
}

/** The search's configuration with a confirming job's tuned values; undefined if the search lacks one of them. */
function inSearch(search: readonly Hyperparameter[], job: readonly Hyperparameter[]): Configuration | undefined {
  const settings = settingsOf(job, tunedConfiguration(job));
  const configuration = search.map(({ name, values }) => {
    const place = job.findIndex((each) => each.name === name);
    return place < 0 ? -1 : values.indexOf(settings[place] ?? null);
  });
  return configuration.includes(-1) ? undefined : configuration;
}
