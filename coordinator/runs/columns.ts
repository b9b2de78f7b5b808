import { activeIn } from "../../shared/domain/conditions/activity.ts";
import { isImported } from "../../shared/domain/fold/imported.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { holderOf, type Trial } from "../../shared/domain/fold/trial.ts";
import { told } from "../../shared/domain/goal.ts";
import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import { parentStatus, reasonOf, runStatus } from "../words/status-words.ts";
import type { Cell, CellKind } from "../words/table.ts";
import type { LiveRuns } from "./live-runs.ts";
import type { RunRow } from "./run-rows.ts";

/** One column of a list of runs. */
export interface Column {
  /** `run`, `metrics.s1-rew`, `hparams.lr`: unique. */
  readonly id: string;
  readonly header: string;
  readonly kind: CellKind;
  readonly about: string;
  /** Never NaN; undefined if nothing was measured. */
  readonly value: (row: RunRow) => Cell;
  /** What people read instead of the value: a loss without the sign that it has as hpmax. */
  readonly told?: (row: RunRow) => Cell;
  /** Whether lower is better. Default: not known to be. */
  readonly isLow?: boolean;
  /** If not all columns fit a terminal, the highest numbers are dropped first; 0 always stays. Default: 10. */
  readonly priority?: number;
  /** What a table shows of a run without a value. Default: nothing. */
  readonly absent?: (row: RunRow) => string;
}

/** The value of a run in a column of a list. @param isStored  for programs, which get the value as it is searched for */
export const readerOf = ({ told, value }: Column, isStored = false): ((row: RunRow) => Cell) =>
  isStored ? value : (told ?? value);

/** The columns of some jobs' runs. */
export interface ColumnSet {
  /** The default columns of a table, in order: a loss under its own name, in the place of hpmax. */
  readonly usual: readonly Column[];
  /** The default columns of files and JSON: hpmax as it is searched for, and a loss beside it. */
  readonly stored: readonly Column[];
  /** All there are. */
  readonly all: readonly Column[];
}

/** @param live  what the leader says of running runs; left out: the journal alone counts */
export function columnsOf(tables: readonly RunTable[], workspace: string, live?: LiveRuns): ColumnSet {
  const metrics = namesIn(tables, (table) => table.columns).map((name) => metricColumn(name, tables));
  const hyperparameters = namesIn(tables, (table) => table.submitted.hyperparameters.map(({ name }) => name)).map(
    (name) => settingColumn(name, tables),
  );
  const first = firstColumns(workspace, live);
  const losses = lossColumns(tables);
  const shown = losses.length === 0 ? [hpmax] : tables.every(({ goal }) => goal.isLow) ? losses : [gain, ...losses];
  const stored = [...first, ...metrics, hpmax, ...losses, ...hyperparameters];
  return {
    usual: [...first, ...metrics, ...shown, ...hyperparameters],
    stored,
    all: [...stored, ...furtherColumns, whyColumn(live), reasonColumn(live)],
  };
}

/**
 * The column that a person means by `metrics.hpmax`, `hparams.lr`, `s1-rew` or `run`. A bare name that several columns have means
 * the run's own, then a metric, then a hyperparameter.
 *
 * @throws UsageError that names the nearest
 */
export function findColumn(columns: ColumnSet, name: string): Column {
  const found = columnNamed(columns, name);
  if (found) return found;
  throw new UsageError(noColumn(columns, name));
}

export const columnNamed = ({ all }: ColumnSet, name: string): Column | undefined =>
  all.find(({ id }) => id === name) ?? all.find(({ header }) => header === name);

/** Says that there is no such column, and which names are near. `more`: what to type to see more about them. */
export function noColumn({ all }: ColumnSet, name: string, more = "--available"): string {
  const bare = name.replace(/^(metrics|hparams)\./, "");
  const headers = all.map(({ header }) => header);
  const hint = didYouMean(bare, headers);
  return `there is no column "${name}"${hint}\n  there are: ${headers.join(", ")}\n  more about them: ${more}`;
}

function firstColumns(workspace: string, live: LiveRuns | undefined): Column[] {
  return [
    { ...column("workspace", "text", "the workspace", () => workspace), priority: 20 },
    { ...column("job", "text", "the job", ({ table }) => table.job), priority: 12 },
    { ...column("target", "text", "pool of workers that the job asks for", targetOf), priority: 20 },
    { ...column("run", "text", "parent run (a worker's part in the job) or child run", nameOf), priority: 0 },
    { ...column("status", "text", "its status", statusOf), priority: 1 },
    column("iters", "count", "iterations of the last stage; of a running run, those so far", ({ table, trial }) => {
      if (trial?.status === "running") return live?.iters(table.job, trial);
      if (trial?.status === "pruned") return trial.iters || undefined;
      const isDone = trial?.status === "completed" || trial?.status === "infeasible";
      return isDone && !isImported(trial) ? trial.iters : undefined;
    }),
  ];
}

export const targetOf = ({ table }: { readonly table: RunTable }): string =>
  table.submitted.settings.computeTarget ?? "any";

const nameOf = ({ parentRun, trial }: RunRow): string => parentRun?.name ?? trial?.run ?? "";

export function statusOf({ table, parentRun, trial }: RunRow): Cell {
  if (parentRun) return parentStatus(table, parentRun);
  return trial ? runStatus(trial) : undefined;
}

const hpmax: Column = {
  id: "metrics.hpmax",
  header: "hpmax",
  kind: "measure",
  about: "what the search maximises: the last stage's mean over its reports",
  priority: 0,
  value: ({ trial }) => trial?.hpmax ?? undefined,
};

/** hpmax of the jobs that maximise, beside the losses of other jobs. */
const gain: Column = {
  ...hpmax,
  value: ({ table, trial }) => (table.goal.isLow ? undefined : (trial?.hpmax ?? undefined)),
};

/** A column for each metric that a job minimises: hpmax in the metric's own sense. */
function lossColumns(tables: readonly RunTable[]): Column[] {
  const goals = new Map(tables.flatMap(({ goal }) => (goal.isLow ? [[goal.name, goal] as const] : [])));
  return [...goals.values()].map(({ name }) => ({
    id: `metrics.${name}`,
    header: name,
    kind: "measure",
    about: "what the search minimises: hpmax without the turned sign",
    isLow: true,
    priority: 0,
    value: ({ table, trial }) =>
      table.goal.name === name && typeof trial?.hpmax === "number" ? told(table.goal, trial.hpmax) : undefined,
  }));
}

function metricColumn(name: string, tables: readonly RunTable[]): Column {
  const places = new Map(tables.map((table) => [table, table.columns.indexOf(name)]));
  return {
    id: `metrics.${name}`,
    header: name,
    kind: "measure",
    about: "last value reported",
    value: ({ table, trial }) => {
      const value = trial?.metrics[places.get(table) ?? -1];
      return value === undefined || Number.isNaN(value) ? undefined : value;
    },
  };
}

function settingColumn(name: string, tables: readonly RunTable[]): Column {
  const places = new Map(
    tables.map((table) => {
      const i = table.submitted.hyperparameters.findIndex((hyperparameter) => hyperparameter.name === name);
      const { hyperparameters } = table.submitted;
      const { values = [], onlyWhen = [] } = hyperparameters[i] ?? {};
      return [table, { i, values, isConditional: onlyWhen.length > 0, hyperparameters }];
    }),
  );
  return {
    id: `hparams.${name}`,
    header: name,
    kind: "setting",
    about: "hyperparameter",
    value: ({ table, trial }) => {
      const place = places.get(table);
      if (!trial || !place || place.i < 0) return undefined;
      if (place.isConditional && !activeIn(place.hyperparameters, trial.configuration)[place.i]) return undefined;
      return place.values[trial.configuration[place.i] ?? -1];
    },
    absent: ({ table, trial }) => (trial && places.get(table)?.isConditional ? "-" : ""),
  };
}

const furtherColumns: readonly Column[] = [
  column("trial", "count", "number of the choice in its job", ({ trial }) => trial?.n || undefined),
  column("worker", "text", "the worker that has it, or had it last", ({ parentRun, trial }) =>
    trial ? trial.attempts.at(-1)?.worker : (parentRun?.worker ?? undefined),
  ),
  column(
    "holder",
    "text",
    "the worker that has it now",
    ({ trial }) => trial && (holderOf(trial)?.worker ?? undefined),
  ),
  column("attempts", "count", "how often it was started", ({ trial }) => trial?.attempts.length),
  column("started", "text", "first start, UTC", ({ trial }) => timeText(trial?.attempts[0]?.at)),
  column("ended", "text", "end, UTC", ({ trial }) => timeText(trial?.endedAt)),
  column("secs", "measure", "seconds from its last start to its end", ({ trial }) =>
    trial && trial.endedAt > 0 ? (trial.endedAt - (trial.attempts.at(-1)?.at ?? trial.endedAt)) / 1000 : undefined,
  ),
  column("seed", "count", "seed of every randint in the run", ({ trial }) => trial?.seed),
  hpmaxColumn(
    "rejected",
    "hpmax of a result that was rejected and counts in nothing",
    ({ rejected }) => rejected?.hpmax,
  ),
  hpmaxColumn("predicted", "hpmax that a pruned run was expected to reach", ({ predicted }) => predicted?.hpmax),
  column("late", "count", "results that came after its end, not counted", ({ trial }) => trial?.late),
  column(
    "unsaved",
    "text",
    "why its last checkpoint was not carried, while it is open",
    ({ trial }) => trial?.unsaved || undefined,
  ),
];

const reasonColumn = (live: LiveRuns | undefined): Column =>
  column(
    "reason",
    "text",
    "why it ended without a result, is infeasible, waits, or stands still",
    ({ table, trial }) => (trial ? live?.frozen(trial) || reasonOf(table, trial) || undefined : undefined),
  );

const whyColumn = (live: LiveRuns | undefined): Column =>
  column("why", "text", "why its configuration was chosen", ({ table, trial }) => {
    if (!trial) return undefined;
    return (live?.chosen?.(table.job, trial.n) ?? trial.why) || undefined;
  });

function column(id: string, kind: CellKind, about: string, value: (row: RunRow) => Cell | null): Column {
  return { id, header: id, kind, about, value: (row) => value(row) ?? undefined };
}

/** A further hpmax of a run, which people read in the sense of its job. */
function hpmaxColumn(id: string, about: string, hpmaxOf: (trial: Trial) => number | undefined): Column {
  const value = ({ trial }: RunRow): number | undefined => (trial ? hpmaxOf(trial) : undefined);
  const inSense = (row: RunRow): Cell => {
    const hpmax = value(row);
    return hpmax === undefined ? undefined : told(row.table.goal, hpmax);
  };
  return { id, header: id, kind: "measure", about, value, told: inSense };
}

const timeText = (ms: number | undefined): string | undefined =>
  ms === undefined || ms <= 0 ? undefined : `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Every name once, in order of first appearance. */
function namesIn(tables: readonly RunTable[], namesOf: (table: RunTable) => readonly string[]): string[] {
  return [...new Set(tables.flatMap(namesOf))];
}
