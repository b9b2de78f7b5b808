import { extname } from "node:path";
import { printableLines } from "../../shared/domain/printable.ts";
import { UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/machine/shell-word.ts";
import type { Cell } from "../words/table.ts";
import type { Column } from "./columns.ts";
import type { RunListing } from "./run-listing.ts";
import { heldRows } from "./run-rows.ts";
import { writeWhole } from "./whole-file.ts";

/** Writes a listing to a file, numbers unrounded: .csv with commas, .jsonl with one JSON object per line, otherwise tabs. */
export function exportListing(listing: RunListing, file: string, format: TextFormat): void {
  writeWhole(file, exportLines(listing, format), `--export=${file}`);
}

export type TextFormat = "csv" | "tsv" | "jsonl";

/** By the ending of the name. Others are refused: programs would not recognise them as tables with tabs. */
const formats: Readonly<Record<string, TextFormat>> = {
  ".csv": "csv",
  ".jsonl": "jsonl",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".txt": "tsv",
  "": "tsv",
};

/**
 * @param flags  as `Scope.flags`, for the commands in what is thrown
 * @throws UsageError if the name asks for a format that is not written here
 */
export function formatOf(file: string, words: readonly string[], flags: string): TextFormat {
  const extension = extname(file).toLowerCase();
  const format = formats[extension];
  if (file !== "-" && format !== undefined) return format;
  const what = words.length === 1 ? words[0] : "JOB";
  const instead =
    extension === ".parquet"
      ? `\n  for that: nexus export ${what} --to parquet --output ${shellWord(file)}${flags}`
      : file === "-"
        ? `\n  to standard output: nexus list runs --json${flags}, or nexus export JOB --output -${flags}`
        : "";
  throw new UsageError(
    `--export=${file}: expected a name that ends in .csv (commas), .jsonl (an object a line), or .tsv or .txt (tabs)${instead}`,
  );
}

/** The listing as text, line by line. */
export function* exportLines(listing: RunListing, format: TextFormat): Generator<string> {
  if (format === "jsonl") {
    yield* jsonLineOf(listing);
    return;
  }
  const field = format === "csv" ? csvField : tabField;
  const separator = format === "csv" ? "," : "\t";
  const { columns, rows } = listing;
  yield `${columns.map(({ header }) => field(header)).join(separator)}\n`;
  for (const row of heldRows(rows)) yield `${columns.map(({ column }) => field(column.value(row))).join(separator)}\n`;
}

/** One object a run: `{"type":"run","v":1,"job":"job1",...,"metrics":{...},"hparams":{...}}`; null for no value. */
function* jsonLineOf({ columns, rows }: RunListing): Generator<string> {
  const fields = jsonFields(columns.map(({ column }) => column));
  // Assembled by hand: stringifying a hundred thousand objects takes several times as long.
  for (const row of heldRows(rows)) {
    let line = '{"type":"run","v":1';
    for (const { key, members } of fields) {
      if (key !== "") line += `,${key}:`;
      let separator = key === "" ? "," : "{";
      for (const { name, column } of members) {
        line += `${separator}${name}:${jsonValue(column.value(row))}`;
        separator = ",";
      }
      if (key !== "") line += "}";
    }
    yield `${line}}\n`;
  }
}

interface JsonField {
  /** Quoted name of an object of several columns; "" for columns of the run itself. */
  readonly key: string;
  readonly members: { readonly name: string; readonly column: Column }[];
}

/** `metrics.hpmax` and the like become members of one object, at the place of the first. */
function jsonFields(columns: readonly Column[]): JsonField[] {
  const fields: JsonField[] = [];
  const seen = new Set<string>();
  for (const column of columns) {
    // A column named twice is one member.
    if (seen.has(column.id)) continue;
    seen.add(column.id);
    const point = column.id.indexOf(".");
    const key = point < 0 ? "" : JSON.stringify(column.id.slice(0, point));
    const member = { name: JSON.stringify(column.id.slice(point + 1)), column };
    const last = fields.at(-1);
    const field = key === "" ? (last?.key === "" ? last : undefined) : fields.find((each) => each.key === key);
    if (field) field.members.push(member);
    else fields.push({ key, members: [member] });
  }
  return fields;
}

/** JSON has no infinities. */
function jsonValue(cell: Cell): string {
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : `"${cell}"`;
  return cell === undefined ? "null" : JSON.stringify(cell);
}

/** A CSV field; text that a spreadsheet would run is disarmed. */
export function csvField(cell: Cell): string {
  const text = unarmed(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A field between tabs. A quotation mark at its beginning would be read as that of a quoted field. */
function tabField(cell: Cell): string {
  const text = unarmed(cell).replace(/[\t\r\n]+/g, " ");
  return text.startsWith('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Spreadsheets run text that begins with = + - @ (or a tab or line end, which some drop), so it gets an apostrophe.
 * Control characters become spaces, because people look at such files on a terminal too.
 */
function unarmed(cell: Cell): string {
  if (typeof cell !== "string") return cell === undefined ? "" : String(cell);
  return printableLines(/^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell);
}
