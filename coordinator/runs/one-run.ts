import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import type { ChosenRun } from "../reading/evidence-reader.ts";
import { selectRuns } from "./run-list.ts";

/**
 * The child runs that a run list names, in order.
 *
 * @throws UsageError and NotFoundError as `selectRuns`; NotFoundError if what is named has no child run yet
 */
export function childRuns(
  words: readonly string[],
  state: WorkspaceState,
  workspace: string,
  flags?: string,
): ChosenRun[] {
  const { rows } = selectRuns(words, state, workspace, flags);
  const runs = rows.flatMap(({ table, trial }) => (trial ? [{ table, trial }] : []));
  if (runs.length === 0) throw new NotFoundError(`${words.join(",") || "the workspace"} has no runs yet`);
  return runs;
}

/**
 * The one child run that a word names; a parent run with a single child stands for it.
 *
 * @throws UsageError if it names several
 */
export function oneRun(word: string, state: WorkspaceState, workspace: string, flags?: string): ChosenRun {
  const [run, second, ...more] = childRuns([word], state, workspace, flags);
  if (!run) throw new NotFoundError(`${word} has no runs yet`);
  if (second) {
    const count = more.length + 2;
    throw new UsageError(
      `${word} has ${count} runs, ${run.trial.run} to ${(more.at(-1) ?? second).trial.run}; expected one of them, for example ${run.trial.run}`,
    );
  }
  return run;
}
