import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { ImportedRun } from "../../../shared/domain/fold/events.ts";
import type { Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import { UsageError } from "../../../shared/errors.ts";
import { mostImported } from "../../../shared/wire/messages.ts";
import type { Session } from "../../operator/session.ts";
import type { RunOptions } from "../submit/launch-job.ts";
import { parseTable, type ReadRow } from "./read-table.ts";

/** The most problems reported at once; a wrong column would otherwise fill the screen. */
const mostProblems = 10;
const mostFileBytes = 256 * 1024 ** 2;

/** Runs of earlier searches, as a new one can count them. */
export interface EarlierRuns {
  readonly runs: readonly ImportedRun[];
  /** Rows that were skipped because they have no result, such as failed runs. */
  readonly withoutResult: number;
}

/** Reads a file of runs: .csv, .tsv or .jsonl, as `nexus export` and `nexus list runs --export` write them. */
export function readEarlierRuns(file: string, hyperparameters: readonly Hyperparameter[]): EarlierRuns {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`${file}: there is no such file; expected a file of runs (.csv, .tsv or .jsonl)`);
  if (!stat.isFile() || stat.size > mostFileBytes) {
    throw new UsageError(`${file}: expected a file of runs (.csv, .tsv or .jsonl) of at most 256 MB`);
  }
  return earlierRuns(file, readFileSync(file, "utf8"), hyperparameters);
}

/** @throws UsageError that names up to ten problems with their lines */
export function earlierRuns(file: string, text: string, hyperparameters: readonly Hyperparameter[]): EarlierRuns {
  const rows = parseTable(file, text, extname(file).toLowerCase());
  const problems: string[] = [];
  if (rows.length === 0) throw new UsageError(`${file}: it has no runs`);
  checkColumns(file, rows, hyperparameters);
  const runs: ImportedRun[] = [];
  let withoutResult = 0;
  for (const row of rows) {
    const status = row.values.get("status");
    const hpmax = row.values.get("hpmax") ?? row.values.get("metrics.hpmax");
    const isParent = hpmax === undefined || hpmax === "" || hpmax === null;
    if (isParent || (status !== undefined && status !== "completed" && status !== "imported")) {
      withoutResult += 1;
      continue;
    }
    const value = typeof hpmax === "number" ? hpmax : Number(hpmax);
    if (!Number.isFinite(value)) {
      problems.push(`${file}:${row.line}: hpmax is ${JSON.stringify(hpmax)}; expected a number`);
      continue;
    }
    const configuration = hyperparameters.map((hyperparameter) => positionOf(file, row, hyperparameter, problems));
    const name = row.values.get("run");
    runs.push([nameOf(name, row.line), value, configuration]);
  }
  if (problems.length > 0) throw new UsageError(problemText(problems));
  if (runs.length === 0)
    throw new UsageError(`${file}: it has ${counted(rows.length, "row")}, and no value of hpmax in any`);
  if (runs.length > mostImported) {
    throw new UsageError(
      `${file}: ${runs.length} runs; at most ${mostImported} can be imported into a job\n  keep the newest, or those of the better configurations`,
    );
  }
  return { runs, withoutResult };
}

const nameOf = (name: Setting | undefined, line: number): string =>
  typeof name === "string" && /^[\w.:-]{1,60}$/.test(name) ? name : `line${line}`;

function problemText(problems: readonly string[]): string {
  const shown = problems.slice(0, mostProblems);
  const rest = problems.length - shown.length;
  const more = rest === 0 ? [] : [`... and ${rest} more`];
  return [...shown, ...more, `${counted(problems.length, "problem")}; nothing was submitted`].join("\n");
}

function checkColumns(file: string, rows: readonly ReadRow[], hyperparameters: readonly Hyperparameter[]): void {
  const columns = new Set(rows.flatMap(({ values }) => [...values.keys()]));
  const wanted = ["hpmax", ...hyperparameters.map(({ name }) => name)];
  const missing = wanted.filter(
    (name) => !columns.has(name) && !columns.has(`hparams.${name}`) && !columns.has(`metrics.${name}`),
  );
  if (missing.length === 0) return;
  const lines = missing.map((name) => `${file}: there is no column ${name}${didYouMean(name, columns)}`);
  throw new UsageError(
    `${lines.join("\n")}\n  expected hpmax and a column for each hyperparameter; there are: ${[...columns].join(", ")}`,
  );
}

function positionOf(
  file: string,
  { line, values }: ReadRow,
  { name, values: dial }: Hyperparameter,
  problems: string[],
): number {
  const found = values.get(`hparams.${name}`) ?? values.get(name);
  const at = dial.findIndex((setting) => isSame(setting, found));
  if (at < 0) {
    problems.push(
      `${file}:${line}: ${name} is ${found === undefined ? "missing" : JSON.stringify(found)}; expected one of ${dial.join(", ")}`,
    );
  }
  return at;
}

/** Text in a table may stand for a number; 4e-4 and 0.0004 are equal. */
function isSame(setting: Setting, found: Setting | undefined): boolean {
  if (found === undefined) return false;
  if (setting === found) return true;
  if (typeof found !== "string") return false;
  if (typeof setting === "number") return found.trim() !== "" && Number(found) === setting;
  return String(setting ?? "") === found || `'${String(setting)}` === found;
}

export interface ImportOptions extends RunOptions {
  readonly spec: string;
}

/** `nexus import runs.csv --spec spec.yaml`: submits a search that counts the runs of earlier ones; returns the exit code. */
export async function importRuns(session: Session, file: string, options: ImportOptions): Promise<number> {
  const { output } = session;
  const { spec, warnings } = loadSpecFile(options.spec, {});
  if (warnings.length > 0) {
    output.note(`${renderProblems(warnings, { [options.spec]: spec.text }).replace(/^(?! )/gm, "warning: ")}\n`);
  }
  if (!spec.settings.enabled || spec.settings.hpTuning === false) {
    throw new UsageError(
      `${options.spec}: only a search can count earlier runs; expected job_launcher with enabled: 1 and hp_tuning: dgd or random`,
    );
  }
  const { runs, withoutResult } = readEarlierRuns(file, spec.hyperparameters);
  const without =
    withoutResult === 0
      ? ""
      : `; ${counted(withoutResult, "row without a result was", "rows without a result were")} skipped`;
  output.note(`${counted(runs.length, "earlier run")} read from ${file}${without}\n`);
  const { launchJob } = await import("../submit/launch-job.ts");
  return launchJob(session, spec, options, runs);
}
