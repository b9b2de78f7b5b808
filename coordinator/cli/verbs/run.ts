import { type Command, Option } from "commander";
import { everyFlag } from "../../plain/every-flag.ts";
import type { CheckSearchOptions } from "../check/check-search.ts";
import type { CheckOptions } from "../check/check-spec.ts";
import type { DemoOptions } from "../submit/demo.ts";
import type { RunOptions } from "../submit/launch-job.ts";
import { count, seconds } from "./arguments.ts";
import * as help from "./help.ts";
import { type AddVerbs, examples } from "./verb.ts";

interface ValuesOption {
  readonly values?: boolean | undefined;
}

/** Adds the options that say how a started search is shown. */
export const watching = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--monitor <how>",
        "same: stay and show the search; none: return; new: print the command that watches it",
      ).choices(["same", "none", "new"]),
    )
    .option(...everyFlag, seconds)
    .option("--json", "show the search as one JSON object a line");

/** Verbs that prepare and start a search. */
export const addRun: AddVerbs = (program, { output, does }) => {
  program
    .command("demo")
    .description("a whole swarm on this machine: a broker, a coordinator, two workers and 60 real training runs")
    .option("--again", "start a new search if the last one has ended")
    .addHelpText("after", help.demo)
    .addHelpText("after", examples("nexus demo", "nexus demo --again"))
    .action(
      does(async () => {
        const { demonstrate } = await import("../submit/demo.ts");
        return (_session, options: DemoOptions) => demonstrate(options);
      }),
    );
  program
    .command("init [file] [spec]")
    .description(
      "write a first runspec, commented and ready to run; for a training script or a W&B sweep, one that fits it",
    )
    .addHelpText("after", help.init)
    .addHelpText("after", examples("nexus init", "nexus init train.py", "nexus init sweep.yaml search.yaml"))
    .action(async (file: string | undefined, spec: string | undefined) => {
      const { initFrom, isToBeRead } = await import("../init/init-from.ts");
      if (file !== undefined && (spec !== undefined || isToBeRead(file))) {
        initFrom(file, spec, output);
        return;
      }
      const { firstSpecName, initSpec } = await import("../init/init.ts");
      initSpec(file ?? firstSpecName, output);
    });
  program
    .command("check")
    .description("run a runspec once here, without a workspace, and say what a search would measure")
    .argument("<spec>", "the runspec, a YAML file; --name value replaces <name> in it")
    .option("--time <time>", "stop the run after so long (60s)", seconds)
    .option("--reports <n>", "stop it after so many reports too", count)
    .option("--values", "run nothing; print what the tuned values give its programs, one JSON object a line")
    .option("--json", "one JSON object, at the end")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", help.check)
    .addHelpText("after", examples("nexus check search.yaml", "nexus check search.yaml --time 300 --reports 3"))
    .action(
      does(async () => {
        const { checkSpec } = await import("../check/check-spec.ts");
        const { printValues } = await import("../check/spec-values.ts");
        return (_session, _spec: string, { values, ...options }: CheckOptions & ValuesOption, { args }: Command) =>
          values ? printValues(args, output) : checkSpec(args, options, output);
      }),
    );
  program
    .command("check-search")
    .description("check that a search of your own keeps the contract, one line per requirement")
    .argument("<search...>", "an ES module; a spec with hp_tuning: own; or a program and its words, after --")
    .option("--seed <n>", "the seed that it is given (1)", count)
    .option("--answer-time <time>", "how long it may think about an answer (60s, or as the spec says)", seconds)
    .option("--json", "one JSON object a line")
    .addHelpText("after", help.checkSearch)
    .addHelpText(
      "after",
      examples(
        "nexus check-search my_search.js",
        "nexus check-search search.yaml",
        "nexus check-search -- python3 optuna_search.py --sampler tpe",
      ),
    )
    .action(
      does(async () => {
        const { checkOwnSearch } = await import("../check/check-search.ts");
        return (_session, words: string[], options: CheckSearchOptions) => checkOwnSearch(words, options, output);
      }),
    );
  watching(program.command("run"))
    .description("run a runspec: on the swarm if its job_launcher is enabled, otherwise here and now")
    .argument("<spec>", "the runspec, a YAML file; --name value replaces <name> in it")
    .option("--swarm-only", "refuse a spec whose job_launcher is not enabled, which would be run here")
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
