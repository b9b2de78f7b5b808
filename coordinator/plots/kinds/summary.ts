import { plotKind } from "../kind.ts";
import { axisOptions, commonOptions } from "../options.ts";

/** Has the search converged? Or, for a job that repeats one configuration: what is its mean? */
export const summary = plotKind({
  name: "summary",
  examples: [["summary job1", "the best configuration's estimate, and when it changed"]],
  options: { ...commonOptions, ...axisOptions },
  most: { runs: 1, names: 0 },
  reads: "search",
  figure: async (search, asked) => {
    const { repeats } = search;
    if (repeats === null) return (await import("../figures/search-summary.ts")).searchSummary(search, asked);
    return (await import("../figures/repeats-summary.ts")).repeatsSummary({ ...search, repeats }, asked);
  },
});
