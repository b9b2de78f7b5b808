import type { LocalRun } from "./local-run.ts";

/** What `nexus check` tells the process that executes the one run. */
export interface CheckOrder extends LocalRun {
  /** Where a program keeps its state; it exists. */
  readonly stateDirectory: string;
  /** After so many seconds the run is stopped. */
  readonly seconds: number;
  /** After so many reports too; null: any number. */
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

/** What came of it. */
export interface CheckedRun {
  readonly outcome: "completed" | "failed" | "stopped";
  /** Why it failed or was stopped; "" if it completed. */
  readonly reason: string;
  /** Null unless it completed. */
  readonly hpmax: number | null;
  readonly seconds: number;
  readonly reports: number;
  /** Iterations of the first and the newest report. */
  readonly iters: readonly [first: number, last: number];
  readonly metrics: readonly CheckedMetric[];
  /** Lines that it printed, and those in which something was measured. */
  readonly lines: number;
  readonly measuredLines: number;
  /** The newest lines. */
  readonly newest: readonly string[];
  /** Checkpoints that were taken. */
  readonly checkpoints: number;
  /** Files that it left in the folder of its state, and in its working folder. */
  readonly stateFiles: readonly string[];
  readonly files: readonly string[];
}

/** What the process reports meanwhile, and at its end. */
export type CheckNote =
  | {
      readonly kind: "program";
      readonly words: readonly string[];
      /** Variables that are set for it; those of this machine that it sees too are only counted. */
      readonly variables: Readonly<Record<string, string>>;
      readonly others: number;
    }
  | { readonly kind: "line"; readonly text: string; readonly isMeasured: boolean }
  | ({ readonly kind: "end" } & CheckedRun);
