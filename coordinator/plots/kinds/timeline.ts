import { plotKind } from "../kind.ts";
import { commonOptions, xLabel } from "../options.ts";

/** What did the workers do? */
export const timeline = plotKind({
  name: "timeline",
  examples: [["timeline job1", "what each worker did when"]],
  options: { ...commonOptions, xLabel },
  most: { names: 0 },
  reads: "stays",
  figure: async (read, asked) => (await import("../figures/timeline.ts")).workerTimeline(read, asked),
});
