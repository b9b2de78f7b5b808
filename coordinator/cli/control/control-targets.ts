import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import { emptyWorkspace, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { isWorkerId, type WorkerId } from "../../../shared/domain/names.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import { runListForms, selectRuns } from "../../runs/run-list.ts";

/** What the words after a control verb name. */
export type Named =
  | { readonly kind: "job"; readonly table: RunTable }
  /** Runs of one job, ended ones too; never empty. */
  | { readonly kind: "runs"; readonly table: RunTable; readonly trials: readonly Trial[] }
  | { readonly kind: "worker"; readonly worker: WorkerId };

const targetForms = `${runListForms}; or a worker's name, also with *: lab-pc, lab-*`;

/**
 * Jobs, then runs by job, then workers, each once. A job covers its runs. A worker named like a job is written `worker:job1`.
 *
 * @param flags  as `Scope.flags`, for the commands in what is thrown
 * @throws UsageError if a word is not a name, NotFoundError if nothing has that name
 */
export function namedTargets(
  words: readonly string[],
  state: WorkspaceState,
  workspace: string,
  flags = workspaceFlags(workspace),
): Named[] {
  const jobs = new Set<RunTable>();
  /** By number: each lookup may return another object for the same trial. */
  const runs = new Map<RunTable, Map<number, Trial>>();
  const workers = new Set<WorkerId>();
  const typed = byKind(words, workspace);
  for (const word of typed.job) {
    for (const table of selectRuns([word], state, workspace, flags).tables) jobs.add(table);
  }
  for (const word of typed.run) {
    for (const { table, trial } of selectRuns([word], state, workspace, flags).rows) {
      if (trial) runs.set(table, (runs.get(table) ?? new Map<number, Trial>()).set(trial.n, trial));
    }
  }
  for (const name of typed.worker) {
    for (const worker of workersNamed(name, state, "job, run or worker", flags)) workers.add(worker);
  }
  return [
    ...[...jobs].map((table): Named => ({ kind: "job", table })),
    ...[...runs].flatMap(([table, trials]): Named[] =>
      jobs.has(table) || trials.size === 0 ? [] : [{ kind: "runs", table, trials: [...trials.values()] }],
    ),
    ...[...workers].map((worker): Named => ({ kind: "worker", worker })),
  ];
}

const wordsOf = (typed: readonly string[]): readonly string[] =>
  typed.flatMap((each) => each.split(",")).filter((each) => each !== "");

/** Sorts the words by what their form names. */
export function byKind(typed: readonly string[], workspace: string): Record<"job" | "run" | "worker", string[]> {
  const words: Record<"job" | "run" | "worker", string[]> = { job: [], run: [], worker: [] };
  for (const word of wordsOf(typed)) {
    const name = word.startsWith(`${workspace}/`) ? word.slice(workspace.length + 1) : word;
    if (/^job(\d|\*)/.test(name)) words.job.push(word);
    else if (/^run\d/.test(name)) words.run.push(word);
    else words.worker.push(name);
  }
  return words;
}

/** The same for verbs that take only workers. */
export function namedWorkers(words: readonly string[], state: WorkspaceState, flags = ""): WorkerId[] {
  return [...new Set(wordsOf(words).flatMap((word) => workersNamed(word, state, "worker", flags)))];
}

/**
 * Refuses words that cannot name anything, before a coordinator is looked for.
 *
 * @throws UsageError
 */
export function checkWords(
  words: readonly string[],
  name: (words: readonly string[], state: WorkspaceState) => unknown,
): void {
  for (const word of words) {
    try {
      name([word], emptyWorkspace());
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
}

/** @param what  what a word could have meant */
function workersNamed(typed: string, state: WorkspaceState, what: string, flags: string): WorkerId[] {
  const name = typed.startsWith("worker:") ? typed.slice("worker:".length) : typed;
  const known = [...state.workers.keys()];
  if (/^[a-z0-9*][a-z0-9*-]*$/.test(name) && name.includes("*")) {
    const pattern = new RegExp(`^${name.replaceAll("*", "[a-z0-9-]*")}$`);
    const found = known.filter((each) => pattern.test(each));
    if (found.length === 0)
      throw new NotFoundError(`there is no worker ${name}; to see them: nexus list workers${flags}`);
    return found;
  }
  if (!isWorkerId(name)) {
    const forms = what === "worker" ? 'lower-case letters, digits and "-", or a pattern with *' : targetForms;
    throw new UsageError(
      `"${typed}" is not a ${what}\n  expected: ${forms}; to see what there is: nexus list workers${flags}`,
    );
  }
  if (state.workers.has(name)) return [name];
  const hint = didYouMean(name, known, `; to see them: nexus list workers${flags}`);
  throw new NotFoundError(`there is no ${what} ${name}${hint}`);
}
