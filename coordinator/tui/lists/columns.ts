import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import type { Cell, CellKind } from "../../words/table.ts";
import type { Style } from "../terminal/styled.ts";
import type { FilterColumn } from "./row-filter.ts";

/** One thing that a screen's table says of each row. */
export interface ScreenColumn<Row> extends FilterColumn<Row> {
  /** What filters and the sort call it, and its header. */
  readonly name: string;
  readonly kind: CellKind;
  /** Where there is no room for all, columns of the highest number go first; 0 stays always. */
  readonly priority: number;
  /** Never NaN: where nothing was measured there is no value. */
  readonly value: (row: Row) => Cell;
  /** What is shown where that is not the value as numbers are printed. */
  readonly text?: (row: Row) => string;
  /** What is shown of a row without a value; nothing when left out. */
  readonly absent?: (row: Row) => string;
  readonly style?: (row: Row) => Style;
  /** Decimals of every number of the column; as many as the shown rows need when left out. */
  readonly decimals?: number;
  /** Which values are looked for first, and so come first when the list is sorted by it; the high ones of counts and measures. */
  readonly best?: "low" | "high";
  /** Characters of text shown at most, where they are not the usual number. */
  readonly widest?: number;
  /** Shown instead where not all columns have room. */
  readonly brief?: (row: Row) => string;
  /** Left out while no row that is shown has a value. */
  readonly isHiddenEmpty?: boolean;
}

/** A column of that name; `more` is what differs from the usual. */
export const column = <Row>(
  name: string,
  kind: CellKind,
  priority: number,
  value: (row: Row) => Cell,
  more: Omit<Partial<ScreenColumn<Row>>, "name" | "kind" | "priority" | "value"> = {},
): ScreenColumn<Row> => ({ name, kind, priority, value, ...more });

/** A column for each hyperparameter with more than one setting, in spec order; those left of others stay longer. */
export function settingColumns<Row>(
  table: RunTable | undefined,
  priority: number,
  settingOf: (row: Row, hyperparameter: number) => Setting | undefined,
): ScreenColumn<Row>[] {
  const dials = (table?.submitted.hyperparameters ?? []).flatMap(({ name, values }, i) =>
    values.length > 1 ? [{ name, i }] : [],
  );
  return dials.map(({ name, i }, place) => column(name, "setting", priority + place, (row) => settingOf(row, i)));
}

/** Columns that are made anew when one of `basis` is another than before. */
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
