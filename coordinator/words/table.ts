import type { Setting } from "../../shared/domain/hyperparameter.ts";
import { printable } from "../../shared/domain/printable.ts";
import { cutTo, widthOf } from "./cell-width.ts";
import { decimalsFor, decimalsTyped, formatDecimal } from "./number-format.ts";

/** A table's cell; undefined: no value. */
export type Cell = Setting | undefined;

/** count: integers. measure: measured values, always printed with decimals. setting: a hyperparameter's values, of any type. */
export type CellKind = "text" | "count" | "measure" | "setting";

export interface TableColumn {
  readonly header: string;
  readonly isRightAligned: boolean;
  readonly cells: readonly string[];
}

export interface CellFormat {
  /** Decimals of every number that is not an integer; default: as many as the column needs. */
  readonly precision?: number | undefined;
  /** Overrides all other rules for numbers. */
  readonly number?: ((value: number) => string) | undefined;
  /** What is shown, by row, where there is no value. Default: nothing. */
  readonly absent?: ((row: number) => string) | undefined;
  /** Cells of a terminal; longer text is cut and ends in "..". Numbers are never cut. */
  readonly maxWidth?: number | undefined;
}

/** A column as text, every number with as many decimals as the column needs. */
export function tableColumn(
  header: string,
  kind: CellKind,
  cells: readonly Cell[],
  format: CellFormat = {},
): TableColumn {
  const numbers = cells.filter((cell) => typeof cell === "number");
  const formatNumber = format.number ?? numberFormat(kind, numbers, format.precision);
  const isEmpty = cells.every((cell) => cell === undefined);
  return {
    header,
    isRightAligned: kind !== "text" && (numbers.length > 0 || isEmpty),
    cells: cells.map((cell, row) => {
      if (cell === undefined) return format.absent?.(row) ?? "";
      // A cut number would be another number.
      return typeof cell === "number" ? formatNumber(cell) : clipped(printable(String(cell)), format.maxWidth);
    }),
  };
}

function numberFormat(
  kind: CellKind,
  numbers: readonly number[],
  precision: number | undefined,
): (value: number) => string {
  if (kind !== "measure" && numbers.every(Number.isInteger)) return String;
  if (precision !== undefined) return (value) => (Number.isFinite(value) ? value.toFixed(precision) : String(value));
  let decimals = decimalsFor(numbers);
  // Different settings must look different: 0.9990 and 0.9995.
  if (kind === "setting") decimals = numbers.reduce((most, value) => Math.max(most, decimalsTyped(value)), decimals);
  return (value) => formatDecimal(value, decimals);
}

/**
 * Header, empty line, rows; below more than five rows the header again, so that it stays visible near the prompt.
 * Two spaces between columns, no borders, no trailing spaces.
 *
 * @param chosen  only these rows, in columns as wide as for all rows, so that several tables line up; default: all
 */
export function tableLines(columns: readonly TableColumn[], chosen?: readonly number[]): string[] {
  const widths = columns.map(columnWidth);
  const line = (textOf: (column: TableColumn) => string): string =>
    columns
      .map((column, i) => padded(textOf(column), widths[i] ?? 0, column.isRightAligned))
      .join("  ")
      .trimEnd();
  const header = line((column) => column.header);
  const count = chosen?.length ?? columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, i) => line((column) => column.cells[chosen?.[i] ?? i] ?? ""));
  return count > 5 ? [header, "", ...rows, "", header] : [header, "", ...rows];
}

/** Cells of a terminal. */
export const columnWidth = ({ header, cells }: TableColumn): number =>
  cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(header));

function padded(text: string, width: number, isRightAligned: boolean): string {
  const spaces = " ".repeat(Math.max(0, width - widthOf(text)));
  return isRightAligned ? spaces + text : text + spaces;
}

function clipped(text: string, maxWidth: number | undefined): string {
  if (maxWidth === undefined || widthOf(text) <= maxWidth) return text;
  return maxWidth <= 2 ? cutTo(text, maxWidth) : `${cutTo(text, maxWidth - 2)}..`;
}
