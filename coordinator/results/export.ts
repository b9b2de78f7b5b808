import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import type { RunListing } from "./run-listing.ts";
import type { Cell } from "./table.ts";

/** Writes what is listed to a file, numbers unrounded: .csv with commas, .jsonl with one JSON object a line, otherwise tabs. */
export function exportListing(listing: RunListing, file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, exportText(listing, extname(file)));
  } catch (cause) {
    throw new UsageError(`--export=${file}: cannot be written (${cause instanceof Error ? cause.message : cause})`, {
      cause,
    });
  }
}

export function exportText(listing: RunListing, extension: string): string {
  if (extension === ".jsonl") return jsonLines(listing);
  const field = extension === ".csv" ? csvField : tabField;
  const separator = extension === ".csv" ? "," : "\t";
  const lines = [
    listing.columns.map(({ header }) => field(header)),
    ...listing.rows.map((row) => listing.columns.map(({ column }) => field(column.value(row)))),
  ];
  return lines.map((line) => `${line.join(separator)}\n`).join("");
}

/** One object a run: `{"type":"run","v":1,"job":"job1",...,"metrics":{...},"hparams":{...}}`; null where there is no value. */
export function jsonLines({ columns, rows }: RunListing): string {
  return rows
    .map((row) => {
      const fields = new Map<string, unknown>([
        ["type", "run"],
        ["v", 1],
      ]);
      const groups = new Map<string, [name: string, value: Cell][]>();
      for (const { column } of columns) {
        const value = jsonValue(column.value(row));
        const point = column.id.indexOf(".");
        if (point < 0) {
          fields.set(column.id, value);
        } else {
          const name = column.id.slice(0, point);
          const group = groups.get(name) ?? [];
          groups.set(name, group);
          fields.set(name, group);
          group.push([column.id.slice(point + 1), value]);
        }
      }
      for (const [name, group] of groups) fields.set(name, Object.fromEntries(group));
      return `${JSON.stringify(Object.fromEntries(fields))}\n`;
    })
    .join("");
}

/** JSON has no infinities. */
function jsonValue(cell: Cell): Exclude<Cell, undefined> {
  if (typeof cell === "number" && !Number.isFinite(cell)) return String(cell);
  return cell ?? null;
}

function csvField(cell: Cell): string {
  const text = cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const tabField = (cell: Cell): string => (cell === undefined ? "" : String(cell).replace(/[\t\r\n]+/g, " "));
