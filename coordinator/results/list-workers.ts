import type { WorkerRecord, WorkspaceState } from "../../shared/domain/workspace-state.ts";
import type { Output } from "./output.ts";
import { type Field, recordsJson, recordsTable } from "./records.ts";
import { type GlobalOptions, readWorkspace, scopeOf } from "./scope.ts";
import { workerReason, workerStatus } from "./status-words.ts";

/** `nexus list workers`: what the journal says; who is connected at this moment only the coordinator knows. */
export async function listWorkers(
  globals: GlobalOptions,
  options: { readonly json?: boolean | undefined },
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  printWorkers(await readWorkspace(scope), scope.paths.name, options, output);
}

export function printWorkers(
  state: WorkspaceState,
  workspace: string,
  { json }: { readonly json?: boolean | undefined },
  output: Output,
): void {
  const workers = [...state.workers.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const fields = workerFields(workspace, runningBy(state));
  if (json) output.result(recordsJson("worker", fields, workers));
  else output.result(recordsTable(fields, workers, `total workers listed: ${workers.length}`));
  if (workers.length === 0) output.note(`no worker has joined workspace ${workspace} yet\n`);
}

/** What `nexus list workers` says of each. */
export function workerFields(workspace: string, running: ReadonlyMap<string, number>): Field<WorkerRecord>[] {
  return [
    { name: "workspace", kind: "text", value: () => workspace },
    { name: "worker", kind: "text", value: ({ id }) => id },
    { name: "host", kind: "text", value: ({ host }) => host || undefined },
    { name: "status", kind: "text", value: workerStatus },
    { name: "running", kind: "count", value: ({ id }) => running.get(id) ?? 0 },
    { name: "completed", kind: "count", value: ({ completed }) => completed },
    { name: "error", kind: "count", value: ({ failed }) => failed },
    { name: "reason", kind: "text", value: (worker) => workerReason(worker) || undefined },
  ];
}

function runningBy(state: WorkspaceState): Map<string, number> {
  const running = new Map<string, number>();
  for (const table of state.jobs.values()) {
    for (const [worker, count] of table.holding) running.set(worker, (running.get(worker) ?? 0) + count);
  }
  return running;
}
