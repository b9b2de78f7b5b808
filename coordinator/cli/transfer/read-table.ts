import type { Setting } from "../../../shared/domain/hyperparameter.ts";
import { messageOf, UsageError } from "../../../shared/errors.ts";

/** One line of a table that was read from a file. */
export interface ReadRow {
  /** From 1, as editors count. */
  readonly line: number;
  readonly values: ReadonlyMap<string, Setting>;
}

const tabbed = ["", ".tsv", ".tab", ".txt"];

/**
 * @param extension  .csv; .jsonl, .ndjson, .json; .tsv, .tab, .txt or none: tabs
 * @throws UsageError for any other, and for text that cannot be read
 */
export function parseTable(file: string, text: string, extension: string): ReadRow[] {
  const unmarked = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (extension === ".jsonl" || extension === ".ndjson" || extension === ".json") return parseJsonLines(file, unmarked);
  if (extension !== ".csv" && !tabbed.includes(extension)) {
    throw new UsageError(
      `${file}: expected a table of runs that ends in .csv, .tsv or .jsonl\n  as written by: nexus export job1 --to csv`,
    );
  }
  const records = parseRecords(file, unmarked, extension === ".csv" ? "," : "\t");
  const [header, ...rows] = records;
  if (!header) return [];
  // An export puts an apostrophe before what a spreadsheet would run as a formula.
  const names = header.fields.map((name) => name.replace(/^'(?=[=+\-@])/, ""));
  return rows
    .filter(({ fields }) => fields.some((field) => field !== ""))
    .map(({ line, fields }) => {
      if (fields.length > header.fields.length) {
        throw new UsageError(`${file}:${line}: ${fields.length} fields, but the header has ${header.fields.length}`);
      }
      return { line, values: new Map(names.map((name, i) => [name, fields[i] ?? ""])) };
    });
}

interface FileRecord {
  readonly line: number;
  readonly fields: string[];
}

/** RFC 4180: fields in quotation marks may hold separators, line ends and doubled quotation marks. */
function parseRecords(file: string, text: string, separator: string): FileRecord[] {
  const records: FileRecord[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const record: FileRecord = { line, fields: [] };
    for (;;) {
      if (text[at] === '"') {
        let value = "";
        let from = at + 1;
        for (;;) {
          const end = text.indexOf('"', from);
          if (end < 0) throw new UsageError(`${file}:${record.line}: a quotation mark is never closed`);
          value += text.slice(from, end);
          from = end + 2;
          if (text[end + 1] !== '"') {
            at = end + 1;
            break;
          }
          value += '"';
        }
        record.fields.push(value);
        line += value.split("\n").length - 1;
      } else {
        let end = at;
        while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end += 1;
        record.fields.push(text.slice(at, end));
        at = end;
      }
      if (text[at] !== separator) break;
      at += 1;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    else if (at < text.length && text[at - 1] !== "\r") {
      throw new UsageError(
        `${file}:${line}: expected a separator after the quotation mark, found ${JSON.stringify(text[at])}`,
      );
    }
    line += 1;
    records.push(record);
  }
  return records;
}

/** Objects as `list runs --json` writes them: members of `metrics` and `hparams` get that prefix. */
function parseJsonLines(file: string, text: string): ReadRow[] {
  return text.split("\n").flatMap((each, i) => {
    if (each.trim() === "") return [];
    const line = i + 1;
    let value: unknown;
    try {
      value = JSON.parse(each);
    } catch (cause) {
      throw new UsageError(`${file}:${line}: not JSON (${messageOf(cause)})`, { cause });
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new UsageError(`${file}:${line}: expected an object, such as {"hpmax": 0.03, "lr": 0.0004}`);
    }
    const values = new Map<string, Setting>();
    for (const [name, found] of Object.entries(value)) {
      if (typeof found !== "object" || found === null) values.set(name, found as Setting);
      else {
        for (const [inner, setting] of Object.entries(found)) {
          const isPlain = typeof setting !== "object" || setting === null;
          if (isPlain) values.set(`${name}.${inner}`, setting as Setting);
        }
      }
    }
    return [{ line, values }];
  });
}
