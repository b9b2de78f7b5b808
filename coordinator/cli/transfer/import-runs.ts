import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { loadSpecFile } from "../../../shared/components/component-defaults.ts";
import { activeIn, canonical } from "../../../shared/domain/conditions/activity.ts";
import { isAllowed } from "../../../shared/domain/conditions/constraints.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { ImportedRun } from "../../../shared/domain/fold/events.ts";
import { whyInfeasible } from "../../../shared/domain/fold/feasibility.ts";
import { withMarks } from "../../../shared/domain/fold/grown-dials.ts";
import {
  type Configuration,
  type Hyperparameter,
  infinityIn,
  type Setting,
  tunedConfiguration,
} from "../../../shared/domain/hyperparameter.ts";
import type { Marks } from "../../../shared/domain/ranges/finer-marks.ts";
import { foundMarks, nearestMark } from "../../../shared/domain/ranges/found-marks.ts";
import { rangeText } from "../../../shared/domain/ranges/range.ts";
import type { JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { shown } from "../../../shared/domain/runspec/problems.ts";
import { renderProblems } from "../../../shared/domain/runspec/spec-read.ts";
import { searchNames } from "../../../shared/domain/search/searches.ts";
import { UsageError } from "../../../shared/errors.ts";
import { mostImported } from "../../../shared/wire/messages.ts";
import type { Session } from "../../operator/session.ts";
import type { RunOptions } from "../submit/launch-job.ts";
import { parseTable, type ReadRow } from "./read-table.ts";

/** Statuses of rows with a result. The new job's own constraints decide whether an infeasible one suits it. */
const counting: ReadonlySet<string> = new Set(["completed", "infeasible", "imported"]);
/** The most problems reported at once; a wrong column would otherwise fill the screen. */
const mostProblems = 10;
const mostFileBytes = 256 * 1024 ** 2;

/** Runs of earlier searches, as a new one can count them. */
export interface EarlierRuns {
  readonly runs: readonly ImportedRun[];
  /** Additional marks that ranges need so that the runs keep their settings. */
  readonly marks: Marks;
  /** Rows that were skipped because they have no result, such as failed runs. */
  readonly withoutResult: number;
  /** Rows that were skipped because `where` forbids their settings, or because they break `require`. */
  readonly unfit: number;
}

/** Reads a file of runs: .csv, .tsv or .jsonl, as `nexus export` and `nexus list runs --export` write them. */
function readEarlierRuns(
  file: string,
  hyperparameters: readonly Hyperparameter[],
  constraints?: Constraints,
): EarlierRuns {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`${file}: there is no such file; expected a file of runs (.csv, .tsv or .jsonl)`);
  if (!stat.isFile() || stat.size > mostFileBytes) {
    throw new UsageError(`${file}: expected a file of runs (.csv, .tsv or .jsonl) of at most 256 MB`);
  }
  return earlierRuns(file, readFileSync(file, "utf8"), hyperparameters, constraints);
}

/** What runs must keep to. */
type Constraints = Pick<JobSettings, "where" | "require">;

/** @throws UsageError that names up to ten problems with their lines */
export function earlierRuns(
  file: string,
  text: string,
  listed: readonly Hyperparameter[],
  { where, require }: Constraints = { where: [], require: [] },
): EarlierRuns {
  const rows = parseTable(file, text, extname(file).toLowerCase());
  const problems: string[] = [];
  if (rows.length === 0) throw new UsageError(`${file}: it has no runs`);
  checkColumns(file, rows, listed);
  // What an earlier search over the same range tried becomes marks of this one.
  const marks = foundMarks(listed, (i) => rows.flatMap((row) => numberIn(settingIn(row, listed[i]?.name ?? "")) ?? []));
  const hyperparameters = listed.map((each) => withMarks(each, marks[each.name] ?? [], 0));
  const runs: ImportedRun[] = [];
  let withoutResult = 0;
  let unfit = 0;
  for (const row of rows) {
    const status = row.values.get("status");
    const hpmax = row.values.get("hpmax") ?? row.values.get("metrics.hpmax");
    const isParent = hpmax === undefined || hpmax === "" || hpmax === null;
    if (isParent || (status !== undefined && !counting.has(String(status)))) {
      withoutResult += 1;
      continue;
    }
    const value = numberIn(hpmax) ?? Number.NaN;
    if (!Number.isFinite(value)) {
      problems.push(`${file}:${row.line}: hpmax is ${JSON.stringify(hpmax)}; expected a number`);
      continue;
    }
    const name = row.values.get("run");
    const configuration = configurationOf(file, row, hyperparameters, problems);
    const result = {
      hpmax: value,
      iters: numberIn(row.values.get("iters")) ?? 0,
      metrics: metricsOf(row),
      configuration,
    };
    const isFit =
      isAllowed(hyperparameters, where, configuration) && whyInfeasible(require, hyperparameters, result) === "";
    if (!isFit) unfit += 1;
    else runs.push([nameOf(name, row.line), value, configuration]);
  }
  if (problems.length > 0) throw new UsageError(problemText(problems));
  if (runs.length === 0 && unfit > 0)
    throw new UsageError(`${file}: none of its runs keeps to where and require of the spec`);
  if (runs.length === 0)
    throw new UsageError(`${file}: it has ${counted(rows.length, "row")}, and no value of hpmax in any`);
  if (runs.length > mostImported) {
    throw new UsageError(
      `${file}: ${runs.length} runs; at most ${mostImported} can be imported into a job\n  keep the newest, or those of the better configurations`,
    );
  }
  return { runs, marks, withoutResult, unfit };
}

/** The metrics of a row, as columns named s1-rew or metrics.s1-rew. */
function metricsOf({ values }: ReadRow): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [column, value] of values) {
    const name = column.replace(/^metrics\./, "");
    if (!/^s\d+-/.test(name) || value === "" || value === null) continue;
    metrics[name] = numberIn(value) ?? Number.NaN;
  }
  return metrics;
}

const nameOf = (name: Setting | undefined, line: number): string =>
  typeof name === "string" && /^[\w.:-]{1,60}$/.test(name) ? name : `line${line}`;

function problemText(problems: readonly string[]): string {
  const told = problems.slice(0, mostProblems);
  const rest = problems.length - told.length;
  const more = rest === 0 ? [] : [`... and ${rest} more`];
  return [...told, ...more, `${counted(problems.length, "problem")}; nothing was submitted`].join("\n");
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

/** The row's settings in canonical form. What a row says of an inactive hyperparameter, or does not say, changes nothing. */
function configurationOf(
  file: string,
  { line, values }: ReadRow,
  hyperparameters: readonly Hyperparameter[],
  problems: string[],
): Configuration {
  const found = hyperparameters.map(({ name }) => settingIn({ values }, name));
  const positions = hyperparameters.map((hyperparameter, i) => {
    // A text of the dial comes before what the text may stand for: "null" before null.
    const is = found[i];
    const same = is === undefined ? -1 : hyperparameter.values.indexOf(is);
    const at = same < 0 ? hyperparameter.values.findIndex((setting) => isSame(setting, is)) : same;
    return at < 0 ? nearestMark(hyperparameter, numberIn(is) ?? Number.NaN) : at;
  });
  const tuned = tunedConfiguration(hyperparameters);
  const known = positions.map((at, i) => (at < 0 ? (tuned[i] ?? 0) : at));
  const active = activeIn(hyperparameters, known);
  hyperparameters.forEach(({ name, values: dial, range }, i) => {
    if (positions[i] !== -1 || !active[i]) return;
    const is = found[i] === undefined ? "missing" : JSON.stringify(found[i]);
    const expected = range ? `a number of its range ${rangeText(range)}` : `one of ${dial.map(shown).join(", ")}`;
    problems.push(`${file}:${line}: ${name} is ${is}; expected ${expected}`);
  });
  return canonical(hyperparameters, known);
}

/** Null is a value; undefined: the row has none. */
function settingIn({ values }: Pick<ReadRow, "values">, name: string): Setting | undefined {
  const found = values.get(`hparams.${name}`);
  return found === undefined ? values.get(name) : found;
}

/** The number that a cell holds, also as text. */
function numberIn(found: Setting | undefined): number | undefined {
  if (typeof found === "number") return found;
  if (typeof found !== "string" || found.trim() === "") return undefined;
  return Number.isFinite(Number(found)) ? Number(found) : infinityIn(found);
}

/** Text in a table may stand for a number; 4e-4 and 0.0004 are equal. */
function isSame(setting: Setting, found: Setting | undefined): boolean {
  if (found === undefined) return false;
  if (setting === found) return true;
  if (typeof found !== "string") return false;
  if (typeof setting === "number") return numberIn(found) === setting;
  if (typeof setting === "boolean") return found.toLowerCase() === String(setting);
  if (setting === null) return found === "" || found === "null";
  return String(setting) === found || `'${String(setting)}` === found;
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
      `${options.spec}: only a search can count earlier runs; expected job_launcher with enabled: 1 and hp_tuning: one of ${searchNames.join(", ")}`,
    );
  }
  const { runs, marks, withoutResult, unfit } = readEarlierRuns(file, spec.hyperparameters, spec.settings);
  const without =
    withoutResult === 0
      ? ""
      : `; ${counted(withoutResult, "row without a result was", "rows without a result were")} skipped`;
  const left =
    unfit === 0
      ? ""
      : `; ${unfit} left out, as where or require of the spec ${unfit === 1 ? "forbids it" : "forbid them"}`;
  output.note(`${counted(runs.length, "earlier run")} read from ${file}${without}${left}\n`);
  const { launchJob } = await import("../submit/launch-job.ts");
  return launchJob(session, spec, options, { runs, marks });
}
