import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import type { JobName } from "../names.ts";
import type { SpecSource } from "./expand.ts";

/** Which algorithm chooses configurations; false repeats the tuned configuration. */
export type HpTuning = "random" | "grid" | "dgd" | "bayesian" | false;

/** The job_launcher section, checked; `design.md`-style meanings are documented in ARCHITECTURE.md. */
export interface JobSettings {
  /** Whether `nexus run` submits to the swarm (true) or runs here (false). */
  readonly enabled: boolean;
  readonly hpTuning: HpTuning;
  /** Runs that end the job: 1 to 1,000,000. */
  readonly totalRuns: number;
  /** At most so many workers hold trials of this job at once; null: all that come. */
  readonly computeNodes: number | null;
  /** At most so many trials of this job on one worker at once; null: as many as it has slots. */
  readonly runsPerNode: number | null;
  /** Only workers that serve this pool; null: any. */
  readonly computeTarget: string | null;
  readonly lowPriority: boolean;
  readonly hold: boolean;
  readonly monitor: "same" | "none" | "new";
  /** Seconds between checkpoints. */
  readonly checkpointEverySeconds: number;
  /** Seconds after which a run is ended as timed out; null: never. */
  readonly maxRunSeconds: number | null;
  /** Seconds after the submission from which on nothing new starts; what was begun is finished. Null: no limit. */
  readonly maxJobSeconds: number | null;
  /** The same as a time: wall-clock milliseconds; null: none. */
  readonly deadline: number | null;
  /** Charged losses that a trial survives. */
  readonly retries: number;
  /** Seed of the job; null: drawn at submission and recorded. */
  readonly seed: number | null;
  /** Weight of this job's share of the slots; above 0. */
  readonly priority: number;
  /** Nothing new starts once this holds of the standings, e.g. {name: "hpmax", op: ">=", value: 0.05}. */
  readonly stopWhen: StopRule | null;
  readonly coresPerRun: number;
  /** Bytes of memory a run may use; null: not limited. */
  readonly memoryPerRun: number | null;
  /** Whether the files that a run leaves in its folder are kept with the workspace; at most 64 MB of a run. */
  readonly uploadFiles: boolean;
  /** Files and folders beside the spec that the runs need. */
  readonly code: readonly string[];
  /** The search whose best configuration this job runs again with fresh seeds (`nexus confirm`); null: it confirms none. */
  readonly confirms: JobName | null;
  /** Options of the dgd search. */
  readonly dgd: { readonly countInFlight: boolean };
}

/** `hpmax` is the best run set's mean, `best_for` the completed runs it has led for, `runs` the runs ended, `hours` since submission. */
export interface StopRule {
  readonly name: "hpmax" | "best_for" | "runs" | "hours";
  readonly op: ">=" | ">" | "<=" | "<";
  readonly value: number;
}

/** Plain data as YAML gives it. */
export type Tree = Setting | readonly Tree[] | { readonly [key: string]: Tree };

/** A runspec that has been read and checked; made by `readSpec` only. */
export interface Spec {
  /** As the user named it, for messages. */
  readonly file: string;
  readonly text: string;
  /** The `--name value` arguments it was read with. */
  readonly commandLine: Readonly<Record<string, string>>;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: JobSettings;
  /** Whether `randint` occurs, or comes with a component's defaults, in anything that is executed. */
  readonly hasRandint: boolean;
  /** What `expandSpec` walks; nobody else's business, and not to be sent anywhere. */
  readonly source: SpecSource;
}

/** Where the defaults of components come from. */
export interface ComponentDefaults {
  /** The YAML text of a component's defaults; undefined if there is no such component. */
  text(component: string): string | undefined;
  /** Every component there is, for "did you mean". */
  names(): readonly string[];
}

/** A place in a file, both from 1. Line 0: no line of a file, such as the command line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing wrong, or wasteful, in a runspec. */
export interface Problem {
  readonly place: Place;
  /** What was found. */
  readonly message: string;
  /** What was expected, and what to type; further lines, unindented. */
  readonly hints: readonly string[];
  /** Length of the underlined text; 0 for none. */
  readonly length: number;
}
