import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { LeaseStatus } from "../../../shared/wire/messages.ts";
import { columnsOf } from "../../runs/columns.ts";
import { duration } from "../../words/progress.ts";
import { runStatus } from "../../words/status-words.ts";
import type { ScreenColumn } from "../lists/columns.ts";
import { ListView } from "../lists/list-view.ts";
import type { FilterColumn } from "../lists/row-filter.ts";
import { type Line, plain, type Style } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { listLines } from "./table-view.ts";

/** One child run; made once, for trials never change their identity. */
export interface ShownRun {
  readonly table: RunTable;
  readonly trial: Trial;
}

/** Runs, the newest first. */
export function runList(model: ViewModel): ListView<ShownRun> {
  let rows: ShownRun[] = [];
  let of: RunTable | undefined;
  let known:
    | { readonly of: unknown; readonly count: number; readonly columns: readonly ScreenColumn<ShownRun>[] }
    | undefined;
  return new ListView<ShownRun>({
    total: () => model.table?.trials.length ?? 0,
    rows: (most) => {
      const { table } = model;
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
      const submitted = model.table?.submitted;
      const count = model.table?.columns.length ?? 0;
      if (!known || known.of !== submitted || known.count !== count)
        known = { of: submitted, count, columns: columnsFor(model) };
      return known.columns;
    },
    furtherFilters: () => listFilters(model),
  });
}

/** The columns of `nexus list runs`. */
function listFilters(model: ViewModel): FilterColumn<ShownRun>[] {
  const { table, options } = model;
  if (!table) return [];
  return columnsOf([table], options.workspace).all.map(({ header, kind, value }) => ({
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

function columnsFor(model: ViewModel): readonly ScreenColumn<ShownRun>[] {
  const { table } = model;
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
    { name: "stage", kind: "count", priority: 20, value: ({ trial }) => model.curves.of(trial.n)?.stage || undefined },
    { name: "iters", kind: "count", priority: 3, value: ({ trial }) => itersOf(model, trial) },
    {
      name: "now",
      kind: "measure",
      priority: 4,
      value: ({ trial }) => finite(model.curves.of(trial.n)?.last.value),
      absent: ({ trial }) => (model.isCatchingUp && trial.status === "running" ? "..." : ""),
    },
    { name: "hpmax", kind: "measure", priority: 0, value: ({ trial }) => trial.hpmax ?? undefined },
    {
      name: "lease",
      kind: "count",
      priority: 5,
      value: ({ trial }) => leaseSeconds(model, trial),
      text: ({ trial }) => {
        const seconds = leaseSeconds(model, trial);
        return seconds === undefined ? "" : `${seconds}s`;
      },
      style: ({ trial }) => ((leaseSeconds(model, trial) ?? 99) < 10 ? "warn" : "plain"),
    },
    { name: "attempt", kind: "count", priority: 6, value: ({ trial }) => trial.attempts.length },
    {
      name: "time",
      kind: "measure",
      priority: 7,
      value: ({ trial }) => tookMs(trial, model.wall),
      text: ({ trial }) => duration(tookMs(trial, model.wall)),
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

/** What the leader last said of the trial's lease. */
export function leaseOf(model: ViewModel, trial: Trial): LeaseStatus | undefined {
  if (!holderOf(trial)) return undefined;
  return model.leases.get(trial.n);
}

function leaseSeconds(model: ViewModel, trial: Trial): number | undefined {
  const lease = leaseOf(model, trial);
  return lease && Math.max(0, Math.round((lease.leftMs - model.statusAge) / 1000));
}

/** Of the result, or the newest that was heard. */
export function itersOf(model: ViewModel, trial: Trial): number | undefined {
  if (trial.status === "completed") return trial.iters;
  const iters = Math.max(model.curves.of(trial.n)?.last.iters ?? 0, leaseOf(model, trial)?.iters ?? 0);
  return iters > 0 ? iters : undefined;
}

export function runsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.runs;
  if (list.rows.length > 0) return listLines(list, width, height, isFocused);
  return [plain(list.filterText === "" ? "  no run has started yet" : "  no run passes the filter; Esc clears it")];
}
