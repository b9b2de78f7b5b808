import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import type { RunListing } from "../../runs/run-listing.ts";
import type { Cell, CellKind } from "../../words/table.ts";

/**
 * A listing as a Parquet file with typed columns: counts are integers, measures are doubles, settings have the type of all values.
 * A hyperparameter with values of several types becomes text.
 */
export function listingParquet({ columns, rows }: RunListing): Uint8Array {
  const columnData = columns.map(({ column, header }) => columnOf(header, column.kind, rows.map(column.value)));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function columnOf(name: string, kind: CellKind, cells: readonly Cell[]): ColumnSource {
  const found = cells.filter((cell) => cell !== undefined && cell !== null);
  const data = (of: (cell: Exclude<Cell, undefined | null>) => unknown) =>
    cells.map((cell) => (cell === undefined || cell === null ? null : of(cell)));
  if (found.length > 0 && found.every((cell) => typeof cell === "boolean")) {
    return { name, data: data((cell) => cell), type: "BOOLEAN", nullable: true };
  }
  if (kind === "measure" || (found.length > 0 && found.every((cell) => typeof cell === "number"))) {
    return kind === "count" && found.every(Number.isSafeInteger)
      ? { name, data: data((cell) => BigInt(Number(cell))), type: "INT64", nullable: true }
      : { name, data: data(Number), type: "DOUBLE", nullable: true };
  }
  return { name, data: data(String), type: "STRING", nullable: true };
}
