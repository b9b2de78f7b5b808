import type { ReportRow } from "../../shared/wire/messages.ts";
import type { RunEnd, RunState, RunTask } from "../runner/protocol.ts";

/** What a runner process must be; a run never gets a process of another kind. */
export interface RunnerKind {
  readonly lowPriority: boolean;
  readonly cores: number;
}

export type RunnerEnd =
  | RunEnd
  /** The process ended under the run. Reports that it had not told are lost. */
  | { readonly type: "died"; readonly reason: string; readonly console: string };

/**
 * Hears what a run has reported, and what its console has said, since the last call; and the run's state, where a checkpoint was
 * due. A report comes once: here, or with the end. The caller owns what it is given.
 */
export type OnReports = (reports: readonly ReportRow[], lines: string, state?: RunState) => void;

/** A run that was started. Once it has ended, every call does nothing. */
export interface RunningTask {
  /** The process; 0 where there is none that the system knows. */
  readonly pid: number;
  /** Resolves once, and never rejects. Nothing of the run is heard afterwards. */
  readonly end: Promise<RunnerEnd>;
  /**
   * Ends the run: as `stopped`, or as `died` where it does not stop within the grace period (2 s). An end that was on its way
   * comes instead. One that stands still is thawed first. After `handBack`, or called again, it does nothing.
   */
  stop(): void;
  /** Asks the run for its state, which is heard as every checkpoint is, and then ends it as `stop` does. */
  handBack(): void;
  /** From now on a checkpoint is due each so many seconds; a wish, which a run may leave unheard. */
  checkpointEvery(seconds: number): void;
  /** Makes the run stand still, with every process that it has started, until it is thawed. What it said before may still be heard. */
  freeze(): void;
  /** Lets it go on where it stood; does nothing to one that is not frozen. */
  thaw(): void;
}

/**
 * Port: what executes runs for a worker. The pool of processes (runner-pool.ts) and the simulator's
 * (test/simulate/sim-runners.ts) keep the same contract.
 */
export interface Runners {
  /**
   * Starts a run at once, beside whatever runs already: the caller counts its slots. `onReports` is never called before this
   * returns. A run that cannot be started ends as `died`.
   *
   * @throws after `close`
   */
  run(kind: RunnerKind, task: RunTask, onReports: OnReports): RunningTask;
  /** Ends every run at once, as `died`; resolves when no process is left. */
  close(): Promise<void>;
}
