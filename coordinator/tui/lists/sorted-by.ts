import type { Cell } from "../../words/table.ts";

/** Rows without a value come last in both directions; equal rows keep their order. */
export function sortedBy<Row>(rows: readonly Row[], cellOf: (row: Row) => Cell, isDescending: boolean): Row[] {
  const present: { readonly row: Row; readonly cell: Exclude<Cell, undefined> }[] = [];
  const missing: Row[] = [];
  for (const row of rows) {
    const cell = cellOf(row);
    if (cell === undefined || cell === null || Number.isNaN(cell)) missing.push(row);
    else present.push({ row, cell });
  }
  const turn = isDescending ? -1 : 1;
  present.sort((a, b) => turn * ascending(a.cell, b.cell));
  return [...present.map(({ row }) => row), ...missing];
}

const collator = new Intl.Collator("en", { numeric: true });

function ascending(a: Exclude<Cell, undefined>, b: Exclude<Cell, undefined>): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  return collator.compare(String(a), String(b));
}
