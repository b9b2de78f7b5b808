import { type Command, Option } from "commander";
import type { RunOptions } from "../submit/launch-job.ts";
import { seconds } from "./arguments.ts";
import { examples } from "./examples.ts";
import * as help from "./help.ts";
import type { AddVerbs } from "./verb.ts";

export const addRun: AddVerbs = (program, { globals, output, exit }) => {
  program
    .command("run")
    .description("execute a runspec: on the swarm if its job_launcher is enabled, otherwise here and now")
    .argument("<spec>", "the runspec, a YAML file; --name value replaces <name> in it")
    .addOption(
      new Option("--monitor <how>", "same: stay and show the search; none: return; new: print what watches it").choices(
        ["same", "none", "new"],
      ),
    )
    .option("--every <seconds>", "seconds between standings where the output is no terminal (60; 0: never)", seconds)
    .option("--json", "show the search as one JSON object a line")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", help.run)
    .addHelpText("after", examples("nexus run spec.yaml", "nexus run spec.yaml --environment CartPole_Env"))
    .action(async (_spec: string, options: RunOptions, command: Command) => {
      exit(await (await import("../submit/run.ts")).runSpec(globals(), command.args, options, output));
    });
};
