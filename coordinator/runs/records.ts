import { type Cell, type CellKind, tableColumn, tableLines } from "../words/table.ts";

/** A column of a list, such as jobs or workers. */
export interface Field<Item> {
  readonly name: string;
  readonly kind: CellKind;
  readonly value: (item: Item) => Cell;
}

/** The items as a table in the original's form: an empty line, the table, an empty line, the total. */
export function recordsTable<Item>(fields: readonly Field<Item>[], items: readonly Item[], total: string): string {
  const columns = fields.map(({ name, kind, value }) => tableColumn(name, kind, items.map(value)));
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
