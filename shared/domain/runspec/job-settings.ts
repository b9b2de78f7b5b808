import type { JobName } from "../names.ts";
import type { PrunerName } from "../pruning/pruner-names.ts";
import type { DgdOptions } from "../search/dgd.ts";
import type { RepeatRule } from "../search/no-repeats.ts";
import type { OwnSearchSettings } from "../search/own-search.ts";
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
  /** Most bytes of one checkpoint. A larger one is not carried: a lost run resumes from an earlier one or starts anew. */
  readonly checkpointLimit: number;
  /** Seconds for a run's last checkpoint when it must leave its worker, at most what the worker allows; null: that. */
  readonly graceSeconds: number | null;
  /** Seconds after which a run times out; null: never. */
  readonly maxRunSeconds: number | null;
  /** Seconds from submission after which no trial starts; running ones finish. Null: no limit. */
  readonly maxJobSeconds: number | null;
  /** Time after which no trial starts, in milliseconds since 1970; null: none. */
  readonly deadline: number | null;
  /** Charged losses that a trial survives before it fails. */
  readonly retries: number;
  /** Seed of the job; null: drawn at submission and recorded. */
  readonly seed: number | null;
  /** This job's weight when jobs share slots; above 0. */
  readonly priority: number;
  /** No trial starts once this rule is true, e.g. {name: "hpmax", op: ">=", value: 0.05}; null: none. */
  readonly stopWhen: StopRule | null;
  /** The job pauses when this many runs in a row have failed or timed out; null: never. */
  readonly maxFailuresInARow: number | null;
  /** The same limit until a run has completed; null: none. It has no effect if maxFailuresInARow is null. */
  readonly maxFailuresAtStart: number | null;
  /** Whether a search may run a configuration again. */
  readonly repeat: RepeatRule;
  readonly coresPerRun: number;
  /** GPUs that a run gets; 0: the run sees none; null: it asks for none and sees what its worker sees. */
  readonly gpusPerRun: number | null;
  /** Runs that share a GPU; 1, unless a run gets one GPU. */
  readonly runsPerGpu: number;
  /** Bytes of memory that a run may use; null: no limit. */
  readonly memoryPerRun: number | null;
  /** Whether files left in a run's folder are kept with the workspace; at most 64 MB per run. */
  readonly uploadFiles: boolean;
  /** Whether runs in a worker's sandbox may use the network. Without a sandbox they always may. */
  readonly network: boolean;
  /** Files and folders beside the spec that the runs need. */
  readonly code: readonly string[];
  /** Data files and folders beside the spec that the runs read. */
  readonly inputs: readonly string[];
  /** Commands that set up the runs' environment, once on each worker; each is a program and its arguments. */
  readonly setup: readonly (readonly string[])[];
  /** The Python of that environment: 3, 3.12 or 3.12.4; null: any. */
  readonly python: string | null;
  /** Files that do not travel with the job: patterns, as in a .gitignore file beside the spec. */
  readonly ignore: readonly string[];
  /** Constraints between hyperparameters, such as "*batch * *accum <= 512": no search breaks one. */
  readonly where: readonly string[];
  /** Constraints on metrics, such as "memory_gb <= 8": a run that breaks one is infeasible, and never the best. */
  readonly require: readonly string[];
  /** The search whose configuration this job runs again with fresh seeds (`nexus confirm`); null: none. */
  readonly confirms: JobName | null;
  readonly dgd: DgdOptions;
  /** The rule that stops runs that will not be the best. */
  readonly pruning: PrunerName;
  /** With hp_tuning: own: the program or module that chooses; null otherwise. */
  readonly search: OwnSearchSettings | null;
}

/**
 * hpmax: the best run set's mean. best_for: completed runs since it took the lead. runs: ended runs. hours: since submission.
 * failures_in_a_row: runs that failed or timed out since one completed.
 */
export interface StopRule {
  readonly name: (typeof stopNames)[number];
  readonly op: ">=" | ">" | "<=" | "<";
  readonly value: number;
}

export const stopNames = ["hpmax", "best_for", "runs", "hours", "failures_in_a_row"] as const;

export const mostRuns = 1_000_000;

export const usualCheckpointLimit = 1e9;
/** Upper limit of `checkpointLimit`, in bytes: 64 GiB. */
export const mostCheckpointBytes = 64 * 2 ** 30;
export const isCheckpointLimit = (bytes: number): boolean => bytes >= 1000 && bytes <= mostCheckpointBytes;

/** Values for settings that neither the spec nor job_launchers/XT gives. XT.yaml has the same values, with reasons. */
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
  checkpointLimit: usualCheckpointLimit,
  graceSeconds: null,
  maxRunSeconds: null,
  maxJobSeconds: null,
  deadline: null,
  retries: 5,
  seed: null,
  priority: 1,
  stopWhen: null,
  maxFailuresInARow: 20,
  maxFailuresAtStart: 5,
  repeat: "auto",
  coresPerRun: 1,
  gpusPerRun: null,
  runsPerGpu: 1,
  memoryPerRun: null,
  uploadFiles: true,
  network: false,
  code: [],
  inputs: [],
  setup: [],
  python: null,
  ignore: [],
  where: [],
  require: [],
  confirms: null,
  pruning: "none",
  dgd: { rule: "model", countInFlight: true },
  search: null,
};

/** Values for settings that a job of an earlier version lacks: what that version did. */
export const olderDefaults: JobSettings = { ...defaultSettings, maxFailuresAtStart: null };

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
  "max_failures_in_a_row",
  "max_failures_at_start",
];
