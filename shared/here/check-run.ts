import type { LocalRun } from "./local-run.ts";

/** What `nexus check` tells the process that executes its one run. */
export interface CheckOrder extends LocalRun {
  /** The folder in which a program keeps its state; it exists. */
  readonly stateDirectory: string;
  /** The run is stopped after this many seconds. */
  readonly seconds: number;
  /** The run is also stopped after this many reports; null: no limit. */
  readonly reports: number | null;
}

/** A metric as the run reported it. */
export interface CheckedMetric {
  /** With the prefix of its stage: s1-accuracy. */
  readonly name: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** The outcome of the run. */
export interface CheckedRun {
  readonly outcome: "completed" | "failed" | "stopped";
  /** Why the run failed or was stopped; "" if it completed. */
  readonly reason: string;
  /** Null unless it completed. */
  readonly hpmax: number | null;
  /**
   * The metric by which a search goes, the first of the last enabled stage: s2-accuracy. Null: that stage has reported
   * nothing, and is no program, whose metrics the spec lists.
   */
  readonly searched: string | null;
  readonly seconds: number;
  readonly reports: number;
  /** Iterations of the first and the newest report. */
  readonly iters: readonly [first: number, last: number];
  /** Those that were measured. */
  readonly metrics: readonly CheckedMetric[];
  /** Number of lines that the run printed, and of those with a measurement. */
  readonly lines: number;
  readonly measuredLines: number;
  /** The last lines that the run printed. */
  readonly newest: readonly string[];
  /** Number of checkpoints taken. */
  readonly checkpoints: number;
  /** Files that the run left in its state's folder, and in its working folder. */
  readonly stateFiles: readonly string[];
  readonly files: readonly string[];
}

/** What the process reports during the run and at its end. */
export type CheckNote =
  | {
      readonly kind: "program";
      readonly words: readonly string[];
      /** Variables that are set for the program; `others` counts those of this machine that it sees too. */
      readonly variables: Readonly<Record<string, string>>;
      readonly others: number;
    }
  | { readonly kind: "line"; readonly text: string; readonly isMeasured: boolean }
  | ({ readonly kind: "end" } & CheckedRun);
