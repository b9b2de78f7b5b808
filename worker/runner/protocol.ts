import type { ChosenSettings } from "../../shared/domain/run.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";

/** What a worker and its runner processes say to each other over the IPC channel (structured clone: NaN and bytes survive). */

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
      readonly settings: ChosenSettings;
      readonly seed: number;
      /** Made when the run first needs it. */
      readonly directory: string;
      /** Whether console.txt and repro_spec.yaml are written there. */
      readonly keepFiles: boolean;
    }
  | { readonly type: "stop"; readonly id: number };

export type FromRunner =
  | { readonly type: "ready" }
  | { readonly type: "reports"; readonly id: number; readonly reports: readonly ReportRow[] }
  | {
      readonly type: "done";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      readonly hpmax: number;
      readonly iters: number;
      readonly metrics: Readonly<Record<string, number>>;
      readonly console: string;
    }
  | {
      readonly type: "failed";
      readonly id: number;
      readonly reports: readonly ReportRow[];
      readonly reason: string;
      readonly console: string;
    }
  | { readonly type: "stopped"; readonly id: number };
