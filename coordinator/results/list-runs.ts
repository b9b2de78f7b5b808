import type { WorkspaceState } from "../../shared/domain/workspace-state.ts";
import { counted } from "../counted.ts";
import { type Column, statusOf } from "./columns.ts";
import { exportListing, jsonLines } from "./export.ts";
import type { Output } from "./output.ts";
import { type Field, recordsJson } from "./records.ts";
import { availableColumns, listing, listingTable, type RunListing, type RunQuery, totalLine } from "./run-listing.ts";
import type { RunRow } from "./run-rows.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "./scope.ts";
import { printable, tableColumn, tableLines } from "./table.ts";

/** `nexus list runs`. */
export interface ListRunsOptions extends Omit<RunQuery, "runs"> {
  /** List the columns instead of the runs. */
  readonly available?: boolean | undefined;
  readonly precision?: number | undefined;
  readonly maxWidth?: number | undefined;
  /** File to write to instead of a table. */
  readonly export?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function listRuns(
  globals: GlobalOptions,
  runs: readonly string[],
  options: ListRunsOptions,
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  const state = await readWorkspace(scope);
  printRuns(state, scope.paths.name, runs, options, output);
}

/** What `list runs` prints, from the folded journal. */
export function printRuns(
  state: WorkspaceState,
  workspace: string,
  runs: readonly string[],
  options: ListRunsOptions,
  output: Output,
): void {
  const query: RunQuery = { ...options, runs };
  if (options.available) {
    const { all } = availableColumns(query, state, workspace);
    output.result(options.json ? recordsJson("column", columnFields, all) : availableText(all));
    return;
  }
  const found = listing(query, state, workspace);
  const notes = hiddenNote(found) + unsortedNote(found, query.sort ?? "");
  if (options.export !== undefined) {
    exportListing(found, options.export);
    output.note(`${counted(found.rows.length, "run")} written to ${options.export}\n${notes}`);
  } else if (options.json) {
    output.result(jsonLines(found));
    output.note(notes);
  } else {
    output.result([...tables(found, options), "", totalLine(found), ""].join("\n"));
    output.note(notes);
  }
}

/** One table, or one for each group below a line that names it; columns stand in line through all of them. */
function tables(found: RunListing, options: ListRunsOptions): string[] {
  const columns = listingTable(found, options);
  if (!found.groups) return ["", ...tableLines(columns)];
  return found.groups.flatMap(({ column, value, rows }) => {
    const shown = value === undefined ? "(none)" : printable(String(value));
    return ["", `${column.header}: ${shown} (${counted(rows.length, "run")})`, "", ...tableLines(columns, rows)];
  });
}

function hiddenNote({ hidden, limit }: RunListing): string {
  if (hidden === 0) return "";
  return `${hidden} more ${hidden === 1 ? "run is" : "runs are"} not listed (${limit}); to see all: --all\n`;
}

/** Why runs stand last: `2 runs have no hpmax and stand last: 1 error (run1.2: it broke), 1 running (run2.2)`. */
function unsortedNote({ unsorted }: RunListing, sort: string): string {
  const byStatus = new Map<string, RunRow[]>();
  for (const row of unsorted) {
    const status = String(statusOf(row));
    const same = byStatus.get(status);
    if (same) same.push(row);
    else byStatus.set(status, [row]);
  }
  if (byStatus.size === 0) return "";
  const reasons = [...byStatus].map(([status, rows]) => {
    const trial = rows[0]?.trial;
    const why = trial?.reason ? `: ${printable(trial.reason).slice(0, 100)}` : "";
    return `${rows.length} ${status} (${trial?.run}${why}${rows.length > 1 ? ", ..." : ""})`;
  });
  const name = sort.replace(/^(metrics|hparams)\./, "");
  const subject = unsorted.length === 1 ? "1 run has" : `${unsorted.length} runs have`;
  return `${subject} no ${name}, listed last: ${reasons.join(", ")}\n`;
}

const columnFields: readonly Field<Column>[] = [
  { name: "column", kind: "text", value: ({ id }) => id },
  { name: "header", kind: "text", value: ({ header }) => header },
  { name: "about", kind: "text", value: ({ about }) => about },
];

function availableText(all: readonly Column[]): string {
  const columns = columnFields.map(({ name, kind, value }) => tableColumn(name, kind, all.map(value)));
  return `\n${tableLines(columns).join("\n")}\n`;
}
