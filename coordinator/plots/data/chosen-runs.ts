import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { type Goal, maximised } from "../../../shared/domain/goal.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import { type Column, type ColumnSet, columnNamed, columnsOf, noColumn, readerOf } from "../../runs/columns.ts";
import { listing } from "../../runs/run-listing.ts";
import type { RunRow } from "../../runs/run-rows.ts";

/** Which runs the user asked for. */
export interface RunChoice {
  /** Words of a run list. */
  readonly runs: readonly string[];
  readonly filter: readonly string[];
  readonly status: string | undefined;
  readonly maxRuns: number | undefined;
}

/** The child runs that a plot shows. */
export interface ChosenRuns {
  readonly rows: readonly (RunRow & { readonly trial: Trial })[];
  readonly tables: readonly RunTable[];
  /** Names of the jobs, for titles. */
  readonly jobs: string;
  readonly columns: ColumnSet;
  /** Number of runs left out by `maxRuns`. */
  readonly hidden: number;
  /** What a command must add to reach the same workspace. */
  readonly flags: string;
}

/** @throws UsageError, NotFoundError as `list runs` does; NotFoundError if no run is left */
export function chooseRuns(
  { runs, filter, status, maxRuns }: RunChoice,
  state: WorkspaceState,
  workspace: string,
  flags = workspaceFlags(workspace),
): ChosenRuns {
  const found = listing({ runs, filter, status, child: true, all: true, flags }, state, workspace);
  const rows = found.rows.flatMap((row) =>
    row.trial && (row.trial.status !== "rejected" || isAskedFor(row.trial, runs, status))
      ? [{ ...row, trial: row.trial }]
      : [],
  );
  const what = runs.join(",");
  if (rows.length === 0) {
    const isFiltered = filter.length > 0 || status !== undefined;
    const why = isFiltered ? ": none of the runs passes --filter and --status" : " has no runs yet";
    throw new NotFoundError(`${what}${why}\n  to see them: nexus list runs ${what}${flags}`);
  }
  const kept = maxRuns === undefined ? rows : rows.slice(0, maxRuns);
  const tables = [...new Set(kept.map(({ table }) => table))];
  const jobs = tables.map(({ job }) => job).join(", ");
  return { rows: kept, tables, jobs, columns: columnsOf(tables, workspace), hidden: rows.length - kept.length, flags };
}

/** A rejected run is shown only if it, or that status, is asked for by name. */
const isAskedFor = ({ run }: Trial, runs: readonly string[], status: string | undefined): boolean =>
  status !== undefined ||
  runs.some((words) => words.split(",").some((word) => word === run || word.endsWith(`/${run}`)));

/** Only completed runs, in order of completion. @throws NotFoundError if there are none */
export function completedOnly(runs: ChosenRuns): ChosenRuns {
  const places = new Map(runs.tables.map((table) => [table, new Map(table.completions.map((n, i) => [n, i]))]));
  const placeOf = ({ table, trial }: ChosenRuns["rows"][number]): number => places.get(table)?.get(trial.n) ?? 0;
  const rows = runs.rows
    .filter(({ trial }) => trial.status === "completed")
    .sort((a, b) => (a.table === b.table ? placeOf(a) - placeOf(b) : a.trial.endedAt - b.trial.endedAt));
  if (rows.length === 0) {
    const job = runs.tables[0]?.job ?? "";
    throw new NotFoundError(`none of these runs has completed yet\n  to see them: nexus list runs ${job}${runs.flags}`);
  }
  return { ...runs, rows };
}

/** @throws UsageError with the nearest name if there is no such column */
export function columnOf({ columns, tables, flags }: ChosenRuns, name: string): Column {
  const column = columnNamed(columns, name);
  if (column) return column;
  throw new UsageError(noColumn(columns, name, `nexus list runs ${tables[0]?.job} --available${flags}`));
}

/** One value of each run; NaN if it was not measured. */
export interface Measure {
  readonly name: string;
  readonly values: readonly number[];
  /** Whether lower is better. Default: not known to be. */
  readonly isLow?: boolean;
}

/** What people mean by hpmax: the loss, if all these jobs minimise the same one. */
function inSense({ columns, tables }: ChosenRuns, column: Column): Column {
  const goal = commonGoal({ tables });
  const isTold = column.id === "metrics.hpmax" && goal.isLow;
  return (isTold ? columnNamed(columns, `metrics.${goal.name}`) : undefined) ?? column;
}

/** What all these jobs are judged by; hpmax if they differ. */
export function commonGoal({ tables }: Pick<ChosenRuns, "tables">): Goal {
  const [goal = maximised] = tables.map((table) => table.goal);
  return tables.every((table) => table.goal.name === goal.name) ? goal : maximised;
}

/** @throws UsageError if the column does not hold numbers, NotFoundError if no run has a value */
export function measureOf(runs: ChosenRuns, name: string): Measure {
  const column = inSense(runs, columnOf(runs, name));
  const { header, isLow = false } = column;
  const read = readerOf(column);
  const cells = runs.rows.map((row) => read(row));
  if (cells.some((cell) => typeof cell === "string" || typeof cell === "boolean")) {
    throw new UsageError(
      `${column.header} is not a number, so it cannot be plotted\n  for example: nexus plot ${runs.tables[0]?.job} hpmax${runs.flags}`,
    );
  }
  const values = cells.map((cell) => (typeof cell === "number" ? cell : Number.NaN));
  if (!values.some(Number.isFinite)) throw new NotFoundError(`none of these runs has a value of ${column.header}`);
  return isLow ? { name: header, values, isLow } : { name: header, values };
}

/** A note on the runs that have no such value. */
export function withoutNote({ name, values }: Measure): string[] {
  const without = values.filter((value) => !Number.isFinite(value)).length;
  if (without === 0) return [];
  return [`${without} of ${counted(values.length, "run")} ${without === 1 ? "has" : "have"} no ${name}`];
}
