import type { AddVerbs } from "./verb.ts";

export const addOrders: AddVerbs = (program, { globals, output }) => {
  program
    .command("release <job>")
    .description("end a job that holds its nodes (hold: true); its run folders may go")
    .action(async (job: string) => {
      await (await import("../release.ts")).releaseJob(globals(), job, output);
    });
};
