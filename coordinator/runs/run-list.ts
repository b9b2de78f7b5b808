import { type DeletedJob, deletedText } from "../../shared/domain/fold/purges.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import { workspaceFlags } from "../../shared/machine/workspace.ts";
import { namesText } from "./names-text.ts";
import { type RunRow, rowsOf } from "./run-rows.ts";

/** What one word of a run list names. */
type Selector =
  | { readonly kind: "jobs"; readonly from: number; readonly to: number }
  /** `child` null: the parent run and its children; "*": its children. */
  | { readonly kind: "run"; readonly parent: number; readonly child: number | "*" | null }
  | { readonly kind: "runs"; readonly from: RunPoint; readonly to: RunPoint };

/** A place in the order of runs. */
interface RunPoint {
  readonly parent: number;
  readonly child: number;
}

/** Whether a word of a run list means whole jobs: `job1`, `job1-job3`, `my-ws/job1`. */
export const namesJobs = (word: string): boolean => /^(?:[^/]+\/)?job/.test(word);

/** The runs that were named, and their jobs. */
export interface RunSelection {
  readonly tables: readonly RunTable[];
  readonly rows: readonly RunRow[];
}

export const runListForms =
  "job1, job1-job3, run662 (with its children), run662.7, run662.* (its children), run660-run684, run662.1-run662.6; commas or spaces between";

/**
 * The runs that a run list names, each once, in the order of jobs and runs; an empty list names all.
 *
 * @param flags  as `Scope.flags`, for the commands in what is thrown; left out: they name the workspace
 * @throws UsageError if a word is not a name, NotFoundError if nothing has that name
 */
export function selectRuns(
  words: readonly string[],
  state: WorkspaceState,
  workspace: string,
  flags = workspaceFlags(workspace),
): RunSelection {
  const all = [...state.jobs.values()];
  const selectors = words
    .flatMap((word) => word.split(","))
    .filter((word) => word !== "")
    .map((word) => ({ word, selector: parseSelector(word, workspace) }));
  if (selectors.length === 0) return { tables: all, rows: all.flatMap(rowsOf) };
  const byRow = new Map<RunTable, RunRow[]>();
  const rowsIn = (table: RunTable): RunRow[] => {
    let rows = byRow.get(table);
    if (!rows) {
      rows = rowsOf(table);
      byRow.set(table, rows);
    }
    return rows;
  };
  /** Null: all of the job's runs. */
  const kept = new Map<RunTable, Set<RunRow> | null>();
  for (const { word, selector } of selectors) {
    const candidates = all.filter((table) => mayHold(table, selector));
    let found =
      candidates.length > 0 && (selector.kind === "jobs" || (selector.kind === "run" && selector.child === "*"));
    for (const table of candidates) {
      if (selector.kind === "jobs") {
        kept.set(table, null);
        continue;
      }
      const rows = rowsIn(table).filter((row) => isNamed(row, selector));
      if (rows.length === 0) continue;
      found = true;
      const before = kept.get(table);
      if (before !== null) kept.set(table, new Set([...(before ?? []), ...rows]));
    }
    if (!found) throw nothingNamed(word, selector, state, workspace, flags);
  }
  const tables = all.filter((table) => kept.has(table));
  const rows = tables.flatMap((table) => {
    const some = kept.get(table);
    return some ? rowsIn(table).filter((row) => some.has(row)) : rowsIn(table);
  });
  return { tables, rows };
}

function parseSelector(typed: string, workspace: string): Selector {
  const word = typed.startsWith(`${workspace}/`) ? typed.slice(workspace.length + 1) : typed;
  const [, job, lastJob] = /^job([1-9]\d{0,9})(?:-(?:job)?([1-9]\d{0,9}))?$/.exec(word) ?? [];
  if (job !== undefined) return { kind: "jobs", from: Number(job), to: Number(lastJob ?? job) };
  if (word === "job*") return { kind: "jobs", from: 1, to: Number.POSITIVE_INFINITY };
  const run = "run([1-9]\\d{0,9})";
  const child = "([1-9]\\d{0,9})";
  const one = new RegExp(`^${run}(?:\\.(?:${child}|(\\*)))?$`).exec(word);
  if (one) return { kind: "run", parent: Number(one[1]), child: one[3] ? "*" : one[2] ? Number(one[2]) : null };
  const range = new RegExp(`^${run}(?:\\.${child})?-${run}(?:\\.${child})?$`).exec(word);
  if (range) {
    const from = { parent: Number(range[1]), child: Number(range[2] ?? 0) };
    // A range that ends with a parent run includes its children.
    const to = { parent: Number(range[3]), child: Number(range[4] ?? Number.POSITIVE_INFINITY) };
    if (compare(from, to) > 0) throw new UsageError(`"${typed}": the first run comes after the last one`);
    return { kind: "runs", from, to };
  }
  const number = /\d+$/.exec(word)?.[0];
  const hint = didYouMean(word, number === undefined ? [] : [`job${number}`, `run${number}`]);
  throw new UsageError(`"${typed}" is not a job or run${hint}\n  expected: ${runListForms}`);
}

const nearestNumber = (wanted: number, numbers: readonly number[]): number =>
  numbers.reduce(
    (best, each) => (Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best),
    numbers[0] ?? wanted,
  );

const compare = (a: RunPoint, b: RunPoint): number => a.parent - b.parent || a.child - b.child;

const mayHold = ({ job, parents }: RunTable, selector: Selector): boolean =>
  mayHaveHeld({ job, parents: parents.map(({ number }) => number) }, selector);

/** @param parents  numbers of the job's parent runs */
function mayHaveHeld({ job, parents }: Pick<DeletedJob, "job" | "parents">, selector: Selector): boolean {
  switch (selector.kind) {
    case "jobs": {
      const number = Number(job.slice("job".length));
      return number >= selector.from && number <= selector.to;
    }
    case "run":
      return parents.includes(selector.parent);
    case "runs":
      return parents.some((number) => number >= selector.from.parent && number <= selector.to.parent);
    default: {
      const never: never = selector;
      return never;
    }
  }
}

function isNamed(row: RunRow, selector: Exclude<Selector, { kind: "jobs" }>): boolean {
  if (selector.kind === "runs") return compare(row, selector.from) >= 0 && compare(row, selector.to) <= 0;
  if (row.parent !== selector.parent || selector.child === null) return row.parent === selector.parent;
  return selector.child === "*" ? row.child > 0 : row.child === selector.child;
}

function nothingNamed(
  word: string,
  selector: Selector,
  state: WorkspaceState,
  workspace: string,
  flags: string,
): NotFoundError {
  const gone = [...state.deleted.values()].filter((each) => mayHaveHeld(each, selector));
  if (gone.length > 0)
    return new NotFoundError(`${gone.map(deletedText).join("\n")}\n  to see what there is: nexus list jobs${flags}`);
  const yet = state.deleted.size > 0 ? "" : " yet";
  if (state.jobs.size === 0) {
    return new NotFoundError(
      `there is no ${word}: workspace ${workspace} has no jobs${yet}\n  to start one: nexus run spec.yaml${flags}`,
    );
  }
  const jobs = [...state.jobs.keys()];
  if (selector.kind === "jobs") {
    const numbers = jobs.map((name) => Number(name.slice("job".length)));
    const nearest = nearestNumber(selector.from, numbers);
    const hint = jobs.length === 1 ? "" : `, the nearest is job${nearest}`;
    return new NotFoundError(
      `there is no ${word} in workspace ${workspace}; it has ${namesText(jobs)}${hint}\n  to see them: nexus list jobs${flags}`,
    );
  }
  if (selector.kind === "run" && typeof selector.child === "number") {
    const parent = `run${selector.parent}`;
    const owner = [...state.jobs.values()].flatMap((table) => table.parents).find(({ name }) => name === parent);
    if (owner) {
      const has =
        owner.children === 0
          ? "no children yet"
          : namesText(Array.from({ length: owner.children }, (_, i) => `${parent}.${i + 1}`));
      return new NotFoundError(`there is no ${word} in workspace ${workspace}; ${parent} has ${has}`);
    }
  }
  const numbers = [...state.jobs.values()].flatMap((table) => table.parents.map(({ number }) => number));
  const parents = numbers.toSorted((a, b) => a - b).map((number) => `run${number}`);
  const runs = parents.length === 0 ? "no runs yet" : namesText(parents);
  return new NotFoundError(
    `there is no ${word} in workspace ${workspace}; it has ${runs}\n  to see a job's runs: nexus list runs ${jobs.at(-1)}${flags}`,
  );
}
