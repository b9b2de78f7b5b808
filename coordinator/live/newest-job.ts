import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../shared/domain/names.ts";

/** The newest job that is not over; if all are, the newest. */
export function newestJob({ jobs }: WorkspaceState): JobName | undefined {
  const tables = [...jobs.values()];
  return (tables.findLast((table) => !table.isOver) ?? tables.at(-1))?.job;
}
