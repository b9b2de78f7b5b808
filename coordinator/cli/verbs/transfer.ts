import { Option } from "commander";
import type { DownloadOptions } from "../transfer/download.ts";
import { type ExportJobOptions, exportFormats } from "../transfer/export-formats.ts";
import type { ImportOptions } from "../transfer/import-runs.ts";
import { collect, seconds } from "./arguments.ts";
import { examples } from "./examples.ts";
import * as help from "./help.ts";
import type { AddVerbs } from "./verb.ts";

export const addTransfer: AddVerbs = (program, { globals, output, exit }) => {
  program
    .command("download")
    .description("write the files of a run, or of a whole job, to this machine; verified")
    .argument("<job or run>", "job278, run662.7, run662.*")
    .argument("[file]", "only this one, e.g. console.txt of a run, runs.csv of a job")
    .option("--to <path>", "folder to write to (its own name, here); for one file also a file's name")
    .option("--overwrite", "replace files that are there with another content")
    .option("--json", "one JSON object for each file, and one for the whole")
    .addHelpText("after", help.download)
    .addHelpText(
      "after",
      examples(
        "nexus download run662.7",
        "nexus download run662.7 best.model --to winner.model",
        "nexus download job278 runs.csv",
      ),
    )
    .action(async (word: string, file: string | undefined, options: DownloadOptions) => {
      await (await import("../transfer/download.ts")).download(globals(), word, file, options, output);
    });
  program
    .command("extract")
    .description("write everything that is kept of a job into a folder")
    .argument("<job>", "job278")
    .argument("<folder>", "made where it is missing")
    .option("--overwrite", "replace files that are there with another content")
    .option("--json", "one JSON object for each file, and one for the whole")
    .addHelpText("after", examples("nexus extract job278 job278"))
    .action(async (word: string, folder: string, options: DownloadOptions) => {
      await (await import("../transfer/download.ts")).download(
        globals(),
        word,
        undefined,
        { ...options, to: folder },
        output,
      );
    });
  program
    .command("export")
    .description("write all runs of a job for another program, numbers unrounded")
    .argument("<job>", "job278; for tables also run lists as in list runs")
    .addOption(
      new Option(
        "--to <format>",
        "as --output ends, or csv; optuna-journal is a study for optuna's JournalStorage",
      ).choices(exportFormats),
    )
    .option("--output <file>", "file to write (job278.csv and the like)")
    .option("--filter <test>", 'only runs that pass, e.g. "hpmax>=0.03"; may be repeated', collect)
    .option("--status <words>", "only runs with that status, e.g. completed")
    .option("--json", "say in one JSON object what was written")
    .addHelpText(
      "after",
      examples("nexus export job278 --to parquet", 'nexus export job278 --filter "hpmax>=0.03" --output good.csv'),
    )
    .action(async (word: string, options: ExportJobOptions) => {
      await (await import("../transfer/export-job.ts")).exportJob(globals(), word, options, output);
    });
  program
    .command("import")
    .description("submit a search that counts the runs of earlier ones, from a table of runs")
    .argument("<file>", ".csv, .tsv or .jsonl with hpmax and a column for each hyperparameter")
    .requiredOption("--spec <spec>", "the search's runspec")
    .addOption(
      new Option("--monitor <how>", "same: stay and show the search; none: return; new: print what watches it").choices(
        ["same", "none", "new"],
      ),
    )
    .option("--every <seconds>", "seconds between standings where the output is no terminal (60; 0: never)", seconds)
    .option("--json", "show the search as one JSON object a line")
    .addHelpText(
      "after",
      examples(
        "nexus export job278 && nexus import job278.csv --spec spec.yaml",
        "nexus import job278.csv --spec spec.yaml --monitor none",
      ),
    )
    .action(async (file: string, options: ImportOptions) => {
      exit(await (await import("../transfer/import-runs.ts")).importRuns(globals(), file, options, output));
    });
};
