import { StringDecoder } from "node:string_decoder";
import { objectIn } from "../json-object.ts";
import { type Row, type RowReader, rowOf } from "./row.ts";

/** Characters. An unfinished line that is longer is dropped. */
const longestLine = 1_000_000;

/** Splits bytes into whole lines. The unfinished last line waits for the next bytes. */
class Lines {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  push(bytes: Buffer): string[] {
    const parts = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = parts.pop() ?? "";
    if (this.#rest.length > longestLine) this.#rest = "";
    return parts.map((part) => part.replace(/\r$/, "")).filter((part) => part.trim() !== "");
  }
}

/** A table with a header line, as spreadsheets, pandas and Lightning's CSVLogger write it. */
export class CsvRows implements RowReader {
  readonly #lines = new Lines();
  readonly #counter: string;
  #separator = ",";
  #names: readonly string[] | undefined;

  constructor(counter: string) {
    this.#counter = counter;
  }

  push(bytes: Buffer): Row[] {
    return this.#lines.push(bytes).flatMap((line) => {
      if (this.#names === undefined) {
        const head = line.replace(/^\uFEFF/, "");
        this.#separator = [",", "\t", ";"].find((each) => head.includes(each)) ?? ",";
        this.#names = cells(head, this.#separator);
        return [];
      }
      const found = cells(line, this.#separator);
      const names = this.#names;
      return [
        rowOf(
          found.map((cell, i) => [names[i] ?? "", cell] as const),
          this.#counter,
        ),
      ];
    });
  }

  end(): Row[] {
    return this.push(Buffer.from("\n"));
  }
}

/** The cells of a line. A quoted cell may hold the separator; two quotes in it stand for one. */
function cells(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const found: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const letter = line[i] ?? "";
    if (letter === '"') {
      if (isQuoted && line[i + 1] === '"') {
        cell += letter;
        i += 1;
      } else isQuoted = !isQuoted;
    } else if (letter === separator && !isQuoted) {
      found.push(cell.trim());
      cell = "";
    } else cell += letter;
  }
  return [...found, cell.trim()];
}

/** A JSON object in each line. Other lines are skipped. */
export class JsonRows implements RowReader {
  readonly #lines = new Lines();
  readonly #counter: string;

  constructor(counter: string) {
    this.#counter = counter;
  }

  push(bytes: Buffer): Row[] {
    return this.#lines.push(bytes).flatMap((line) => {
      const found = objectIn(line);
      return found ? [rowOf(flat(found), this.#counter)] : [];
    });
  }

  end(): Row[] {
    return this.push(Buffer.from("\n"));
  }
}

/** `{"val": {"acc": 1}}` has the value val/acc. */
function* flat(object: Readonly<Record<string, unknown>>, prefix = ""): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && prefix.length < 200)
      yield* flat(value as Record<string, unknown>, `${prefix}${name}/`); // an object has names
    else yield [prefix + name, value];
  }
}

/** One JSON object that is rewritten from time to time, such as wandb-summary.json. */
export class SummaryRows implements RowReader {
  readonly #counter: string;
  #text = "";

  constructor(counter: string) {
    this.#counter = counter;
  }

  push(bytes: Buffer): Row[] {
    this.#text = (this.#text + bytes.toString("utf8")).slice(-longestLine);
    const found = objectIn(this.#text);
    return found ? [rowOf(flat(found), this.#counter)] : [];
  }
}
