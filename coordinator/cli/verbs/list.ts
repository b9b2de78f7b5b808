import { type Command, Option } from "commander";
import { collect, count, decimals } from "./arguments.ts";
import * as help from "./help.ts";
import { type AddVerbs, examples, type VerbPorts } from "./verb.ts";

export const addList: AddVerbs = (program, ports) => {
  const { does, reads } = ports;
  const list = program.command("list").description("list runs, jobs, workers, invitations or quotas as tables");
  addListRuns(list, ports);
  list
    .command("jobs")
    .description("list the jobs of the workspace, the newest last")
    .option("--last <n>", "only the last n", count)
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus list jobs --last 5", "nexus --workspace ws2 list jobs --json"))
    .action(reads(async () => (await import("../list/list-jobs.ts")).listJobs));
  list
    .command("workers")
    .description("list the workers that have joined the workspace")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus list workers"))
    .action(does(async () => (await import("../list/list-workers.ts")).listWorkers));
  list
    .command("invites")
    .description("list the open invitations, and the last ones that are over")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus list invites"))
    .action(reads(async () => (await import("../workers/list-invites.ts")).listInvites));
  list
    .command("quotas")
    .description("list what one worker may ask and store, as set on this machine")
    .option("--json", "one JSON object a line")
    .addHelpText("after", examples("nexus list quotas"))
    .action(does(async () => (await import("../list/list-quotas.ts")).listQuotas));
};

function addListRuns(list: Command, { does }: VerbPorts): void {
  list
    .command("runs")
    .description("list runs with their metrics, hpmax and hyperparameters")
    .argument("[runs...]", "job1, run662 (and its children), run662.7, run662.*, run660-run684; default: all")
    .option(
      "--sort <column>",
      "sort ascending (a loss descending), so that the best come last, near the prompt; e.g. metrics.hpmax",
    )
    .option("--reverse", "sort descending")
    .addOption(
      new Option("--last <n>", "only the last n (10 if no runs are named)")
        .argParser(count)
        .conflicts(["first", "all"]),
    )
    .addOption(new Option("--first <n>", "only the first n").argParser(count).conflicts("all"))
    .option("--all", "all of them, even if no runs are named")
    .option("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated', collect)
    .option("--status <words>", "only runs with that status, e.g. completed,running")
    .option("--columns <names>", "these columns instead, e.g. run,hpmax,lr=rate:.6f")
    .option("--add-columns <names>", "these columns as well")
    .option("--group <column>", "a table for each value of a column, e.g. lr or job")
    .option("--available", "list the columns that exist")
    .addOption(new Option("--child", "only child runs").conflicts("parent"))
    .option("--parent", "only parent runs")
    .option("--precision <n>", "decimals of every number that is not an integer", decimals)
    .option("--max-width <n>", "cut text that is wider; numbers are never cut", count)
    .option("--export <file>", "write a file instead: .csv, .tsv or .jsonl, numbers unrounded")
    .addOption(new Option("--json", "one JSON object a line").conflicts("export"))
    .addHelpText("after", help.listRuns)
    .addHelpText(
      "after",
      examples(
        "nexus list runs job278 --sort=metrics.hpmax --last=10",
        'nexus list runs job278 --filter "hpmax>=0.03" --export good.csv',
      ),
    )
    .action(does(async () => (await import("../list/list-runs.ts")).listRuns));
}
