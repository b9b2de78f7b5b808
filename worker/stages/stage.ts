import type { Metric } from "../../shared/domain/run.ts";
import type { ComponentSpec } from "../components/component-spec.ts";

/** What went wrong is the run's own business and said in full: nobody need know where in our code it was noticed. */
export class StageFailure extends Error {
  override readonly name = "StageFailure";
}

/** What a stage is given by the runner that hosts it. */
export interface StageContext {
  /** The stage's own part of the runspec, expanded. */
  readonly spec: ComponentSpec;
  /** The run's folder; relative paths in the spec (`save_model_to`, ...) are resolved against it. */
  readonly directory: string;
  /** Folder of the code that the job brought along, or of the spec where it runs on its own; null: there is none. */
  readonly codeFolder: string | null;
  /** Aborted when the run is stopped; the stage returns as soon as it can, within 100 ms. */
  readonly signal: AbortSignal;
  /** The state that an earlier attempt last handed to `checkpoint`, to go on from; absent at a fresh start. */
  readonly resume?: Uint8Array;
  /**
   * Publishes what was measured since the last report. `iters` counts this stage's iterations so far; values and counts are
   * in the order of the processor's `metrics`. The runner adds hours, prints the console line, and sums up.
   * `note` is appended to the console line after a space, e.g. "SAVED".
   */
  report(iters: number, values: readonly number[], counts: readonly number[], note?: string): void;
  /** Whether a checkpoint is due: cheap, so ask often. */
  checkpointDue(): boolean;
  /** Hands over the stage's whole state at an iteration boundary; `iters` as in report. The bytes are the runner's from now on. */
  checkpoint(iters: number, state: Uint8Array): void;
  /** One line for people, to the run's console. */
  log(line: string): void;
  /** Lets signals and messages in; a stage awaits this at least every 50 ms of work. */
  breathe(): Promise<void>;
}

/** A step of a run: built for one run, run once. */
export interface StageProcessor {
  /** What `report` sends, in order. The first one is summed up and, in the last stage, maximised. */
  readonly metrics: readonly Metric[];
  /** Runs to the end of the stage, or until the signal aborts. Throws if the training itself failed. */
  run(): Promise<void>;
}

/** How a stage processor is made; a module's default export. */
export type StageFactory = (context: StageContext) => StageProcessor | Promise<StageProcessor>;
