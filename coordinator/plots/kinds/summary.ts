import { plotKind } from "../kind.ts";
import { axisOptions, commonOptions } from "../options.ts";

/** Has the search converged? */
export const summary = plotKind({
  name: "summary",
  examples: [["summary job1", "the best configuration's estimate, and when it changed"]],
  options: { ...commonOptions, ...axisOptions },
  most: { runs: 1, names: 0 },
  reads: "search",
  figure: async (search, asked) => (await import("../figures/search-summary.ts")).searchSummary(search, asked),
});
