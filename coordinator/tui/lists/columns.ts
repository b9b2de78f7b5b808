import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { bestEnd, type Goal, maximised, told } from "../../../shared/domain/goal.ts";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import type { Cell, CellKind } from "../../words/table.ts";
import type { Style } from "../terminal/styled.ts";
import type { FilterColumn } from "./row-filter.ts";

/** A column of a screen's table. */
export interface ScreenColumn<Row> extends FilterColumn<Row> {
  /** Its header, and its name in filters and sorting. */
  readonly name: string;
  readonly kind: CellKind;
  /** What it says, for the glossary in the help. */
  readonly about: string;
  /** If not all columns fit, those with the highest number go first; 0 always stays. */
  readonly priority: number;
  /** Never NaN: what was not measured has no value. */
  readonly value: (row: Row) => Cell;
  /** What the list is sorted by. Default: the value. */
  readonly rank?: (row: Row) => Cell;
  /** What is shown instead of the value. */
  readonly text?: (row: Row) => string;
  /** What is shown if a row has no value. Default: nothing. */
  readonly absent?: (row: Row) => string;
  readonly style?: (row: Row) => Style;
  /** Which end is best and comes first when the list is sorted by it. Default: high for counts and measures. */
  readonly best?: "low" | "high";
  /** The most characters of text that are shown, if not the usual number. */
  readonly widest?: number;
  /** Whether its text takes the room that the other columns leave, however long it is. */
  readonly isFilling?: boolean;
  /** What is shown if not all columns fit. */
  readonly brief?: (row: Row) => string;
  /** Whether the column is left out while no visible row has a value. */
  readonly isHiddenEmpty?: boolean;
}

/** The further properties of a column: `about` is required, the others are optional. */
export type ColumnMore<Row> = Pick<ScreenColumn<Row>, "about"> &
  Omit<Partial<ScreenColumn<Row>>, "name" | "kind" | "priority" | "value" | "about">;

/** A column; `more` has its description and overrides the defaults. */
export const column = <Row>(
  name: string,
  kind: CellKind,
  priority: number,
  value: (row: Row) => Cell,
  more: ColumnMore<Row>,
): ScreenColumn<Row> => ({ name, kind, priority, value, ...more });

/** What the job on the screen is judged by. */
export const shownGoal = ({ table }: { readonly table: RunTable | undefined }): Goal => table?.goal ?? maximised;

/** A column of hpmax, or of a value made of it, shown in the sense of the goal: a loss as itself. */
export const goalColumn = <Row>(
  goal: Goal,
  name: string,
  priority: number,
  hpmaxOf: (row: Row) => number | undefined,
  { about, ...more }: ColumnMore<Row>,
): ScreenColumn<Row> => {
  const value = (row: Row): number | undefined => {
    const hpmax = hpmaxOf(row);
    return hpmax === undefined ? undefined : told(goal, hpmax);
  };
  const lower = goal.isLow ? "; lower is better" : "";
  return column(name, "measure", priority, value, { about: `${about}${lower}`, best: bestEnd(goal), ...more });
};

/** A column for each hyperparameter with more than one setting, in spec order. If not all fit, the last go first. */
export function settingColumns<Row>(
  table: RunTable | undefined,
  priority: number,
  settingOf: (row: Row, hyperparameter: number) => Setting | undefined,
): ScreenColumn<Row>[] {
  const dials = (table?.submitted.hyperparameters ?? []).flatMap(({ name, values }, i) =>
    values.length > 1 ? [{ name, i }] : [],
  );
  return dials.map(({ name, i }, place) =>
    column(name, "setting", priority + place, (row) => settingOf(row, i), {
      about: "its setting; - where it is not used",
      absent: () => "-",
    }),
  );
}

/** Columns that are rebuilt whenever one of `basis` has changed. */
export function keptColumns<Row>(
  basis: () => readonly unknown[],
  make: () => readonly ScreenColumn<Row>[],
): () => readonly ScreenColumn<Row>[] {
  let known: { readonly of: readonly unknown[]; readonly columns: readonly ScreenColumn<Row>[] } | undefined;
  return () => {
    const of = basis();
    if (!known || of.some((each, i) => each !== known?.of[i])) known = { of, columns: make() };
    return known.columns;
  };
}

/** Columns of what a search may try next: whether it is over and how its goal is shown decide them. */
export const columnsOfNext = <Row>(
  search: { readonly table: RunTable | undefined },
  columnsFor: (isOver: boolean, goal: Goal) => readonly ScreenColumn<Row>[],
): (() => readonly ScreenColumn<Row>[]) =>
  keptColumns(
    () => [search.table?.isOver, shownGoal(search)],
    () => columnsFor(search.table?.isOver ?? false, shownGoal(search)),
  );
