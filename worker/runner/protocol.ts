import type { ChosenSettings } from "../../shared/domain/run.ts";
import type { CarriedSpec } from "../../shared/domain/runspec/carried-spec.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";

/** The messages between a worker and its runner processes (channel.ts; NaN and bytes survive). */

/** A virtual environment (worker/setup). */
export interface RunEnvironment {
  readonly folder: string;
  /** Where its Python is installed. */
  readonly base: string;
  readonly text: string;
}

export interface RunTask {
  /** With `jobText`, which a runner reads once. */
  readonly job: string;
  readonly jobText: CarriedSpec;
  /** Folder of the code that the job brings along; null if it brings none. */
  readonly codeFolder: string | null;
  /** Folder of the data that it brings along, which is only read; null if it brings none. */
  readonly inputsFolder: string | null;
  /** The virtual environment that its setup made; null or left out: none. */
  readonly environment?: RunEnvironment | null;
  readonly settings: ChosenSettings;
  readonly seed: number;
  /** The run's working folder. Created when the run first needs it; emptied before. */
  readonly directory: string;
  /** Where the files of an earlier attempt are put, apart from those of this one. */
  readonly stateDirectory: string;
  /** Whether console.txt and repro_spec.yaml are written there. */
  readonly keepFiles: boolean;
  /** The state that an earlier attempt stored (run-state.ts); null for a fresh start. */
  readonly resume: Uint8Array | null;
  /** The files of that state lie in `stateDirectory` already: they were too large for `resume`. Left out: no. */
  readonly hasStateFiles?: boolean;
  readonly checkpointSeconds: number;
  /** How long it has to save itself when it has to leave; left out: 1. */
  readonly savingSeconds?: number;
}

/** Reports and console lines since the last message; `lines` may be "". */
export interface Told {
  readonly reports: readonly ReportRow[];
  readonly lines: string;
}

export interface RunState {
  readonly stage: number;
  /** Iterations of that stage. */
  readonly iters: number;
  /** All of it; if there are `files`, its beginning. */
  readonly bytes: Uint8Array;
  /**
   * Files that are too large for a message and follow, in this order. The worker opens them where they lie and answers `taken`;
   * until then the run leaves them as they are.
   */
  readonly files?: readonly StateFile[];
  /** Why the run's files cannot be saved, so that nobody can continue from this state; "" or left out: they can. */
  readonly problem?: string;
  /** Not a state: the run could not continue from the one that it was given, and starts over; `problem` says why. */
  readonly isUnread?: boolean;
}

export interface StateFile {
  /** Whether it lies in the run's own folder, or else in that of earlier attempts. */
  readonly isOwn: boolean;
  /** Within the folder, with slashes. */
  readonly path: string;
  readonly size: number;
}

/** How a run ended. `lines` is also "" if no line was sent before, because `console` then has them. */
export type RunEnd =
  | (Told & {
      readonly type: "done";
      readonly hpmax: number;
      readonly iters: number;
      readonly metrics: Readonly<Record<string, number>>;
      /** What people call the metrics, by the same names. */
      readonly titles: Readonly<Record<string, string>>;
      readonly console: string;
    })
  | (Told & {
      readonly type: "failed";
      readonly reason: string;
      readonly console: string;
      /** Whether it failed of this machine, so that another may succeed. Left out: no. */
      readonly isOfMachine?: boolean;
    })
  | { readonly type: "stopped" };

/** `id` names the run. */
export type ToRunner = { readonly id: number } & (
  | (Omit<RunTask, "jobText"> & {
      readonly type: "run";
      /** Null: that of its last run. */
      readonly jobText: CarriedSpec | null;
    })
  | { readonly type: "checkpoint-every"; readonly seconds: number }
  /** The worker holds the files of the last state: the run may change them. */
  | { readonly type: "taken" }
  /** Asks for the state within so many milliseconds, then for a stop. A second one can only shorten that time. */
  | { readonly type: "handback"; readonly savingMs: number }
  | { readonly type: "stop" }
);

export type FromRunner = { readonly id: number } & (
  | (Told & { readonly type: "reports" })
  /** Comes with all reports up to that state that were not sent before. */
  | (Told & { readonly type: "checkpoint"; readonly state: RunState })
  | RunEnd
);
