import type { Setting } from "../../shared/domain/hyperparameter.ts";
import { printable } from "../../shared/domain/printable.ts";
import { cutTo, widthOf } from "./cell-width.ts";
import { decimalsFor, decimalsTyped, formatDecimal } from "./number-format.ts";
import { type LaidColumn, TableLayout } from "./table-layout.ts";

/** A table's cell; undefined: no value. */
export type Cell = Setting | undefined;

/** count: integers. measure: measured values, always printed with decimals. setting: a hyperparameter's values, of any type. */
export type CellKind = "text" | "count" | "measure" | "setting";

export interface TableColumn extends LaidColumn {
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

/** A hyperparameter's settings; `-` where it has no effect. */
export const settingColumn = (name: string, settings: readonly Cell[]): TableColumn =>
  tableColumn(name, "setting", settings, { absent: () => "-" });

/** Most settings of a column that are remembered, so that each is looked at only once. */
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
 * Every column is shown, on lines of any length.
 */
export const tableLines = (columns: readonly TableColumn[]): string[] => laidTable(columns, undefined).lines;

/** A table as lines. */
interface LaidTable {
  readonly lines: string[];
  /** Columns that the terminal has no room for. */
  readonly hidden: readonly string[];
  /** Whether text of the last column is cut. */
  readonly hasCut: boolean;
}

/** The same for a terminal, and what it hides. @param width  cells; undefined: a pipe. @param cuts  as in the layout */
export function laidTable(columns: readonly TableColumn[], width: number | undefined, cuts = false): LaidTable {
  const layout = new TableLayout(columns, columns.map(columnWidth), width, cuts);
  const { header, hidden, hasCut } = layout;
  const count = columns[0]?.cells.length ?? 0;
  const rows = Array.from({ length: count }, (_, i) => layout.row(columns.map(({ cells }) => cells[i] ?? ""))).flat();
  const below = count > mostBelowOneHeader ? ["", header] : [];
  return { lines: [header, "", ...rows, ...below], hidden, hasCut };
}

const mostBelowOneHeader = 5;

/** A column of rows that are read as often as needed and kept nowhere. */
export interface RowColumn<Row> {
  readonly header: string;
  readonly kind: CellKind;
  readonly cell: (row: Row) => Cell;
  readonly format: Omit<CellFormat, "absent">;
  /** What is shown where there is no value. */
  readonly absent: (row: Row) => string;
  /** As in a table's layout. */
  readonly priority?: number | undefined;
}

/** A table of any length as lines, one after the other: a first pass over the rows finds the decimals, a second the widths. */
export class RowTable<Row> {
  readonly #texts: readonly ((row: Row) => string)[];
  readonly #layout: TableLayout;

  /**
   * @param rows   all of them, to be read twice
   * @param width  cells of a terminal; left out: every column is shown, on lines of any length
   */
  constructor(columns: readonly RowColumn<Row>[], rows: Iterable<Row>, width?: number) {
    const shapes = columns.map(({ kind }) => new CellShape(kind));
    for (const row of rows) for (const [i, { cell }] of columns.entries()) shapes[i]?.see(cell(row));
    this.#texts = columns.map(({ cell, format, absent, kind }, i) => {
      const text = (shapes[i] ?? new CellShape(kind)).writer(format);
      return (row) => {
        const found = cell(row);
        return found === undefined ? absent(row) : text(found);
      };
    });
    const widths = columns.map(({ header }) => widthOf(header));
    for (const row of rows) {
      for (const [i, text] of this.#texts.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(text(row)));
    }
    const laid = columns.map((column, i) => ({ ...column, isRightAligned: shapes[i]?.isRightAligned ?? false }));
    this.#layout = new TableLayout(laid, widths, width);
  }

  /** The columns that the terminal has no room for. */
  get hidden(): readonly string[] {
    return this.#layout.hidden;
  }

  /** As `tableLines`, of some rows or all. @param count  how many rows these are */
  *lines(rows: Iterable<Row>, count: number): Generator<string> {
    const { header } = this.#layout;
    yield header;
    yield "";
    for (const row of rows) yield* this.#layout.row(this.#texts.map((text) => text(row)));
    if (count <= mostBelowOneHeader) return;
    yield "";
    yield header;
  }
}

/** Cells of a terminal. */
const columnWidth = ({ header, cells }: TableColumn): number =>
  cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(header));

function clipped(text: string, maxWidth: number | undefined): string {
  if (maxWidth === undefined || widthOf(text) <= maxWidth) return text;
  return maxWidth <= 2 ? cutTo(text, maxWidth) : `${cutTo(text, maxWidth - 2)}..`;
}
