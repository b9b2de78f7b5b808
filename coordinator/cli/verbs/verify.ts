import type { AddVerbs } from "./verb.ts";

export const addVerify: AddVerbs = (program, { globals, output, exit }) => {
  program
    .command("verify [job]")
    .description("hold what is stored against the promises: nothing lost, nothing counted twice")
    .option("--json", "one JSON object", false)
    .addHelpText(
      "after",
      `
Reads the whole journal and the evidence, also while a search goes on, and checks that each run ended at most once, that
nothing started beyond total_runs, that every completion rests on a result that was told, that no curve has a gap, and that
the journal folds to what its records say. With no job: the whole workspace. Exit code 1, and what is wrong, where it is not so.

Examples:
  nexus verify job1
  nexus --workspace ws2 verify --json`,
    )
    .action(async (job: string | undefined, options: { readonly json: boolean }) => {
      exit(await (await import("../store/verify.ts")).verify(globals(), job, options, output));
    });
};
