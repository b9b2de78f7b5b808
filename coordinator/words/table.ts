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
  const shape = new CellShape(kind);
  for (const cell of cells) shape.see(cell);
  const text = shape.writer(format);
  const { isRightAligned } = shape;
  return {
    header,
    isRightAligned,
    cells: cells.map((cell, row) => (cell === undefined ? (format.absent?.(row) ?? "") : text(cell))),
  };
}

/** Settings of a column that are looked at once only. */
const mostRemembered = 1000;

/** What the cells of a column have in common, found out one by one. */
class CellShape {
  readonly #kind: CellKind;
  #isEmpty = true;
  #hasNumbers = false;
  #isWhole = true;
  /** The smallest number that is not 0, and the decimals that a person would type for any of them. */
  #least = Number.POSITIVE_INFINITY;
  #typed = 0;
  readonly #settings = new Set<number>();

  constructor(kind: CellKind) {
    this.#kind = kind;
  }

  see(cell: Cell): void {
    if (cell === undefined) return;
    this.#isEmpty = false;
    if (typeof cell !== "number") return;
    this.#hasNumbers = true;
    if (!Number.isInteger(cell)) this.#isWhole = false;
    const size = Math.abs(cell);
    if (size > 0 && size < this.#least) this.#least = size;
    // A dial has few marks, and each is used again and again.
    if (this.#kind !== "setting" || this.#settings.has(cell)) return;
    this.#typed = Math.max(this.#typed, decimalsTyped(cell));
    if (this.#settings.size < mostRemembered) this.#settings.add(cell);
  }

  get isRightAligned(): boolean {
    return this.#kind !== "text" && (this.#hasNumbers || this.#isEmpty);
  }

  /** How its cells are written, once all were seen. */
  writer({ number, precision, maxWidth }: CellFormat): (cell: Exclude<Cell, undefined>) => string {
    const numberText = number ?? this.#numberFormat(precision);
    // A cut number would be another number.
    return (cell) => (typeof cell === "number" ? numberText(cell) : clipped(printable(String(cell)), maxWidth));
  }

  #numberFormat(precision: number | undefined): (value: number) => string {
    if (this.#kind !== "measure" && this.#isWhole) return String;
    if (precision !== undefined) return (value) => (Number.isFinite(value) ? value.toFixed(precision) : String(value));
    // Different settings must look different: 0.9990 and 0.9995.
    const decimals = Math.max(this.#kind === "setting" ? this.#typed : 0, decimalsFor([this.#least]));
    return (value) => formatDecimal(value, decimals);
  }
}

/**
 * Header, empty line, rows; below more than five rows the header again, so that it stays visible near the prompt.
 * Two spaces between columns, no borders, no trailing spaces.
 */
export function tableLines(columns: readonly TableColumn[]): string[] {
  const widths = columns.map(columnWidth);
  const line = (textOf: (column: TableColumn) => string): string => joined(columns, widths, columns.map(textOf));
  const header = line((column) => column.header);
  const count = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, i) => line((column) => column.cells[i] ?? ""));
  return count > mostBelowOneHeader ? [header, "", ...rows, "", header] : [header, "", ...rows];
}

const mostBelowOneHeader = 5;

const joined = (
  columns: readonly { readonly isRightAligned: boolean }[],
  widths: readonly number[],
  texts: readonly string[],
): string =>
  columns
    .map(({ isRightAligned }, i) => padded(texts[i] ?? "", widths[i] ?? 0, isRightAligned))
    .join("  ")
    .trimEnd();

/** A column of rows that are read as often as needed and kept nowhere. */
export interface RowColumn<Row> {
  readonly header: string;
  readonly kind: CellKind;
  readonly cell: (row: Row) => Cell;
  readonly format: Omit<CellFormat, "absent">;
  /** What is shown where there is no value. */
  readonly absent: (row: Row) => string;
}

/** A table of any length as lines, one after the other: a first pass over the rows finds the decimals, a second the widths. */
export class RowTable<Row> {
  readonly #columns: readonly (RowColumn<Row> & { readonly isRightAligned: boolean })[];
  readonly #texts: readonly ((row: Row) => string)[];
  readonly #widths: number[];

  /** @param rows  all of them, to be read twice */
  constructor(columns: readonly RowColumn<Row>[], rows: Iterable<Row>) {
    const shapes = columns.map(({ kind }) => new CellShape(kind));
    for (const row of rows) for (const [i, { cell }] of columns.entries()) shapes[i]?.see(cell(row));
    this.#columns = columns.map((column, i) => ({ ...column, isRightAligned: shapes[i]?.isRightAligned ?? false }));
    this.#texts = columns.map(({ cell, format, absent, kind }, i) => {
      const text = (shapes[i] ?? new CellShape(kind)).writer(format);
      return (row) => {
        const found = cell(row);
        return found === undefined ? absent(row) : text(found);
      };
    });
    this.#widths = columns.map(({ header }) => widthOf(header));
    for (const row of rows) {
      for (const [i, text] of this.#texts.entries())
        this.#widths[i] = Math.max(this.#widths[i] ?? 0, widthOf(text(row)));
    }
  }

  /** As `tableLines`, some of the rows or all. @param count  of them */
  *lines(rows: Iterable<Row>, count: number): Generator<string> {
    const line = (texts: readonly string[]): string => joined(this.#columns, this.#widths, texts);
    const header = line(this.#columns.map((column) => column.header));
    yield header;
    yield "";
    for (const row of rows) yield line(this.#texts.map((text) => text(row)));
    if (count <= mostBelowOneHeader) return;
    yield "";
    yield header;
  }
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
