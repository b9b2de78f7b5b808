import { Option } from "commander";
import { exportFormats, toolFormats } from "../transfer/export-formats.ts";
import { collect } from "./arguments.ts";
import * as help from "./help.ts";
import { watching } from "./run.ts";
import { type AddVerbs, examples } from "./verb.ts";

export const addTransfer: AddVerbs = (program, { does, reads }) => {
  program
    .command("download")
    .description("copy the files of a run or a whole job to this machine, and verify them")
    .argument("<job or run>", "job278, run662.7, run662.*")
    .argument("[file]", "only this file, e.g. console.txt of a run, runs.csv of a job")
    .option("--to <path>", "folder to write to (default: its name, here); for one file also a file name")
    .option("--overwrite", "replace files that exist with different content")
    .option("--json", "one JSON object for each file, then one for the whole")
    .addHelpText("after", help.download)
    .addHelpText(
      "after",
      examples(
        "nexus download run662.7",
        "nexus download run662.7 best.model --to winner.model",
        "nexus download job278 runs.csv",
      ),
    )
    .action(reads(async () => (await import("../transfer/download.ts")).download));
  program
    .command("extract")
    .description("write everything stored of a job to a folder")
    .argument("<job>", "job278")
    .argument("<folder>", "created if missing")
    .option("--overwrite", "replace files that exist with different content")
    .option("--json", "one JSON object for each file, then one for the whole")
    .addHelpText("after", examples("nexus extract job278 job278"))
    .action(reads(async () => (await import("../transfer/download.ts")).extract));
  program
    .command("export")
    .description("write all runs of a job to a file, or into another tool, numbers unrounded")
    .argument("<job>", "job278; for tables also a run list, as in nexus list runs")
    .addOption(
      new Option(
        "--to <format>",
        "default: by the ending of --output, or csv; optuna-journal is a study for optuna's JournalStorage; the other tools get all reports too",
      ).choices([...exportFormats, ...toolFormats]),
    )
    .option(
      "--output <file>",
      "file to write, - for standard output (default: job278.csv and the like); for a tool its folder, project, or storage",
    )
    .option("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated', collect)
    .option("--status <words>", "only runs with that status, e.g. completed")
    .option("--json", "print one JSON object that says what was written")
    .addHelpText(
      "after",
      examples(
        "nexus export job278 --to parquet",
        'nexus export job278 --filter "hpmax>=0.03" --output good.csv',
        "nexus export job278 --to jsonl --output -",
      ),
    )
    .action(reads(async () => (await import("../transfer/export-job.ts")).exportJob));
  watching(program.command("import"))
    .description("submit a search that starts from the runs of earlier ones, read from a table")
    .argument("<file>", "a .csv, .tsv or .jsonl file with hpmax and a column for each hyperparameter")
    .requiredOption("--spec <spec>", "the search's runspec")
    .addHelpText(
      "after",
      examples(
        "nexus export job278 && nexus import job278.csv --spec spec.yaml",
        "nexus import job278.csv --spec spec.yaml --monitor none",
      ),
    )
    .action(does(async () => (await import("../transfer/import-runs.ts")).importRuns));
};
