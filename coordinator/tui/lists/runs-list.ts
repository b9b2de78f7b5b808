import { usedSettings } from "../../../shared/domain/conditions/activity.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { LiveCurve } from "../../live/curve-store.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { columnsOf, readerOf } from "../../runs/columns.ts";
import { duration } from "../../words/duration.ts";
import { reasonOf, runStatus } from "../../words/status-words.ts";
import type { Style } from "../terminal/styled.ts";
import { column, goalColumn, keptColumns, type ScreenColumn, settingColumns, shownGoal } from "./columns.ts";
import { ListView } from "./list-view.ts";
import type { FilterColumn } from "./row-filter.ts";

/** One child run. Made once per trial, whose identity never changes. */
export interface ShownRun {
  readonly table: RunTable;
  readonly trial: Trial;
}

/** The runs, newest first. */
export function runList(search: LiveSearch, workspace: string): ListView<ShownRun> {
  /** By trial number, only those asked for: a shown trial takes more memory than one that is not. */
  const known = new Map<number, ShownRun>();
  let of: RunTable | undefined;
  const rowOf = (table: RunTable, n: number): ShownRun[] => {
    const row = known.get(n);
    if (row) return [row];
    const trial = table.trial(n);
    if (!trial) return [];
    const made = { table, trial };
    known.set(n, made);
    return [made];
  };
  return new ListView<ShownRun>({
    total: () => search.table?.trials.length ?? 0,
    rows: (most) => {
      const { table } = search;
      if (table !== of) {
        of = table;
        known.clear();
      }
      if (!table) return [];
      const { length } = table.trials;
      const newest = Array.from({ length: Math.min(most, length) }, (_, i) => length - i);
      return newest.flatMap((n) => rowOf(table, n));
    },
    keyOf: ({ trial }) => trial.run,
    columns: keptColumns(
      () => [search.table?.submitted, search.table?.columns.length],
      () => columnsFor(search),
    ),
    furtherFilters: () => listFilters(search, workspace),
  });
}

/** The columns of `nexus list runs`. */
function listFilters({ table }: LiveSearch, workspace: string): FilterColumn<ShownRun>[] {
  if (!table) return [];
  return columnsOf([table], workspace).all.map((column) => {
    const read = readerOf(column);
    return {
      name: column.header,
      kind: column.kind,
      value: ({ trial }) => read({ table, trial, parentRun: null, parent: 0, child: 0 }),
    };
  });
}

const statusStyles: Readonly<Record<string, Style>> = {
  running: "accent",
  completed: "good",
  error: "bad",
  "timed out": "bad",
  cancelled: "dim",
  pruned: "dim",
  infeasible: "dim",
  rejected: "dim",
  queued: "warn",
  paused: "warn",
};

function columnsFor(search: LiveSearch): readonly ScreenColumn<ShownRun>[] {
  const { table } = search;
  const goal = shownGoal(search);
  const curveOf = ({ n }: Trial): LiveCurve | undefined => search.curves.of(n);
  return [
    column("run", "text", 0, ({ trial }) => trial.run, { about: "parent run and number of the child run" }),
    column("node", "text", 2, ({ trial }) => lastAttempt(trial).worker, {
      about: "worker that has it, or had it last",
    }),
    column("status", "text", 0, ({ trial }) => runStatus(trial), {
      about: "running, queued, paused, completed, error, ...",
      isStatus: true,
      style: ({ trial }) => statusStyles[runStatus(trial)] ?? "plain",
    }),
    column("stage", "count", 20, ({ trial }) => curveOf(trial)?.stage || undefined, { about: "stage that it is in" }),
    column("iters", "count", 3, ({ trial }) => search.itersOf(trial), { about: "iterations so far, or at its end" }),
    column("now", "measure", 4, ({ trial }) => finite(curveOf(trial)?.last.value), {
      about: "last value that it reported",
      absent: ({ trial }) => (search.isCatchingUp && trial.status === "running" ? "..." : ""),
    }),
    goalColumn(goal, goal.name, 0, ({ trial }) => trial.hpmax ?? undefined, {
      about: `what the search ${goal.isLow ? "minimises" : "maximises"}: the last stage's mean over its reports`,
    }),
    column("lease", "count", 5, ({ trial }) => search.leaseSecondsOf(trial), {
      about: "seconds until it goes to another worker if its own stays silent",
      text: ({ trial }) => {
        const seconds = search.leaseSecondsOf(trial);
        return seconds === undefined ? "" : `${seconds}s`;
      },
      style: ({ trial }) => ((search.leaseSecondsOf(trial) ?? 99) < 10 ? "warn" : "plain"),
    }),
    column("attempt", "count", 6, ({ trial }) => trial.attempts.length, { about: "how often it was started" }),
    column("time", "measure", 7, ({ trial }) => tookMs(trial, search.wall), {
      about: "from its first start to its end, or until now",
      text: ({ trial }) => duration(tookMs(trial, search.wall)),
    }),
    column("parent", "text", 60, ({ trial }) => trial.run.split(".")[0], {
      about: "parent run: a worker's part in the job",
    }),
    ...settingColumns<ShownRun>(
      table,
      12,
      ({ trial }, i) => table && usedSettings(table.submitted.hyperparameters, trial.configuration)[i],
    ),
    ...(table?.columns ?? []).map((name, i) =>
      column<ShownRun>(name, "measure", 30 + i, ({ trial }) => finite(trial.metrics[i]), {
        about: "last value that it reported; s1 is the first stage",
      }),
    ),
    column("reason", "text", 80, ({ trial }) => whyOf(search, trial), {
      about: "why it ended without a result, is infeasible, waits, or stands still",
      isHiddenEmpty: true,
      isFilling: true,
    }),
    column("chosen", "text", 85, ({ trial }) => search.whyChosen(trial) || undefined, {
      about: "why its configuration was tried",
      isHiddenEmpty: true,
      isFilling: true,
    }),
  ];
}

const whyOf = (search: LiveSearch, trial: Trial): string | undefined =>
  search.frozen(trial) || (search.table ? reasonOf(search.table, trial) : trial.reason) || undefined;

const finite = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

const tookMs = (trial: Trial, now: number): number =>
  (trial.endedAt > 0 ? trial.endedAt : now) - (trial.attempts[0]?.at ?? now);
