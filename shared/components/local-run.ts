import type { ChosenSettings } from "../domain/run.ts";

/** What `nexus run` tells the process that executes a spec on this machine, in one IPC message. */
export interface LocalRun {
  readonly file: string;
  readonly text: string;
  /** Defaults YAML of every component that the spec may use, by component name. */
  readonly sources: Readonly<Record<string, string>>;
  readonly commandLine: Readonly<Record<string, string>>;
  readonly settings: ChosenSettings;
  /** Every randint of the run follows from it. */
  readonly seed: number;
  /** Where code of the user's own lies; null: there is none. */
  readonly codeFolder: string | null;
  /** The run's folder; it exists. */
  readonly directory: string;
}
