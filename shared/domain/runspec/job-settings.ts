import type { JobName } from "../names.ts";
import type { DgdOptions } from "../search/dgd.ts";
import type { HpTuning } from "../search/searches.ts";

/** The job_launcher section, checked. shared/defaults/job_launchers/XT.yaml explains each setting. */
export interface JobSettings {
  /** Whether `nexus run` submits to the swarm (true) or runs here (false). */
  readonly enabled: boolean;
  readonly hpTuning: HpTuning;
  /** Runs that end the job: 1 to 1,000,000. */
  readonly totalRuns: number;
  /** Maximum number of workers that hold trials of this job at once; null: all that ask. */
  readonly computeNodes: number | null;
  /** Maximum number of trials of this job on one worker at once; null: as many as the worker has slots. */
  readonly runsPerNode: number | null;
  /** Only workers that serve this pool; null: any. */
  readonly computeTarget: string | null;
  readonly lowPriority: boolean;
  readonly hold: boolean;
  readonly monitor: "same" | "none" | "new";
  readonly checkpointEverySeconds: number;
  /** Seconds after which a run times out; null: never. */
  readonly maxRunSeconds: number | null;
  /** Seconds from submission after which no trial starts; running ones finish. Null: no limit. */
  readonly maxJobSeconds: number | null;
  /** The same as an absolute time, in wall-clock milliseconds; null: none. */
  readonly deadline: number | null;
  /** Charged losses that a trial survives. */
  readonly retries: number;
  /** Seed of the job; null: drawn at submission and recorded. */
  readonly seed: number | null;
  /** This job's weight when jobs share slots; above 0. */
  readonly priority: number;
  /** No trial starts once this is true, e.g. {name: "hpmax", op: ">=", value: 0.05}. */
  readonly stopWhen: StopRule | null;
  readonly coresPerRun: number;
  /** Bytes of memory that a run may use; null: no limit. */
  readonly memoryPerRun: number | null;
  /** Whether the files that a run leaves in its folder are kept with the workspace; at most 64 MB a run. */
  readonly uploadFiles: boolean;
  /** Whether runs reach the network where their worker keeps them in a sandbox. Elsewhere they always do. */
  readonly network: boolean;
  /** Files and folders beside the spec that the runs need. */
  readonly code: readonly string[];
  /** The search whose configuration this job runs again with fresh seeds (`nexus confirm`); null: none. */
  readonly confirms: JobName | null;
  readonly dgd: DgdOptions;
}

/** hpmax: the best run set's mean. best_for: completed runs since it took the lead. runs: ended runs. hours: since submission. */
export interface StopRule {
  readonly name: "hpmax" | "best_for" | "runs" | "hours";
  readonly op: ">=" | ">" | "<=" | "<";
  readonly value: number;
}

export const mostRuns = 1_000_000;

/** The settings that neither the spec nor the defaults of job_launchers/XT give. That file has the same values, with reasons. */
export const defaultSettings: JobSettings = {
  enabled: false,
  hpTuning: false,
  totalRuns: 1,
  computeNodes: null,
  runsPerNode: null,
  computeTarget: null,
  lowPriority: true,
  hold: false,
  monitor: "same",
  checkpointEverySeconds: 60,
  maxRunSeconds: null,
  maxJobSeconds: null,
  deadline: null,
  retries: 5,
  seed: null,
  priority: 1,
  stopWhen: null,
  coresPerRun: 1,
  memoryPerRun: null,
  uploadFiles: true,
  network: false,
  code: [],
  confirms: null,
  dgd: { countInFlight: true },
};

/** Settings that `nexus edit` can change while a search runs. */
export const editableSettings: readonly string[] = [
  "total_runs",
  "compute_nodes",
  "runs_per_node",
  "priority",
  "retries",
  "max_run_time",
  "max_job_time",
  "deadline",
  "stop_when",
];
