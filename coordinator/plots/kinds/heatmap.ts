import { plotKind } from "../kind.ts";
import { commonOptions, filterOptions, heatAggregate, maxRuns } from "../options.ts";

/** What do two hyperparameters do together? */
export const heatmap = plotKind({
  name: "heatmap",
  otherName: "heat-map",
  examples: [["heatmap job1 lr disc", "two hyperparameters at once (--aggregate=max: the best)"]],
  options: { ...commonOptions, ...filterOptions, maxRuns, aggregate: heatAggregate },
  reads: "completed runs",
  figure: async (runs, asked) => (await import("../figures/heat-map.ts")).heatMapOfRuns(runs, asked),
});
