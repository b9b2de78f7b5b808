import { leaderOf } from "../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { plainTextWarning } from "../../endpoint/plain-text.ts";
import { isCoordinatorHere, nobodyLeads } from "../../operator/leader-here.ts";
import type { JsonOption, Printing, Reader } from "../../operator/session.ts";
import { targetOf } from "../../runs/columns.ts";
import { type Field, recordsJson, recordsTable } from "../../runs/records.ts";
import { jobStatus } from "../../words/status-words.ts";
import { waitingByJournal } from "../../words/waiting.ts";

export function listJobs(reader: Reader, options: JsonOption): void {
  printJobs(reader, options);
  const { state, scope, output, flags } = reader;
  const isOpen = [...state.jobs.values()].some(({ isOver }) => !isOver);
  if (isOpen && !isCoordinatorHere(scope)) output.note(nobodyLeads(flags));
  const warning = plainTextWarning(scope.paths, scope.external);
  if (warning !== null) output.note(`${warning}\n`);
}

export function printJobs({ state, workspace, output, flags }: Printing, { json }: JsonOption): void {
  const jobs = [...state.jobs.values()];
  const fields = jobFields(workspace, state);
  if (json) output.result(recordsJson("job", fields, jobs));
  else output.result(recordsTable(fields, jobs, `total jobs listed: ${jobs.length}`));
  if (jobs.length === 0)
    output.note(`no job was submitted to workspace ${workspace} yet; to start one: nexus run spec.yaml${flags}\n`);
}

function jobFields(workspace: string, workspaceState: WorkspaceState): Field<RunTable>[] {
  const waiting = (table: RunTable): string =>
    table.state === "searching" ? waitingByJournal(table, workspaceState) : "";
  const isAnyRejected = [...workspaceState.jobs.values()].some(({ rejected }) => rejected.size > 0);
  const rejectedOf = ({ rejected }: RunTable): number => rejected.size;
  return [
    { name: "workspace", kind: "text", value: () => workspace },
    { name: "job", kind: "text", value: ({ job }) => job },
    { name: "target", kind: "text", value: (table) => targetOf({ table }) },
    { name: "status", kind: "text", value: (table) => (waiting(table) === "" ? jobStatus(table.state) : "waiting") },
    { name: "search", kind: "text", value: ({ submitted }) => submitted.settings.hpTuning || "none" },
    { name: "ended", kind: "count", value: ({ ended }) => ended },
    { name: "total", kind: "count", value: ({ submitted }) => submitted.settings.totalRuns },
    { name: "running", kind: "count", value: ({ running }) => running },
    { name: "queued", kind: "count", value: ({ waiting }) => waiting.size },
    { name: "error", kind: "count", value: ({ outcomes }) => outcomes.failed },
    // Most jobs have none, and the table is wide.
    ...(isAnyRejected ? [{ name: "rejected", kind: "count", value: rejectedOf } as const] : []),
    // The expected hpmax of a new run of the best configuration, not its luckiest run.
    { name: "hpmax", kind: "measure", value: (table) => leaderOf(table)?.estimate },
    { name: "best", kind: "text", value: (table) => leaderOf(table)?.bestRun ?? undefined },
    {
      name: "submitted",
      kind: "text",
      value: ({ submitted }) => `${new Date(submitted.at).toISOString().slice(0, 19)}Z`,
    },
    { name: "by", kind: "text", value: ({ submitted }) => submitted.by },
    { name: "spec", kind: "text", value: ({ submitted }) => submitted.file },
    // Why it waits, or is in its state.
    { name: "reason", kind: "text", value: (table) => waiting(table) || table.reason || undefined },
  ];
}
