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
