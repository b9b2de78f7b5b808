import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { programVersion } from "../../../shared/components/version.ts";
import type { WorkerRecord, WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { machineHealth } from "../../../shared/domain/health/machine-health.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { WorkerWork, workText } from "../../live/worker-work.ts";
import { heardStatus } from "../../operator/leader-here.ts";
import { withLink } from "../../operator/scope.ts";
import type { JsonOption, Printing, Session } from "../../operator/session.ts";
import { machineFields } from "../../runs/machine-fields.ts";
import { type Field, recordsJson, showRecords } from "../../runs/records.ts";
import { saidByState, workerFields } from "../../runs/worker-fields.ts";
import { healthWarnings } from "../../words/health-words.ts";
import { heldByWorker } from "../../words/silence.ts";
import { Whys } from "../../words/why/whys.ts";

const sentences = ["reason", "why"];

/** `nexus list workers`: what the journal says, and when the coordinator that leads last heard of each. */
export async function listWorkers({ scope, output }: Session, options: JsonOption): Promise<void> {
  await withLink(scope, "viewer", async ({ bus }) => {
    const journal = readJournal(bus);
    const [state, status] = await Promise.all([journal, heardStatus(bus, scope, journal)]);
    printWorkers({ state, workspace: scope.paths.name, flags: scope.flags, output }, options, status);
    if (state.workers.size > 0 && !status) output.note("no coordinator says who is connected right now\n");
  });
}

/** What each worker runs now. */
function nowFields(state: WorkspaceState, status: Status | undefined): Field<WorkerRecord>[] {
  if (!status) return [];
  const work = new WorkerWork();
  const isOneJob = state.jobs.size < 2;
  const nowOf = ({ id }: WorkerRecord): string | undefined =>
    work
      .of(id, state, status)
      .map((each) => workText(each, isOneJob))
      .join(", ") || undefined;
  return [{ name: "now", kind: "text", value: nowOf }];
}

export function printWorkers(
  { state, workspace, flags, output }: Printing,
  { json }: JsonOption,
  status?: Status,
): void {
  const workers = [...state.workers.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const isAnyRejected = workers.some(({ rejected }) => rejected > 0);
  const seen = { state, status: status ?? null, wall: Date.now(), version: programVersion(), joinLine: "-" };
  const whys = status && new Whys(seen);
  const health = machineHealth(state);
  const presence = new Map(status?.workers.map((each) => [each.worker, each]));
  // A column without values is left out, so that healthy machines do not widen the table.
  const isTold = ({ value }: Field<WorkerRecord>): boolean => json || workers.some((each) => (value(each) ?? 0) !== 0);
  const ofMachine = machineFields(
    (id) => health.get(id),
    (id) => presence.get(id),
  );
  const told = [...nowFields(state, status), ...ofMachine].filter(isTold);
  const known = workerFields(workspace, heldByWorker(state), status, isAnyRejected, whys);
  // Sentences come last.
  const all = [
    ...known.filter((each) => !sentences.includes(each.name)),
    ...told,
    ...known.filter(({ name }) => sentences.includes(name)),
  ];
  const fields = json || !status ? all : all.filter(({ name }) => !saidByState.includes(name));
  if (json) output.result(recordsJson("worker", fields, workers));
  else showRecords(output, fields, workers, `total workers listed: ${workers.length}`);
  for (const { id } of workers) {
    const about = { health: health.get(id), presence: presence.get(id), flags };
    for (const warning of healthWarnings(id, about)) output.note(`${warning}\n`);
  }
  if (workers.length === 0) output.note(`no worker has joined workspace ${workspace} yet\n`);
}
