export const exportFormats = ["csv", "tsv", "jsonl", "parquet", "optuna-journal"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Other tools; for all but TensorBoard, their own packages write. `optuna` is a study in any storage of optuna's. */
export const toolFormats = ["mlflow", "wandb", "trackio", "tensorboard", "optuna"] as const;
export type ToolFormat = (typeof toolFormats)[number];

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
  readonly to?: ExportFormat | ToolFormat | undefined;
  /** Default: job278.csv and the like, here; -: standard output. For a tool: its folder, project or storage. */
  readonly output?: string | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly status?: string | undefined;
  /** Print in JSON what was written. */
  readonly json?: boolean | undefined;
}
