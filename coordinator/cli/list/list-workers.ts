import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Printing, Session } from "../../operator/session.ts";
import { recordsJson, recordsTable } from "../../runs/records.ts";
import { workerFields } from "../../runs/worker-fields.ts";
import { heldBy } from "../../words/silence.ts";

/** `nexus list workers`: what the journal says, and when the coordinator that leads last heard of each. */
export async function listWorkers({ scope, output }: Session, options: JsonOption): Promise<void> {
  await withLink(scope, "viewer", async ({ bus }) => {
    const [state, status] = await Promise.all([readJournal(bus), heardStatus(bus, scope)]);
    printWorkers({ state, workspace: scope.paths.name, flags: scope.flags, output }, options, status);
    if (state.workers.size > 0 && !status) output.note("no coordinator says who is connected right now\n");
  });
}

export function printWorkers({ state, workspace, output }: Printing, { json }: JsonOption, status?: Status): void {
  const workers = [...state.workers.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const isAnyRejected = workers.some(({ rejected }) => rejected > 0);
  const fields = workerFields(workspace, heldBy(state), status, isAnyRejected);
  if (json) output.result(recordsJson("worker", fields, workers));
  else output.result(recordsTable(fields, workers, `total workers listed: ${workers.length}`));
  if (workers.length === 0) output.note(`no worker has joined workspace ${workspace} yet\n`);
}
