import { plotKind } from "../kind.ts";
import { commonOptions, filterOptions } from "../options.ts";

/** Which hyperparameters matter? */
export const importance = plotKind({
  name: "importance",
  examples: [["importance job1", "which hyperparameters matter, with intervals"]],
  options: { ...commonOptions, ...filterOptions },
  most: { names: 1 },
  reads: "completed runs",
  figure: async (runs, asked) => (await import("../figures/importance-bars.ts")).importanceOfRuns(runs, asked),
});
