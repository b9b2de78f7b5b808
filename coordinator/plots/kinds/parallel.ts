import { plotKind } from "../kind.ts";
import { commonOptions, filterOptions, maxRuns } from "../options.ts";

/** Which settings do good runs have? */
export const parallel = plotKind({
  name: "parallel",
  examples: [["parallel job1", "every run through all its settings"]],
  options: { ...commonOptions, ...filterOptions, maxRuns },
  most: { names: 1 },
  reads: "completed runs",
  figure: async (runs, asked) => (await import("../figures/parallel.ts")).parallelOfRuns(runs, asked),
});
