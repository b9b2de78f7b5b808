import { examples } from "./examples.ts";
import type { AddVerbs } from "./verb.ts";

export const addOrders: AddVerbs = (program, { globals, output }) => {
  program
    .command("release <job>")
    .description("end a job that holds its nodes (hold: true); its run folders may go")
    .option("--json", "one JSON object")
    .addHelpText("after", examples("nexus release job1"))
    .action(async (job: string, options: { json?: boolean }) => {
      await (await import("../control/release.ts")).releaseJob(globals(), job, options, output);
    });
};
