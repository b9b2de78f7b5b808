import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { UsageError } from "../../shared/errors.ts";
import { parseNumberFormat } from "../words/number-format.ts";
import { noStatus, statusNamed } from "../words/status-words.ts";
import type { Cell, CellFormat, RowColumn } from "../words/table.ts";
import {
  type Column,
  type ColumnSet,
  columnNamed,
  columnsOf,
  findColumn,
  noColumn,
  readerOf,
  statusOf,
} from "./columns.ts";
import { filterTest, misfit, parseFilter, withStatus } from "./filter.ts";
import type { LiveRuns } from "./live-runs.ts";
import { selectRuns } from "./run-list.ts";
import type { RunRow } from "./run-rows.ts";

/** How many runs `list runs` lists if neither runs nor a limit are given. */
const usualLast = 10;

export interface RunQuery {
  /** Run list; empty: every run of the workspace. */
  readonly runs: readonly string[];
  /** As `Scope.flags`, for the commands in what is thrown; left out: they name the workspace. */
  readonly flags?: string | undefined;
  readonly sort?: string | undefined;
  readonly reverse?: boolean | undefined;
  readonly first?: number | undefined;
  readonly last?: number | undefined;
  readonly all?: boolean | undefined;
  readonly filter?: readonly string[] | undefined;
  readonly status?: string | undefined;
  readonly columns?: string | undefined;
  readonly addColumns?: string | undefined;
  /** Column by whose values the runs are grouped. */
  readonly group?: string | undefined;
  /** Whether to use the default columns of files and JSON. */
  readonly isStored?: boolean | undefined;
  /** Only child runs, or only parent runs. */
  readonly child?: boolean | undefined;
  readonly parent?: boolean | undefined;
}

/** A column as asked for: `lr`, `metrics.s1-rew=rew`, `lr=rate:.6f`. */
export interface ChosenColumn {
  readonly column: Column;
  readonly header: string;
  readonly number: ((value: number) => string) | undefined;
}

export interface RunListing {
  readonly columns: readonly ChosenColumn[];
  readonly rows: readonly RunRow[];
  /** Runs that a limit left out. */
  readonly hidden: number;
  /** Whether none of those has a value to sort by. */
  readonly lacksValue: boolean;
  /** The limit as typed, `--last=10`; empty if nothing was left out. */
  readonly limit: string;
  /** The rows grouped by the values of a column; undefined unless asked for. */
  readonly groups: readonly ListedGroup[] | undefined;
  /** The listed child runs without a value to sort by; they are the last rows. */
  readonly unsorted: readonly RunRow[];
}

export interface ListedGroup {
  readonly column: Column;
  /** Undefined: the runs that have none. */
  readonly value: Cell;
  readonly rows: readonly RunRow[];
}

/**
 * The runs that a query names, filtered, sorted, cut and grouped.
 *
 * Without `sort` they come in the order of jobs and runs. Sorted, the best come last (of a loss, the lowest), or first
 * with `reverse`. Runs without a value come after them either way. A limit leaves those out first, so that `sort` with
 * `last: 10` is the ten best runs.
 */
export function listing(query: RunQuery, state: WorkspaceState, workspace: string, live?: LiveRuns): RunListing {
  const selection = selectRuns(query.runs, state, workspace, query.flags);
  const columns = columnsOf(selection.tables, workspace, live);
  const chosen = chooseColumns(query, columns);
  const groupBy = query.group === undefined ? undefined : findColumn(columns, query.group);
  const rows = filtered(selection.rows, query, columns);
  const sorted =
    query.sort === undefined ? inRunOrder(rows, query) : sortRows(rows, findColumn(columns, query.sort), query);
  const kept = cut(sorted, query);
  return {
    columns: chosen,
    ...kept,
    ...(groupBy ? grouped(kept.rows, groupBy, query.isStored) : { groups: undefined }),
  };
}

/** The columns that a table of these runs may have. */
export function availableColumns(query: RunQuery, state: WorkspaceState, workspace: string): ColumnSet {
  return columnsOf(selectRuns(query.runs, state, workspace, query.flags).tables, workspace);
}

function filtered(rows: readonly RunRow[], query: RunQuery, columns: ColumnSet): readonly RunRow[] {
  const tests: ((row: RunRow) => boolean)[] = [];
  if (query.child) tests.push((row) => row.parentRun === null);
  if (query.parent) tests.push((row) => row.parentRun !== null);
  if (query.status !== undefined) {
    const words = new Set<Cell>(query.status.split(",").map(statusWord));
    tests.push((row) => words.has(statusOf(row)));
  }
  for (const text of query.filter ?? []) {
    const filter = parseFilter(text);
    const column = columnNamed(columns, filter.column);
    if (!column) throw misfit(filter, "column", noColumn(columns, filter.column));
    const test = filterTest(column.id === "status" ? withStatus(filter) : filter, column.kind);
    // The value as the list shows it.
    const read = readerOf(column, query.isStored);
    tests.push((row) => test(read(row)));
  }
  return tests.reduce((kept, test) => kept.filter(test), rows);
}

function statusWord(typed: string): string {
  const word = statusNamed(typed);
  if (word !== undefined) return word;
  throw new UsageError(`--status: ${noStatus(typed)}`);
}

interface SortedRows {
  /** In the order of the list. */
  readonly rows: readonly RunRow[];
  /** How many of them, at the end, have no value to sort by. */
  readonly withoutValue: number;
}

function inRunOrder(rows: readonly RunRow[], { reverse }: RunQuery): SortedRows {
  return { rows: reverse ? [...rows].reverse() : rows, withoutValue: 0 };
}

function sortRows(rows: readonly RunRow[], column: Column, { reverse }: RunQuery): SortedRows {
  const missing: RunRow[] = [];
  const present: { row: RunRow; cell: Exclude<Cell, undefined> }[] = [];
  for (const row of rows) {
    const cell = column.value(row);
    if (cell === undefined || Number.isNaN(cell)) missing.push(row);
    else present.push({ row, cell });
  }
  // The sort is stable: the earlier of two equal runs comes first, or last after a reversal.
  present.sort((a, b) => ascending(a.cell, b.cell));
  // The best come last, also of a loss.
  if ((reverse ?? false) !== (column.isLow ?? false)) present.reverse();
  return { rows: present.map(({ row }) => row).concat(missing), withoutValue: missing.length };
}

/** The rows by the values of a column, ascending, runs without one last; within a group the order is kept. */
function grouped(
  rows: readonly RunRow[],
  column: Column,
  isStored: boolean | undefined,
): { rows: readonly RunRow[]; groups: readonly ListedGroup[] } {
  const read = readerOf(column, isStored);
  const byValue = new Map<Cell, RunRow[]>();
  for (const row of rows) {
    const found = read(row);
    const value = typeof found === "number" && Number.isNaN(found) ? undefined : found;
    const same = byValue.get(value);
    if (same) same.push(row);
    else byValue.set(value, [row]);
  }
  const sorted = [...byValue].sort(([a], [b]) =>
    a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : ascending(a, b),
  );
  return {
    rows: sorted.flatMap(([, same]) => same),
    groups: sorted.map(([value, same]) => ({ column, value, rows: same })),
  };
}

const collator = new Intl.Collator("en", { numeric: true });
const rankOf = (cell: Exclude<Cell, undefined>): number =>
  cell === null ? 0 : typeof cell === "boolean" ? 1 : typeof cell === "number" ? 2 : 3;

/** null, false, true, numbers, text; digits within text count as numbers: run9 before run10. */
function ascending(a: Exclude<Cell, undefined>, b: Exclude<Cell, undefined>): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return collator.compare(a, b);
  return rankOf(a) - rankOf(b) || Number(a) - Number(b);
}

function cut({ rows, withoutValue }: SortedRows, query: RunQuery): Omit<RunListing, "columns" | "groups"> {
  const { first, last, all } = query;
  const isUnlimited = all || (first === undefined && last === undefined && query.runs.length > 0);
  const count = first ?? last ?? usualLast;
  const withValue = rows.slice(0, rows.length - withoutValue);
  if (isUnlimited || rows.length <= count) {
    const unsorted = rows.slice(withValue.length).filter(({ parentRun }) => parentRun === null);
    return { rows, hidden: 0, lacksValue: false, limit: "", unsorted };
  }
  const kept = first === undefined ? withValue.slice(Math.max(0, withValue.length - count)) : withValue.slice(0, count);
  const limit = first === undefined ? `--last=${count}` : `--first=${count}`;
  return { rows: kept, hidden: rows.length - kept.length, lacksValue: withValue.length <= count, limit, unsorted: [] };
}

function chooseColumns(query: RunQuery, columns: ColumnSet): ChosenColumn[] {
  const named = (text: string): ChosenColumn[] =>
    text
      .split(",")
      .filter((each) => each.trim() !== "")
      .map((each) => chooseColumn(each.trim(), columns));
  const usual = (query.isStored ? columns.stored : columns.usual).map((column) => ({
    column,
    header: column.header,
    number: undefined,
  }));
  const chosen = query.columns === undefined ? usual : named(query.columns);
  if (chosen.length === 0)
    throw new UsageError("--columns: expected names such as run,hpmax,lr; to see them: --available");
  return withoutDoubles(query.addColumns === undefined ? chosen : [...chosen, ...named(query.addColumns)]);
}

/** Where a hyperparameter has the name of another column, such as seed, the header is its id: hparams.seed. */
function withoutDoubles(chosen: readonly ChosenColumn[]): ChosenColumn[] {
  const ids = new Map<string, Set<string>>();
  for (const { header, column } of chosen) ids.set(header, (ids.get(header) ?? new Set()).add(column.id));
  return chosen.map((each) =>
    each.header === each.column.header && (ids.get(each.header)?.size ?? 0) > 1
      ? { ...each, header: each.column.id }
      : each,
  );
}

function chooseColumn(text: string, columns: ColumnSet): ChosenColumn {
  const whole = columnNamed(columns, text);
  if (whole) return { column: whole, header: whole.header, number: undefined };
  const colon = text.lastIndexOf(":");
  const before = colon < 0 ? text : text.slice(0, colon);
  const equals = before.indexOf("=");
  const name = equals < 0 ? before : before.slice(0, equals);
  const column = findColumn(columns, name);
  const header = equals < 0 ? column.header : before.slice(equals + 1);
  if (colon < 0) return { column, header, number: undefined };
  const number = parseNumberFormat(text.slice(colon + 1));
  if (!number) {
    throw new UsageError(
      `--columns "${text}": expected a format such as .3f, .2e, .4g or d after the colon, for example ${name}=${header}:.3f`,
    );
  }
  return { column, header, number };
}

/** The listing's columns as a table lays them out. */
export const listingColumns = (
  { columns }: RunListing,
  { precision, maxWidth }: Pick<CellFormat, "precision" | "maxWidth"> = {},
): RowColumn<RunRow>[] =>
  columns.map(({ column, header, number }) => ({
    header,
    kind: column.kind,
    priority: column.priority,
    cell: readerOf(column),
    format: { precision, maxWidth, number },
    absent: column.absent ?? (() => ""),
  }));

/** The line under the table. The original's tutorial says "(defaulted to --last=10)" even if `--last=10` was typed. */
export function totalLine({ rows, hidden, limit }: RunListing): string {
  const total = `total runs listed: ${rows.length}`;
  if (limit === "") return total;
  return limit === `--last=${usualLast}`
    ? `${total} (defaulted to ${limit})`
    : `${total} of ${rows.length + hidden} (${limit})`;
}
