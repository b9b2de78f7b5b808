import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import type { Output } from "../../operator/output.ts";
import { type GlobalOptions, readWorkspaceOver, scopeOf, withLink } from "../../operator/scope.ts";
import { recordsJson, recordsTable } from "../../runs/records.ts";
import { workerFields } from "../../runs/worker-fields.ts";
import { heldBy } from "../../words/silence.ts";

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
