import type { WorkerRecord, WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Status, WorkerStatus } from "../../../shared/wire/messages.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import type { Output } from "../../operator/output.ts";
import { type GlobalOptions, readWorkspaceOver, scopeOf, withLink } from "../../operator/scope.ts";
import { type Field, recordsJson, recordsTable } from "../../runs/records.ts";
import { heldBy, isSilent } from "../../words/silence.ts";
import { workerReason, workerStatus } from "../../words/status-words.ts";

/** `nexus list workers`: what the journal says, and when the coordinator that leads last heard of each. */
export async function listWorkers(
  globals: GlobalOptions,
  options: { readonly json?: boolean | undefined },
  output: Output,
): Promise<void> {
  const scope = scopeOf(globals);
  await withLink(scope, "viewer", async ({ bus }) => {
    const [state, status] = await Promise.all([readWorkspaceOver(bus), heardStatus(bus, scope)]);
    printWorkers(state, scope.paths.name, options, output, status);
    if (state.workers.size > 0 && !status) output.note("no coordinator tells who is connected at this moment\n");
  });
}

export function printWorkers(
  state: WorkspaceState,
  workspace: string,
  { json }: { readonly json?: boolean | undefined },
  output: Output,
  status?: Status,
): void {
  const workers = [...state.workers.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const fields = workerFields(workspace, heldBy(state), status);
  if (json) output.result(recordsJson("worker", fields, workers));
  else output.result(recordsTable(fields, workers, `total workers listed: ${workers.length}`));
  if (workers.length === 0) output.note(`no worker has joined workspace ${workspace} yet\n`);
}

/** What `nexus list workers` says of each. */
export function workerFields(
  workspace: string,
  running: ReadonlyMap<string, number>,
  status?: Status,
): Field<WorkerRecord>[] {
  const presence = new Map(status?.workers.map((each) => [each.worker, each]));
  return [
    { name: "workspace", kind: "text", value: () => workspace },
    { name: "worker", kind: "text", value: ({ id }) => id },
    { name: "host", kind: "text", value: ({ host }) => host || undefined },
    { name: "status", kind: "text", value: workerStatus },
    ...(status
      ? [
          {
            name: "heard",
            kind: "text",
            value: (worker: WorkerRecord) =>
              heard(worker, presence.get(worker.id), status, running.get(worker.id) ?? 0),
          } as const,
        ]
      : []),
    { name: "running", kind: "count", value: ({ id }) => running.get(id) ?? 0 },
    { name: "completed", kind: "count", value: ({ completed }) => completed },
    { name: "error", kind: "count", value: ({ failed }) => failed },
    { name: "reason", kind: "text", value: (worker) => workerReason(worker) || undefined },
  ];
}

/** `2s ago`; `lost, 95s ago` where it has been silent for longer than a lease; `not yet` since this coordinator leads. */
function heard(worker: WorkerRecord, presence: WorkerStatus | undefined, { leaseMs }: Status, held: number): string {
  if (!presence) return "not yet";
  const ago = `${Math.round(presence.silentMs / 1000)}s ago`;
  return isSilent(worker, { ...presence, leaseMs, held }) ? `lost, ${ago}` : ago;
}
