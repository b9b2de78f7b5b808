import type { ChosenSettings } from "../../shared/domain/run.ts";
import type { CarriedSpec } from "../../shared/domain/runspec/carried-spec.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";

/** The messages between a worker and its runner processes (channel.ts; NaN and bytes survive). */

export interface RunTask {
  /** Identifies `jobText`, which a runner reads once. */
  readonly job: string;
  readonly jobText: CarriedSpec;
  /** Folder of the code that the job brings along; null if it brings none. */
  readonly codeFolder: string | null;
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
  readonly checkpointSeconds: number;
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
  readonly bytes: Uint8Array;
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
  | (Told & { readonly type: "failed"; readonly reason: string; readonly console: string })
  | { readonly type: "stopped" };

/** `id` names the run. */
export type ToRunner = { readonly id: number } & (
  | (Omit<RunTask, "jobText"> & {
      readonly type: "run";
      /** Null if this runner already has it. */
      readonly jobText: CarriedSpec | null;
    })
  | { readonly type: "checkpoint-every"; readonly seconds: number }
  /** Asks for the state, then for a stop. */
  | { readonly type: "handback" }
  | { readonly type: "stop" }
);

export type FromRunner = { readonly id: number } & (
  | (Told & { readonly type: "reports" })
  /** Comes with all reports up to that state that were not sent before. */
  | (Told & { readonly type: "checkpoint"; readonly state: RunState })
  | RunEnd
);
