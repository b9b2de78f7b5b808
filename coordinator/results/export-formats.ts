export const exportFormats = ["csv", "tsv", "jsonl", "parquet", "optuna-journal"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** `nexus export job278 --to parquet`. */
export interface ExportJobOptions {
  readonly to: ExportFormat;
  /** File; job278.csv and the like, here, when left out. */
  readonly output?: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly status?: string | undefined;
  /** Says in JSON what was written. */
  readonly json?: boolean | undefined;
}
