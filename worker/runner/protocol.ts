import type { ChosenSettings } from "../../shared/domain/run.ts";
import type { CarriedSpec } from "../../shared/domain/runspec/carried-spec.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";

/** What a worker and its runner processes say to each other over their pipe (channel.ts; NaN and bytes survive). */

/** A run to be executed. */
export interface RunTask {
  /** Names the job's text: a runner reads it once. */
  readonly job: string;
  readonly jobText: CarriedSpec;
  /** Code that the job brings along; null: none. */
  readonly codeFolder: string | null;
  readonly settings: ChosenSettings;
  readonly seed: number;
  /** Made when the run first needs it. */
  readonly directory: string;
  /** Whether console.txt and repro_spec.yaml are written there. */
  readonly keepFiles: boolean;
  /** The state that an earlier attempt left (run-state.ts); null: it begins. */
  readonly resume: Uint8Array | null;
  readonly checkpointSeconds: number;
}

/** What was reported and said since the last message; `lines` is "" where nothing was said. */
export interface Told {
  readonly reports: readonly ReportRow[];
  readonly lines: string;
}

/** A run's whole state at some point. */
export interface RunState {
  readonly stage: number;
  /** Of that stage. */
  readonly iters: number;
  readonly bytes: Uint8Array;
}

/** How a run ended. `lines` is "" also where the console's whole text is in `console`. */
export type RunEnd =
  | (Told & {
      readonly type: "done";
      readonly hpmax: number;
      readonly iters: number;
      readonly metrics: Readonly<Record<string, number>>;
      /** By the same names, for people. */
      readonly titles: Readonly<Record<string, string>>;
      readonly console: string;
    })
  | (Told & { readonly type: "failed"; readonly reason: string; readonly console: string })
  | { readonly type: "stopped" };

/** Each message names the run that it is about. */
export type ToRunner = { readonly id: number } & (
  | (Omit<RunTask, "jobText"> & {
      readonly type: "run";
      /** Null where this runner has had it before. */
      readonly jobText: CarriedSpec | null;
    })
  | { readonly type: "checkpoint-every"; readonly seconds: number }
  /** Hand over the state, then stop. */
  | { readonly type: "handback" }
  | { readonly type: "stop" }
);

export type FromRunner = { readonly id: number } & (
  | (Told & { readonly type: "reports" })
  /** With every report up to there that was not sent before. */
  | (Told & { readonly type: "checkpoint"; readonly state: RunState })
  | RunEnd
);
