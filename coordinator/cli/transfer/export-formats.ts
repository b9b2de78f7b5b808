export const exportFormats = ["csv", "tsv", "jsonl", "parquet", "optuna-journal"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportEndings: Readonly<Record<ExportFormat, string>> = {
  csv: ".csv",
  tsv: ".tsv",
  jsonl: ".jsonl",
  parquet: ".parquet",
  "optuna-journal": ".optuna.log",
};

/** `nexus export job278 --to parquet`. */
export interface ExportJobOptions {
  /** Default: by the ending of `output`, otherwise csv. */
  readonly to?: ExportFormat | undefined;
  /** Default: job278.csv and the like, in the current folder. */
  readonly output?: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly status?: string | undefined;
  /** Print in JSON what was written. */
  readonly json?: boolean | undefined;
}
