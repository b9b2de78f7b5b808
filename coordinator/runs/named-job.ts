import { deletedText } from "../../shared/domain/fold/purges.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { type JobName, parseJobName } from "../../shared/domain/names.ts";
import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import { workspaceFlags } from "../../shared/machine/workspace.ts";
import { namesText } from "./names-text.ts";

/**
 * The one job that a person means by `job411` or `ws1/job411`.
 *
 * @param flags  as `Scope.flags`, for the commands in what is thrown; left out: they name the workspace
 * @throws UsageError if it is not a job's name, NotFoundError if there is no such job
 */
export function namedJob(
  typed: string,
  state: WorkspaceState,
  workspace: string,
  flags = workspaceFlags(workspace),
): RunTable {
  const word = typed.startsWith(`${workspace}/`) ? typed.slice(workspace.length + 1) : typed;
  const job = parseJobName(word);
  const names = [...state.jobs.keys()];
  if (!job) {
    const hint = /^run\d/.test(word) ? "; this command is about a whole job" : "";
    throw new UsageError(
      `"${typed}" is not a job${hint}\n  expected a name such as job1; to see what there is: nexus list jobs${flags}`,
    );
  }
  const table = state.jobs.get(job.name);
  if (table) return table;
  if (state.deleted.has(job.name)) throw noJob(job.name, state, flags);
  const hint = didYouMean(job.name, names, `; it has ${namesText(names)}`);
  throw new NotFoundError(
    `there is no ${job.name} in workspace ${workspace}${hint}\n  to see what there is: nexus list jobs${flags}`,
  );
}

/**
 * The error for a named job that does not exist; says so if it was deleted.
 *
 * @param flags  what a command must add to reach the same workspace
 */
export function noJob(job: JobName, { deleted }: WorkspaceState, flags: string): NotFoundError {
  const found = deleted.get(job);
  return new NotFoundError(
    `${found ? deletedText(found) : `there is no ${job}`}\n  to see what there is: nexus list jobs${flags}`,
  );
}
