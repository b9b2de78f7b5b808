import { type Cell, type CellKind, columnWidth, tableColumn, tableLines } from "../words/table.ts";

/** A column of a list, such as jobs or workers. */
export interface Field<Item> {
  readonly name: string;
  readonly kind: CellKind;
  readonly value: (item: Item) => Cell;
}

/** Cells that a last column of text keeps, however narrow the terminal is. */
const leastLast = 24;

/**
 * The items as a table in the original's form: an empty line, the table, an empty line, the total.
 *
 * @param width  cells of a terminal: text of the last column is cut to it; left out: nothing is cut
 */
export function recordsTable<Item>(
  fields: readonly Field<Item>[],
  items: readonly Item[],
  total: string,
  width?: number,
): string {
  const columns = fields.map(({ name, kind, value }) => tableColumn(name, kind, items.map(value)));
  const last = fields.at(-1);
  if (width !== undefined && last?.kind === "text") {
    const before = columns.slice(0, -1).reduce((sum, column) => sum + columnWidth(column) + 2, 0);
    const maxWidth = Math.max(leastLast, width - before);
    columns.splice(-1, 1, tableColumn(last.name, "text", items.map(last.value), { maxWidth }));
  }
  return ["", ...tableLines(columns), "", total, ""].join("\n");
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
