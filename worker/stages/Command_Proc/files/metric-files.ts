import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { EventRows } from "./event-rows.ts";
import { keyOf, type Row, type RowReader } from "./row.ts";
import { TailedFile } from "./tailed-file.ts";
import { CsvRows, JsonRows, SummaryRows } from "./text-rows.ts";
import { WandbRows } from "./wandb-rows.ts";

/** Where metrics are looked for besides what is printed. */
export interface FileSource {
  /** A file or folder, relative to the run's folder. */
  readonly path: string;
  /** By metric, or `iters`: the column that holds it, if the column has another name. */
  readonly columns: Readonly<Record<string, string>>;
}

export interface FileReport {
  /** The iteration, as the file counts; undefined if no column counts. */
  readonly step: number | undefined;
  /** Without a step: the number of the row, from 1. Rows from before the program began do not count. */
  readonly row: number | undefined;
  readonly values: Readonly<Record<string, number>>;
  readonly file: string;
}

interface Pending {
  readonly values: ReadonlyMap<string, number>;
  readonly file: string;
  /** Number of the reading that brought the first of these values. */
  readonly since: number;
}

/**
 * `new`: what has come, and nothing that waits for more; `all`: to the end of the files; `last`: nothing more will come; `done`: nor was
 * the program broken off, so that a last line without its end is whole.
 */
export type HowMuch = "new" | "all" | "last" | "done";

/** Folders are searched again after this many readings, because files appear late. */
const readingsBetweenLooks = 4;
const deepest = 6;
const mostEntries = 2000;
const mostFiles = 50;
/** Readings, two minutes, to wait for a metric in another file: TensorBoard's writers write every two minutes. */
const mostReadings = 240;
/** Most column names in the error of a run without metrics. */
const mostColumns = 40;

/**
 * Metrics in files that a program writes: tables (CSV), JSON lines, TensorBoard's events, the folders of Lightning's
 * CSVLogger and of W&B offline. They are read while they grow. The values of one iteration, from several rows or files,
 * make one report. It is made once all metrics are there, or the files that have the missing ones are at a later
 * iteration, or the program has ended.
 */
export class MetricFiles {
  readonly #source: FileSource;
  readonly #metrics: readonly string[];
  readonly #folders: readonly string[];
  readonly #files = new Map<string, TailedFile>();
  readonly #columnOf: readonly (readonly [metric: string, column: string])[];
  readonly #pending = new Map<number, Pending>();
  /** By metric: the newest iteration that has it, in each file with a count. */
  readonly #newestIn = new Map<string, Map<string, number>>();
  /** By file: rows without a count that had a metric. */
  readonly #counted = new Map<string, number>();
  readonly #columns = new Set<string>();
  #newest = Number.NEGATIVE_INFINITY;
  #told = Number.NEGATIVE_INFINITY;
  #readings = 0;

  /** @param folders  where to look for the path; the first that has it counts */
  constructor(source: FileSource, metrics: readonly string[], folders: readonly string[]) {
    this.#source = source;
    this.#metrics = metrics;
    this.#folders = folders;
    this.#columnOf = metrics.map((metric) => [metric, source.columns[metric] ?? metric]);
  }

  /** The files found, relative to the run's folder, and the names of the numbers in them. */
  get seen(): { readonly files: readonly string[]; readonly columns: readonly string[] } {
    return { files: [...this.#files.keys()].map((path) => this.#shown(path)), columns: [...this.#columns] };
  }

  /**
   * Call before the program begins. Skips the rows that an earlier attempt wrote and reported. Rows with a step are
   * read as usual, because the step says which of them were reported.
   */
  begin(): void {
    this.#look();
    this.#rows(true);
    this.#counted.clear();
  }

  /** The reports that are ready since the last call, by step. */
  read(howMuch: HowMuch): FileReport[] {
    if (howMuch !== "new" || this.#files.size === 0 || this.#readings % readingsBetweenLooks === 0) this.#look();
    this.#readings += 1;
    const isLast = howMuch === "last" || howMuch === "done";
    const reports = this.#rows(howMuch !== "new", howMuch === "done");
    for (const [step, pending] of [...this.#pending].sort(([a], [b]) => a - b)) {
      // Those behind it wait too: reports come in their order.
      if (!isLast && this.#isAwaited(step, pending)) break;
      const { values, file } = pending;
      this.#pending.delete(step);
      this.#told = step;
      reports.push({ step, row: undefined, values: Object.fromEntries(values), file: this.#shown(file) });
    }
    return reports;
  }

  /** Whether more values of that iteration may come. */
  #isAwaited(step: number, { values, since }: Pending): boolean {
    if (values.size === this.#metrics.length) return false;
    if (step >= this.#newest) return true;
    if (this.#readings - since >= mostReadings) return false;
    return this.#metrics.some((metric, i) => {
      if (values.has(metric)) return false;
      const files = this.#newestIn.get(metric);
      // Without the first metric a report says nothing to a search.
      return files ? [...files.values()].every((newest) => newest < step) : i === 0;
    });
  }

  /** Reads on, and keeps the rows with a count until their time comes. @returns those without one */
  #rows(isWhole: boolean, isDone = false): FileReport[] {
    const reports: FileReport[] = [];
    for (const [path, file] of this.#files) {
      let hasMore = true;
      // `isWhole`: to the end, however large the file is.
      for (let looks = 0; hasMore && (isWhole || looks === 0); looks += 1) {
        const { rows, isNew, hasMore: more } = file.read(isDone);
        hasMore = more;
        // A summary that is written anew is the next row, not the first one again.
        if (isNew && !file.isWhole) this.#counted.delete(path);
        for (const row of rows) {
          const values = this.#valuesIn(row, path);
          if (values.size === 0) continue;
          if (row.step !== undefined) {
            this.#keep(row.step, values, path);
            continue;
          }
          const number = (this.#counted.get(path) ?? 0) + 1;
          this.#counted.set(path, number);
          reports.push({ step: undefined, row: number, values: Object.fromEntries(values), file: this.#shown(path) });
        }
      }
    }
    return reports;
  }

  #keep(step: number, values: ReadonlyMap<string, number>, file: string): void {
    for (const metric of values.keys()) {
      const files = this.#newestIn.get(metric) ?? new Map<string, number>();
      this.#newestIn.set(metric, files.set(file, Math.max(step, files.get(file) ?? step)));
    }
    if (step <= this.#told) return;
    this.#newest = Math.max(this.#newest, step);
    const known = this.#pending.get(step);
    const since = known?.since ?? this.#readings;
    this.#pending.set(step, { values: new Map([...(known?.values ?? []), ...values]), file, since });
  }

  #shown = (path: string): string => {
    const folder = this.#folders.find((each) => path.startsWith(each));
    return folder === undefined ? this.#source.path : relative(folder, path);
  };

  #valuesIn({ values }: Row, path: string): Map<string, number> {
    for (const name of values.keys()) if (this.#columns.size < mostColumns) this.#columns.add(name);
    const found = new Map<string, number>();
    const folder = keyOf(basename(dirname(path)));
    for (const [metric, column] of this.#columnOf) {
      const value = values.get(column) ?? likeNamed(values, keyOf(column)) ?? inFolder(values, keyOf(column), folder);
      if (value !== undefined) found.set(metric, value);
    }
    return found;
  }

  #look(): void {
    for (const folder of this.#folders) {
      const path = join(folder, this.#source.path);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      const paths = stat.isDirectory() ? filesBelow(path) : [path];
      const hasHistory = paths.some((each) => each.endsWith(".wandb"));
      for (const each of paths) {
        if (this.#files.has(each) || this.#files.size >= mostFiles) continue;
        // The history beside it has everything that it sums up.
        if (hasHistory && each.endsWith("wandb-summary.json")) continue;
        const isWhole = each.endsWith(".json");
        this.#files.set(
          each,
          new TailedFile(each, () => readerFor(each, this.#source.columns["iters"] ?? ""), isWhole),
        );
      }
      return;
    }
  }
}

/** `val_acc` stands for `val/acc`, since a metric's name has no slash. */
function likeNamed(values: ReadonlyMap<string, number>, key: string): number | undefined {
  for (const [name, value] of values) if (keyOf(name) === key) return value;
  return undefined;
}

/** `validation/loss` stands for `loss` in a file of the folder `validation`. */
const inFolder = (values: ReadonlyMap<string, number>, key: string, folder: string): number | undefined =>
  key.startsWith(`${folder}_`) ? likeNamed(values, key.slice(folder.length + 1)) : undefined;

function readerFor(path: string, counter: string): RowReader {
  const name = basename(path);
  if (isEvents(name)) return new EventRows();
  if (name.endsWith(".wandb")) return new WandbRows(counter);
  if (name.endsWith(".json")) return new SummaryRows(counter);
  return /\.(csv|tsv)$/i.test(name) ? new CsvRows(counter) : new JsonRows(counter);
}

const isEvents = (name: string): boolean => /^events\.out\.tfevents\./.test(name);

/** The files of a folder that hold metrics, by the names that loggers give them. Links are not followed. */
function filesBelow(folder: string): string[] {
  const found: string[] = [];
  let looked = 0;
  const walk = (path: string, depth: number): void => {
    for (const entry of entriesOf(path)) {
      looked += 1;
      if (looked > mostEntries) return;
      const { name } = entry;
      if (entry.isDirectory() && depth < deepest) walk(join(path, name), depth + 1);
      else if (entry.isFile() && isKnown(name)) found.push(join(path, name));
    }
  };
  walk(folder, 0);
  return found.sort();
}

/** None if the program has just deleted the folder, or made it unreadable. */
function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

const isKnown = (name: string): boolean =>
  isEvents(name) || name === "metrics.csv" || name === "wandb-summary.json" || /\.(wandb|jsonl)$/.test(name);
