import type { ChosenSettings } from "../../shared/domain/run.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";

/** What a worker and its runner processes say to each other over their pipe (channel.ts; NaN and bytes survive). */

/** A job's runspec with everything needed to read it. */
export interface JobText {
  readonly file: string;
  readonly text: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
}

export type ToRunner =
  | {
      readonly type: "run";
      readonly id: number;
      /** Names the job's text for the runner's cache; `jobText` comes along when the runner does not have it yet. */
      readonly job: string;
      readonly jobText: JobText | null;
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
  | { readonly type: "checkpoint-every"; readonly id: number; readonly seconds: number }
  /** Hand over the state, then stop. */
  | { readonly type: "handback"; readonly id: number }
  | { readonly type: "stop"; readonly id: number };

/** A run's whole state at some point. */
export interface RunState {
  readonly stage: number;
  /** Of that stage. */
  readonly iters: number;
  readonly bytes: Uint8Array;
}

export type FromRunner =
  /** With every report up to there that was not sent before. */
  | {
      readonly type: "checkpoint";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      readonly lines: string;
      readonly state: RunState;
    }
  | {
      readonly type: "reports";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      /** What the console said since the last message; "" for nothing. */
      readonly lines: string;
    }
  | {
      readonly type: "done";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      readonly hpmax: number;
      readonly iters: number;
      readonly metrics: Readonly<Record<string, number>>;
      /** By the same names, for people. */
      readonly titles: Readonly<Record<string, string>>;
      readonly console: string;
      /** As above; also "" where the console's whole text comes in one message, this one. */
      readonly lines: string;
    }
  | {
      readonly type: "failed";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      readonly reason: string;
      readonly console: string;
      readonly lines: string;
    }
  | { readonly type: "stopped"; readonly id: number };
