import type { WorkspaceState } from "../../shared/domain/workspace-state.ts";
import { exportListing, jsonLines } from "./export.ts";
import type { Output } from "./output.ts";
import { availableColumns, listing, listingTable, type RunQuery, totalLine } from "./run-listing.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "./scope.ts";
import { tableColumn, tableLines } from "./table.ts";

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
    output.result(availableText(query, state, workspace));
    return;
  }
  const found = listing(query, state, workspace);
  const hidden =
    found.hidden === 0
      ? ""
      : `${found.hidden} more ${found.hidden === 1 ? "run is" : "runs are"} not listed (${found.limit}); to see all: --all\n`;
  if (options.export !== undefined) {
    exportListing(found, options.export);
    output.note(`${found.rows.length} runs written to ${options.export}\n${hidden}`);
  } else if (options.json) {
    output.result(jsonLines(found));
    output.note(hidden);
  } else {
    const lines = ["", ...tableLines(listingTable(found, options)), "", totalLine(found), ""];
    output.result(lines.join("\n"));
    output.note(hidden);
  }
}

function availableText(query: RunQuery, state: WorkspaceState, workspace: string): string {
  const { all } = availableColumns(query, state, workspace);
  const lines = tableLines([
    tableColumn(
      "column",
      "text",
      all.map(({ id }) => id),
    ),
    tableColumn(
      "header",
      "text",
      all.map(({ header }) => header),
    ),
    tableColumn(
      "what it says",
      "text",
      all.map(({ about }) => about),
    ),
  ]);
  return `\n${lines.join("\n")}\n`;
}
