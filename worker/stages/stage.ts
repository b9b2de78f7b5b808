import type { Metric } from "../../shared/domain/run.ts";
import type { ComponentSpec } from "../components/component-spec.ts";

/** The training failed, and the message says everything: a stack of our code would not help. */
export class StageFailure extends Error {
  override readonly name = "StageFailure";
}

/** Hears what a stage does with the user's program. Only `nexus check` listens. */
export interface Witness {
  started(words: readonly string[], environment: NodeJS.ProcessEnv): void;
  /** @param isMeasured  whether a metric was found in the line */
  printed(line: string, isMeasured: boolean): void;
}

/** What the runner gives to a stage. */
export interface StageContext {
  /** The stage's own part of the runspec, expanded. */
  readonly spec: ComponentSpec;
  /** The run's folder. Relative paths in the spec (`save_model_to`, ...) are relative to it. */
  readonly directory: string;
  /**
   * Folder with the files that earlier attempts at the run left; empty or absent at a fresh start. Other machines made
   * them: read data here, never load code.
   */
  readonly stateDirectory: string;
  /** Folder of the code that the job or the spec brings along; null if there is none. */
  readonly codeFolder: string | null;
  /**
   * Folder of the data that the job or the spec brings along, at its paths beside the spec. Read-only; null if there is
   * none.
   */
  readonly inputsFolder: string | null;
  /** Folder of the virtual environment that the job's setup made here; null or left out if it made none. */
  readonly environmentFolder?: string | null;
  /** Aborted when the run is stopped. The stage then returns within 100 ms. */
  readonly signal: AbortSignal;
  /**
   * Aborted when the run has to leave its worker. A checkpoint is then due within `reason` milliseconds. `signal` is
   * aborted after that checkpoint, or when the time is over.
   */
  readonly leaving: AbortSignal;
  /** Seconds that a run usually gets for that checkpoint. */
  readonly savingSeconds: number;
  /** Whether the first metric becomes the run's result, and no earlier attempt has measured it; left out: no. */
  readonly needsFirst?: boolean;
  /** The last state that an earlier attempt passed to `checkpoint`, to continue from; absent at a fresh start. */
  readonly resume?: Uint8Array;
  /**
   * Publishes what was measured since the last report. `iters` counts this stage's iterations so far; values and counts are
   * in the order of the processor's `metrics`. The runner adds hours, prints the console line, and sums up.
   * `note` is appended to the console line after a space, e.g. "SAVED".
   */
  report(iters: number, values: readonly number[], counts: readonly number[], note?: string): void;
  /** Whether a checkpoint is due. Cheap, so call it often. */
  checkpointDue(): boolean;
  /**
   * Hands over the whole state of the stage between two iterations; `iters` as in `report`. The runner owns the bytes. Resolves when
   * the run's files are held too; until then the files must not change. Never rejects.
   */
  checkpoint(iters: number, state: Uint8Array): Promise<void>;
  readonly witness?: Witness;
  /** Prints one line on the run's console. */
  log(line: string): void;
  /** Lets signals and messages in. A stage awaits this at least every 50 ms of work. */
  breathe(): Promise<void>;
}

/** A step of a run. It is created for one run and executed once. */
export interface StageProcessor {
  /** The metrics that `report` sends, in order. The first is summarised and, in the last stage, maximised. */
  readonly metrics: readonly Metric[];
  /** Runs to the end of the stage, or until the signal aborts. Throws if the training itself failed. */
  run(): Promise<void>;
}

/** Creates a stage processor. The default export of its module. */
export type StageFactory = (context: StageContext) => StageProcessor | Promise<StageProcessor>;
