import type { ParentRun } from "../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../shared/domain/fold/trial.ts";

/** One line of `list runs`. It only refers to what it shows, so that a hundred thousand rows cost little. */
export interface RunRow {
  readonly table: RunTable;
  readonly parent: number;
  /** Number of the child run; 0 for the parent run itself. */
  readonly child: number;
  readonly parentRun: ParentRun | null;
  readonly trial: Trial | null;
}

/** The runs of a job: those of earlier searches, then each parent run and its children, by number. */
export function rowsOf(table: RunTable): RunRow[] {
  const children = new Map<number, RunRow[]>();
  for (const trial of table.trials) {
    const point = trial.run.indexOf(".");
    const parent = Number(trial.run.slice("run".length, point));
    const row: RunRow = { table, parent, child: Number(trial.run.slice(point + 1)), parentRun: null, trial };
    const siblings = children.get(parent);
    if (siblings) siblings.push(row);
    else children.set(parent, [row]);
  }
  const parents = [...table.parents].sort((a, b) => a.number - b.number);
  const rows: RunRow[] = table.imported.map((trial, i) => ({ table, parent: 0, child: i + 1, parentRun: null, trial }));
  for (const parentRun of parents) {
    rows.push({ table, parent: parentRun.number, child: 0, parentRun, trial: null });
    for (const row of children.get(parentRun.number) ?? []) rows.push(row);
  }
  return rows;
}
