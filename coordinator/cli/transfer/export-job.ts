import { extname } from "node:path";
import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { UsageError } from "../../../shared/errors.ts";
import type { Reader } from "../../operator/session.ts";
import { exportLines } from "../../runs/listing-file.ts";
import { selectRuns } from "../../runs/run-list.ts";
import { listing, type RunListing } from "../../runs/run-listing.ts";
import { writeWhole } from "../../runs/whole-file.ts";
import {
  type ExportFormat,
  type ExportJobOptions,
  exportEndings,
  exportFormats,
  toolFormats,
} from "./export-formats.ts";
import { optunaJournal } from "./optuna-journal.ts";

/** Columns that files have in addition to those of a table. */
const more = "trial,worker,attempts,started,ended,secs,seed,reason";

/** `nexus export job278 --to parquet`: all child runs of a job for another program, numbers unrounded. */
export async function exportJob(reader: Reader, word: string, options: ExportJobOptions): Promise<void> {
  const { state, workspace, flags, output } = reader;
  const { filter, status } = options;
  const tool = toolFormats.find((each) => each === options.to);
  const isPrinted = options.output === toStandardOutput;
  if (isPrinted && options.json) throw new UsageError("--json does not go with --output -: both would print");
  if (tool !== undefined) {
    if (isPrinted) throw new UsageError(`--to ${tool} --output -: ${tool} keeps runs in a place of its own; name that`);
    const { exportToTool, toldWords } = await import("./export-tool.ts");
    const told = await exportToTool(reader, wholeJob(word, reader, options, tool), tool, options.output);
    const { written: runs, ...rest } = told;
    if (options.json) output.result(`${JSON.stringify({ type: "export", v: 1, format: tool, runs, ...rest })}\n`);
    else output.note(toldWords(told));
    return;
  }
  const to = formatFor(options);
  const file = options.output ?? `${word.replace(/[^\w.-]/g, "_")}${exportEndings[to]}`;
  const write = (parts: Iterable<string | Uint8Array>): void => {
    if (!isPrinted) writeWhole(file, parts, `--output=${file}`);
    // Always text: formatFor refuses parquet here.
    else for (const part of parts) output.result(String(part));
  };
  if (to === "optuna-journal") {
    const table = wholeJob(word, reader, options, to);
    write(optunaJournal(table, workspace));
    if (isPrinted) return;
    const trials = table.imported.length + table.trials.length;
    if (options.json) output.result(written(file, to, trials));
    else output.note(`study ${table.job} with ${counted(trials, "trial")} written to ${file}\n`);
    return;
  }
  const found = listing(
    { runs: [word], flags, isStored: true, child: true, addColumns: more, filter, status },
    state,
    workspace,
  );
  write(await contentOf(found, to));
  if (isPrinted) return;
  if (options.json) output.result(written(file, to, found.rows.length));
  else output.note(`${counted(found.rows.length, "run")} written to ${file}\n`);
}

function wholeJob(
  word: string,
  { state, workspace, flags }: Reader,
  { filter, status }: ExportJobOptions,
  to: string,
): RunTable {
  const [table, second] = selectRuns([word], state, workspace, flags).tables;
  if (!table || second || !/^(?:[^/]+\/)?job\d+$/.test(word)) {
    throw new UsageError(`--to ${to} takes one job; expected its name, such as job1, found ${word}`);
  }
  if (filter || status) throw new UsageError(`--filter and --status do not go with ${to}: a job is exported whole`);
  return table;
}

const written = (file: string, format: ExportFormat, runs: number): string =>
  `${JSON.stringify({ type: "export", v: 1, file, format, runs })}\n`;

const toStandardOutput = "-";

/** The format, which must agree with the file's ending. A name without an ending may be anything. */
export function formatFor({ to: asked, output }: ExportJobOptions): ExportFormat {
  const to = exportFormats.find((format) => format === asked);
  const named = exportFormats.find((format) => output?.toLowerCase().endsWith(exportEndings[format]));
  if (to !== undefined && named !== undefined && named !== to) {
    throw new UsageError(
      `--to ${to} --output ${output}: the file's ending says ${named}\n  expected a name that ends in ${exportEndings[to]}, or --to ${named}`,
    );
  }
  if (output === toStandardOutput && to === "parquet")
    throw new UsageError("--to parquet --output -: parquet is no text; name a file, such as runs.parquet");
  const ending = output === undefined ? "" : extname(output);
  if (to === undefined && named === undefined && ending !== "")
    throw new UsageError(
      `--output ${output}: no format has the ending ${ending}\n` +
        `  expected a name that ends in ${Object.values(exportEndings).join(", ")}, or the format: --to csv`,
    );
  return to ?? named ?? "csv";
}

async function contentOf(
  found: RunListing,
  to: Exclude<ExportFormat, "optuna-journal">,
): Promise<Iterable<string | Uint8Array>> {
  if (to !== "parquet") return exportLines(found, to);
  const { listingParquet } = await import("./parquet.ts");
  return [listingParquet(found)];
}
