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
  /** Left out: as the ending of `output` says, otherwise csv. */
  readonly to?: ExportFormat | undefined;
  /** File; job278.csv and the like, here, when left out. */
  readonly output?: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly status?: string | undefined;
  /** Says in JSON what was written. */
  readonly json?: boolean | undefined;
}
