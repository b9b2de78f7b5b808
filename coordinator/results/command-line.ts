/** The only file that imports commander: every verb of `nexus`, its options, and where it is carried out. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { exitCode } from "../../shared/errors.ts";
import { programVersion } from "../../shared/version.ts";
import * as help from "./help.ts";
import type { ListRunsOptions } from "./list-runs.ts";
import { type CommandShape, withFullOptions } from "./option-prefixes.ts";
import type { Output } from "./output.ts";
import type { RunOptions } from "./run.ts";
import type { GlobalOptions } from "./scope.ts";

/** Carries out what the words after `nexus` say; returns the exit code. Verbs are loaded when they are needed. */
export async function carryOut(words: readonly string[], output: Output): Promise<number> {
  let exit: number = exitCode.done;
  const program = commandTree(output, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync(withFullOptions(words, shapeOf(program)), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end here as well, with 0; commander's own 1 means wrong usage, and it has said what is wrong.
    return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  }
  return exit;
}

type Globals = () => GlobalOptions;

function commandTree(output: Output, setExit: (code: number) => void): Command {
  const program = new Command("nexus")
    .description(help.description)
    .version(programVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help; after a verb: that verb's")
    .option("--workspace <name>", "the workspace (default: ws1, or NEXUS_WORKSPACE)")
    .option("--nats <url>", "a broker that exists already, instead of this machine's own (or NEXUS_SERVERS)")
    .option("--creds <file>", "its credentials: a .creds file, or JSON with user and password (or NEXUS_CREDS)")
    .addOption(new Option("--color <when>", "colours; this command prints none").choices(["auto", "always", "never"]))
    .addHelpText("after", help.more)
    .exitOverride()
    .configureOutput({ writeOut: output.result, writeErr: output.note });
  const globals: Globals = () => program.opts<GlobalOptions>();
  addRun(program, globals, output, setExit);
  const list = program.command("list").description("list runs, jobs or workers as tables");
  addListRuns(list, globals, output);
  list
    .command("jobs")
    .description("list the jobs of the workspace")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: boolean }) => {
      await (await import("./list-jobs.ts")).listJobs(globals(), options, output);
    });
  list
    .command("workers")
    .description("list the workers that have joined the workspace")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: boolean }) => {
      await (await import("./list-workers.ts")).listWorkers(globals(), options, output);
    });
  program
    .command("release <job>")
    .description("end a job that holds its nodes (hold: true); its run folders may go")
    .action(async (job: string) => {
      await (await import("./release.ts")).releaseJob(globals(), job, output);
    });
  program
    .command("admit <worker>")
    .description("give runs again to a worker that was benched for its failures")
    .action(async (worker: string) => {
      await (await import("./admit.ts")).admitWorker(globals(), worker, output);
    });
  return program;
}

function addRun(program: Command, globals: Globals, output: Output, setExit: (code: number) => void): void {
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
    .action(async (_spec: string, options: RunOptions, command: Command) => {
      setExit(await (await import("./run.ts")).runSpec(globals(), command.args, options, output));
    });
}

function addListRuns(list: Command, globals: Globals, output: Output): void {
  list
    .command("runs")
    .description("list runs with their metrics, hpmax and hyperparameters")
    .argument("[runs...]", "job1, run662 (and its children), run662.7, run662.*, run660-run684; left out: all")
    .option("--sort <column>", "ascending, so that the best are last, near the prompt; e.g. metrics.hpmax")
    .option("--reverse", "the other way round")
    .addOption(
      new Option("--last <n>", "only the last n (10 where no runs are named)")
        .argParser(count)
        .conflicts(["first", "all"]),
    )
    .addOption(new Option("--first <n>", "only the first n").argParser(count).conflicts("all"))
    .option("--all", "all of them, also where no runs are named")
    .option("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated', collect)
    .option("--status <words>", "only runs with that status, e.g. completed,running")
    .option("--columns <names>", "these columns instead, e.g. run,hpmax,lr=rate:.6f")
    .option("--add-columns <names>", "these columns as well")
    .option("--available", "list the columns there are")
    .addOption(new Option("--child", "only child runs").conflicts("parent"))
    .option("--parent", "only parent runs")
    .option("--precision <n>", "decimals of all numbers that are not whole", decimals)
    .option("--max-width <n>", "clip wider cells", count)
    .option("--export <file>", "write to a file: .csv, .tsv or .jsonl, numbers unrounded")
    .addOption(new Option("--json", "one JSON object a line").conflicts("export"))
    .addHelpText("after", help.listRuns)
    .action(async (runs: string[], options: ListRunsOptions) => {
      await (await import("./list-runs.ts")).listRuns(globals(), runs, options, output);
    });
}

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

function decimals(text: string): number {
  if (/^\d$|^1\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0 to 19.");
}

function seconds(text: string): number {
  const value = /^(\d+(?:\.\d+)?)s?$/.exec(text)?.[1];
  if (value !== undefined) return Number(value);
  throw new InvalidArgumentError("Expected seconds, such as 60.");
}

function shapeOf(command: Command): CommandShape {
  return {
    options: command.options
      .flatMap(({ long, required, optional }) => (long ? [{ long, takesValue: required || optional }] : []))
      .concat({ long: "--help", takesValue: false }),
    subcommands: Object.fromEntries(command.commands.map((each) => [each.name(), shapeOf(each)])),
    takesAnyOption: command.name() === "run",
  };
}
