import type { ReportRow } from "../../shared/wire/messages.ts";
import type { GpuView } from "../gpus/lent-gpus.ts";
import type { RunEnd, RunState, RunTask } from "../runner/protocol.ts";
import type { OpenFiles } from "./open-files.ts";

/** The kind of process that a run needs; it never gets one of another kind. */
export interface RunnerKind {
  readonly lowPriority: boolean;
  readonly cores: number;
  /** Whether a run in a sandbox reaches the network. The same in all runs of a job. */
  readonly network: boolean;
  /** What its runs see of the GPUs; left out: what the worker sees. A process that has used a GPU keeps it. */
  readonly gpus?: GpuView;
}

export type RunnerEnd =
  | RunEnd
  /** The process ended while the run was in progress. Reports that it had not sent are lost. */
  | { readonly type: "died"; readonly reason: string; readonly console: string };

/** A run's state that its worker holds: the run may go on. */
export interface TakenState extends Omit<RunState, "files"> {
  /** What follows `bytes`; its holder closes it. Left out: nothing follows. */
  readonly tail?: OpenFiles;
}

/**
 * Receives the reports and console lines of a run since the last call, and its state if a checkpoint was due. Each report comes
 * once: here or with the end. The receiver owns the values.
 */
export type OnReports = (reports: readonly ReportRow[], lines: string, state?: TakenState) => void;

/** A run that was started. After its end, no call has any effect. */
export interface RunningTask {
  /** Process id; 0 if there is no process. */
  readonly pid: number;
  /** Never rejects. `onReports` is not called afterwards. */
  readonly end: Promise<RunnerEnd>;
  /**
   * Ends the run: as `stopped`, or as `died` if it does not stop within the grace period (2 s). An end that is already on its way
   * takes precedence. A frozen run is thawed first. Has no effect after `stop` or `handBack`.
   */
  stop(): void;
  /**
   * Asks the run for its state, which arrives like any checkpoint; then ends the run as `stop` does. The run has
   * `savingMs` milliseconds for its state; a second call can only shorten them. Has no effect after `stop`.
   */
  handBack(savingMs: number): void;
  /** Changes the interval between checkpoints. A request: a run may ignore it. */
  checkpointEvery(seconds: number): void;
  /** Suspends the run and every process that it has started, until `thaw`. What it sent before may still arrive. */
  freeze(): void;
  /** Continues a frozen run; has no effect on one that is not frozen. */
  thaw(): void;
}

/** Port: executes runs for a worker. Implemented by runner-pool.ts (processes) and test/simulate/sim-runners.ts. */
export interface Runners {
  /**
   * Starts a run at once; limiting the number of runs is up to the caller. `onReports` is never called before this returns. A run
   * for which the system starts no process ends as `failed`, of this machine.
   *
   * @throws after `close`
   */
  run(kind: RunnerKind, task: RunTask, onReports: OnReports): RunningTask;
  /** Ends all runs at once, as `died`; resolves when no process is left. */
  close(): Promise<void>;
}
