import { type Command, InvalidArgumentError, Option } from "commander";
import { mostRuns } from "../../../shared/domain/runspec/job-settings.ts";
import { count } from "./arguments.ts";
import * as help from "./evaluation-help.ts";
import type { AddVerbs, VerbPorts } from "./verb.ts";

export const addEvaluate: AddVerbs = (program, ports) => {
  const { reads } = ports;
  program
    .command("eval")
    .description("say which configuration of a search is the best, since when, and whether to stop")
    .argument("<job>", "a search, e.g. job411")
    .option("--first <n>", "judge the search as it stood after its first n completed runs", count)
    .option("--json", "one JSON object a line: each row of the history, then the verdict")
    .addHelpText("after", help.evaluate)
    .action(reads(async () => (await import("../evaluate/evaluate-job.ts")).evaluateJob));
  addConfirm(program, ports);
  program
    .command("spec")
    .description("print the spec of a job, as submitted or with the best settings as tuned values")
    .argument("<job>", "a job, e.g. job278")
    .addOption(new Option("--best", "with the settings of the best configuration").conflicts("run"))
    .option("--run <run>", "with the settings of this run")
    .option("--save-to <file>", "write it to a new file")
    .option("--json", "as a JSON object, with the settings")
    .addHelpText("after", help.spec)
    .action(reads(async () => (await import("../evaluate/spec-best.ts")).showSpec));
};

function addConfirm(program: Command, { does }: VerbPorts): void {
  program
    .command("confirm")
    .description(
      "run the best configurations of a search again with fresh seeds, to measure them without selection bias",
    )
    .argument("<job>", "a search, e.g. job278")
    .option("--top <n>", "how many configurations, the best first", few, 1)
    .option("--runs <n>", "fresh runs of each configuration", runCount, 20)
    .addOption(
      new Option("--targets <how>", "which configurations are the best")
        .choices(["best", "best-by-estimate", "best-by-run"])
        .default("best"),
    )
    .addOption(new Option("--show", "only show the results so far").conflicts("detach"))
    .option("--detach", "submit, and do not wait")
    .option("--json", "one JSON object for each configuration")
    .addHelpText("after", help.confirm)
    .action(does(async () => (await import("../evaluate/confirm-job.ts")).confirmJob));
}

const mostTargets = 100;

function few(text: string): number {
  const value = count(text);
  if (value <= mostTargets) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostTargets}: each is a job of its own.`);
}

function runCount(text: string): number {
  const value = count(text);
  if (value <= mostRuns) return value;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${mostRuns}.`);
}
