import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { columnsOf } from "../../runs/columns.ts";
import { duration } from "../../words/progress.ts";
import { runStatus } from "../../words/status-words.ts";
import type { Style } from "../terminal/styled.ts";
import type { ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";
import type { FilterColumn } from "./row-filter.ts";

/** One child run; made once, for trials never change their identity. */
export interface ShownRun {
  readonly table: RunTable;
  readonly trial: Trial;
}

/** Runs, the newest first. */
export function runList(search: LiveSearch, workspace: string): ListView<ShownRun> {
  let rows: ShownRun[] = [];
  let of: RunTable | undefined;
  let known:
    | { readonly of: unknown; readonly count: number; readonly columns: readonly ScreenColumn<ShownRun>[] }
    | undefined;
  return new ListView<ShownRun>({
    total: () => search.table?.trials.length ?? 0,
    rows: (most) => {
      const { table } = search;
      if (table !== of || (table && rows.length > table.trials.length)) {
        of = table;
        rows = [];
      }
      if (!table) return rows;
      for (let i = rows.length; i < table.trials.length; i += 1) {
        const trial = table.trial(i + 1);
        if (trial) rows.push({ table, trial });
      }
      return rows.slice(-most).reverse();
    },
    keyOf: ({ trial }) => trial.run,
    columns: () => {
      const submitted = search.table?.submitted;
      const count = search.table?.columns.length ?? 0;
      if (!known || known.of !== submitted || known.count !== count)
        known = { of: submitted, count, columns: columnsFor(search) };
      return known.columns;
    },
    furtherFilters: () => listFilters(search, workspace),
  });
}

/** The columns of `nexus list runs`. */
function listFilters({ table }: LiveSearch, workspace: string): FilterColumn<ShownRun>[] {
  if (!table) return [];
  return columnsOf([table], workspace).all.map(({ header, kind, value }) => ({
    name: header,
    kind,
    value: ({ trial }) => value({ table, trial, parentRun: null, parent: 0, child: 0 }),
  }));
}

const statusStyles: Readonly<Record<string, Style>> = {
  running: "accent",
  completed: "good",
  error: "bad",
  "timed out": "bad",
  cancelled: "dim",
  pruned: "dim",
  queued: "warn",
  paused: "warn",
};

function columnsFor(search: LiveSearch): readonly ScreenColumn<ShownRun>[] {
  const { table } = search;
  const metrics = (table?.columns ?? []).map(
    (name, i): ScreenColumn<ShownRun> => ({
      name,
      kind: "measure",
      priority: 30 + i,
      value: ({ trial }) => finite(trial.metrics[i]),
    }),
  );
  const settings = (table?.submitted.hyperparameters ?? []).flatMap(({ name, values }, i): ScreenColumn<ShownRun>[] =>
    values.length > 1
      ? [{ name, kind: "setting", priority: 12 + i, value: ({ trial }) => values[trial.configuration[i] ?? -1] }]
      : [],
  );
  return [
    { name: "run", kind: "text", priority: 0, value: ({ trial }) => trial.run },
    { name: "node", kind: "text", priority: 2, value: ({ trial }) => lastAttempt(trial).worker },
    {
      name: "status",
      kind: "text",
      priority: 0,
      value: ({ trial }) => runStatus(trial),
      style: ({ trial }) => statusStyles[runStatus(trial)] ?? "plain",
    },
    { name: "stage", kind: "count", priority: 20, value: ({ trial }) => search.curves.of(trial.n)?.stage || undefined },
    { name: "iters", kind: "count", priority: 3, value: ({ trial }) => search.itersOf(trial) },
    {
      name: "now",
      kind: "measure",
      priority: 4,
      value: ({ trial }) => finite(search.curves.of(trial.n)?.last.value),
      absent: ({ trial }) => (search.isCatchingUp && trial.status === "running" ? "..." : ""),
    },
    { name: "hpmax", kind: "measure", priority: 0, value: ({ trial }) => trial.hpmax ?? undefined },
    {
      name: "lease",
      kind: "count",
      priority: 5,
      value: ({ trial }) => search.leaseSecondsOf(trial),
      text: ({ trial }) => {
        const seconds = search.leaseSecondsOf(trial);
        return seconds === undefined ? "" : `${seconds}s`;
      },
      style: ({ trial }) => ((search.leaseSecondsOf(trial) ?? 99) < 10 ? "warn" : "plain"),
    },
    { name: "attempt", kind: "count", priority: 6, value: ({ trial }) => trial.attempts.length },
    {
      name: "time",
      kind: "measure",
      priority: 7,
      value: ({ trial }) => tookMs(trial, search.wall),
      text: ({ trial }) => duration(tookMs(trial, search.wall)),
    },
    { name: "parent", kind: "text", priority: 60, value: ({ trial }) => trial.run.split(".")[0] },
    ...settings,
    ...metrics,
    {
      name: "reason",
      kind: "text",
      priority: 80,
      isHiddenEmpty: true,
      value: ({ trial }) => trial.reason || undefined,
    },
  ];
}

const finite = (value: number | undefined): number | undefined =>
  value === undefined || Number.isNaN(value) ? undefined : value;

const tookMs = (trial: Trial, now: number): number =>
  (trial.endedAt > 0 ? trial.endedAt : now) - (trial.attempts[0]?.at ?? now);
