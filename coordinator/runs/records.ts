import { type Cell, type CellKind, laidTable, tableColumn } from "../words/table.ts";
import { hiddenColumnsNote } from "../words/table-layout.ts";

/** A column of a list, such as jobs or workers. */
export interface Field<Item> {
  readonly name: string;
  readonly kind: CellKind;
  readonly value: (item: Item) => Cell;
  /** If not all columns fit a terminal, the highest numbers are dropped first; 0 always stays. Default: 10. */
  readonly priority?: number;
}

/** A table as text, and what is not in it. */
interface Laid {
  readonly text: string;
  /** Columns that the terminal has no room for. */
  readonly hidden: readonly string[];
  /** Whether text of the last column is cut. */
  readonly hasCut: boolean;
}

/** The items as a table in the original's form: an empty line, the table, an empty line, the total. Every column is shown. */
export const recordsTable = <Item>(fields: readonly Field<Item>[], items: readonly Item[], total: string): string =>
  laidRecords(fields, items, total, undefined).text;

/**
 * The same for a terminal, and what is not in it.
 *
 * @param width  cells of a terminal; undefined: a pipe, which gets everything
 * @param cuts   whether text of the last column is cut to the terminal, instead of broken into several lines
 */
export function laidRecords<Item>(
  fields: readonly Field<Item>[],
  items: readonly Item[],
  total: string,
  width: number | undefined,
  cuts = false,
): Laid {
  const columns = fields.map(({ name, kind, value, priority }) => ({
    ...tableColumn(name, kind, items.map(value)),
    priority,
  }));
  const { lines, ...rest } = laidTable(columns, width, cuts);
  return { text: ["", ...lines, "", total, ""].join("\n"), ...rest };
}

/** Where a table is printed. */
export interface TableOutput {
  result(text: string): void;
  note(text: string): void;
  readonly width?: number | undefined;
}

/** Prints the items as a table, as wide as the terminal, and says which columns it has no room for. */
export function showRecords<Item>(
  output: TableOutput,
  fields: readonly Field<Item>[],
  items: readonly Item[],
  total: string,
): void {
  const { text, hidden } = laidRecords(fields, items, total, output.width);
  output.result(text);
  const note = hiddenColumnsNote(hidden, output.width);
  if (note !== "") output.note(note);
}

/** One JSON object an item; null for no value. */
export function recordsJson<Item>(type: string, fields: readonly Field<Item>[], items: readonly Item[]): string {
  return items
    .map((item) => {
      const values = fields.map(({ name, value }): [string, Cell | null] => [name, value(item) ?? null]);
      return `${JSON.stringify({ type, v: 1, ...Object.fromEntries(values) })}\n`;
    })
    .join("");
}
