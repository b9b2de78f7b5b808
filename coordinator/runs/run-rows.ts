import type { ParentRun } from "../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../shared/domain/fold/trial.ts";

/** One line of `list runs`. It only refers to what it shows, so that a million rows cost little. */
export interface RunRow {
  readonly table: RunTable;
  readonly parent: number;
  /** Number of the child run; 0 for the parent run itself. */
  readonly child: number;
  readonly parentRun: ParentRun | null;
  readonly trial: Trial | null;
}

/** A child run. Each read of `trial` makes the object anew; nothing is kept. */
class ChildRow implements RunRow {
  readonly table: RunTable;
  readonly parent: number;
  readonly child: number;
  readonly parentRun = null;
  readonly #n: number;

  constructor(table: RunTable, n: number, parent: number, child: number) {
    this.table = table;
    this.#n = n;
    this.parent = parent;
    this.child = child;
  }

  get trial(): Trial | null {
    return this.table.trials.glance(this.#n) ?? null;
  }
}

/** The rows for readers of several columns: each row's trial is made once, when the row is reached. */
export const heldRows = (rows: readonly RunRow[]): Iterable<RunRow> => ({
  *[Symbol.iterator]() {
    for (const { table, parent, child, parentRun, trial } of rows) yield { table, parent, child, parentRun, trial };
  },
});

/** The runs of a job: those of earlier searches, then each parent run and its children, by number. */
export function rowsOf(table: RunTable): RunRow[] {
  const children = new Map<number, RunRow[]>();
  for (let n = 1; n <= table.trials.length; n += 1) {
    const run = table.trials.runOf(n);
    const point = run.indexOf(".");
    const parent = Number(run.slice("run".length, point));
    const row = new ChildRow(table, n, parent, Number(run.slice(point + 1)));
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
