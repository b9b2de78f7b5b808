import { type Command, Option } from "commander";
import type { RunOptions } from "../submit/launch-job.ts";
import { seconds } from "./arguments.ts";
import * as help from "./help.ts";
import { type AddVerbs, examples } from "./verb.ts";

/** How the search that a verb has started is shown. */
export const watching = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--monitor <how>",
        "same: stay and show the search; none: return; new: print the command that watches it",
      ).choices(["same", "none", "new"]),
    )
    .option("--every <seconds>", "seconds between standings if the output is not a terminal (60; 0: never)", seconds)
    .option("--json", "show the search as one JSON object a line");

/** What starts a search. */
export const addRun: AddVerbs = (program, { output, does }) => {
  program
    .command("init [file]")
    .description("write a first runspec, commented and ready to run (search.yaml)")
    .addHelpText("after", examples("nexus init", "nexus init maze.yaml"))
    .action(async (file: string | undefined) => {
      const { firstSpecName, initSpec } = await import("../submit/init.ts");
      initSpec(file ?? firstSpecName, output);
    });
  watching(program.command("run"))
    .description("run a runspec: on the swarm if its job_launcher is enabled, otherwise here and now")
    .argument("<spec>", "the runspec, a YAML file; --name value replaces <name> in it")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", help.run)
    .addHelpText("after", examples("nexus run spec.yaml", "nexus run spec.yaml --environment CartPole_Env"))
    .action(
      does(async () => {
        const { runSpec } = await import("../submit/run.ts");
        return (session, _spec: string, options: RunOptions, { args }: Command) => runSpec(session, args, options);
      }),
    );
};
