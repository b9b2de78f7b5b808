import { leaderOf } from "../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { maximised, told } from "../../../shared/domain/goal.ts";
import type { JobSettings } from "../../../shared/domain/runspec/job-settings.ts";
import type { Status } from "../../../shared/wire/messages.ts";
import { plainTextWarning } from "../../endpoint/plain-text.ts";
import { heardStatus, isCoordinatorHere, nobodyLeads } from "../../operator/leader-here.ts";
import type { JsonOption, Printing, Reader } from "../../operator/session.ts";
import { targetOf } from "../../runs/columns.ts";
import { type Field, laidRecords, recordsJson } from "../../runs/records.ts";
import { jobStatus } from "../../words/status-words.ts";
import { hiddenColumnsNote } from "../../words/table-layout.ts";
import { isWaiting, waitingByJournal, whyWaiting } from "../../words/waiting.ts";

export interface ListJobsOptions extends JsonOption {
  /** How many jobs, the newest; undefined: all. */
  readonly last?: number | undefined;
}

export async function listJobs(reader: Reader, options: ListJobsOptions): Promise<void> {
  const { state, scope, output, flags, bus } = reader;
  // Only the leader knows which workers are connected, and what they take.
  const status = [...state.jobs.values()].some(isStill) ? await heardStatus(bus, scope, state) : undefined;
  printJobs(reader, options, status);
  const isOpen = [...state.jobs.values()].some(({ isOver }) => !isOver);
  if (isOpen && !isCoordinatorHere(scope)) output.note(nobodyLeads(flags));
  const warning = plainTextWarning(scope.paths, scope.external);
  if (warning !== null) output.note(`${warning}\n`);
}

const isStill = (table: RunTable): boolean => table.state === "searching" && isWaiting(table);

export function printJobs(
  { state, workspace, output, flags }: Printing,
  { json, last }: ListJobsOptions,
  status?: Status,
): void {
  const all = [...state.jobs.values()];
  const jobs = last === undefined ? all : all.slice(-last);
  const fields = jobFields({ workspace, state, status, isStored: json === true });
  if (json) output.result(recordsJson("job", fields, jobs));
  else {
    const of = jobs.length < all.length ? ` of ${all.length}` : "";
    const { width } = output;
    const total = `total jobs listed: ${jobs.length}${of}`;
    const { text, hidden, hasCut } = laidRecords(fields, jobs, total, width, true);
    output.result(text);
    if (hasCut) output.note(`reasons are cut; in full: nexus why JOB${flags}\n`);
    if (hidden.length > 0) output.note(hiddenColumnsNote(hidden, width));
  }
  if (jobs.length === 0)
    output.note(`no job was submitted to workspace ${workspace} yet; to start one: nexus run spec.yaml${flags}\n`);
}

const deadlineOf = ({ submitted: { settings } }: RunTable): string | undefined =>
  settings.deadline === null ? undefined : `${new Date(settings.deadline).toISOString().slice(0, 16)}Z`;

interface Listed {
  readonly workspace: string;
  readonly state: WorkspaceState;
  readonly status: Status | undefined;
  /** Whether programs read the output. */
  readonly isStored: boolean;
}

function jobFields({ workspace, state: workspaceState, status, isStored }: Listed): Field<RunTable>[] {
  const waiting = (table: RunTable): string => {
    if (!isStill(table)) return "";
    const words = { joinLine: "-", flags: "" };
    const said = status && whyWaiting(table, workspaceState, status, words);
    return said ? said.why : waitingByJournal(table, workspaceState);
  };
  const isAny = (is: (settings: JobSettings) => boolean): boolean =>
    [...workspaceState.jobs.values()].some(({ submitted }) => is(submitted.settings));
  const isAnyRejected = [...workspaceState.jobs.values()].some(({ rejected }) => rejected.size > 0);
  const infeasibleOf = ({ runSets }: RunTable): number => runSets.totals.infeasible;
  const isAnyInfeasible = [...workspaceState.jobs.values()].some((table) => infeasibleOf(table) > 0);
  const isAnyFailed = [...workspaceState.jobs.values()].some(({ outcomes }) => outcomes.failed > 0);
  const rejectedOf = ({ rejected }: RunTable): number => rejected.size;
  return [
    { name: "workspace", kind: "text", value: () => workspace, priority: 20 },
    { name: "job", kind: "text", priority: 0, value: ({ job }) => job },
    { name: "target", kind: "text", priority: 18, value: (table) => targetOf({ table }) },
    {
      name: "status",
      kind: "text",
      priority: 1,
      value: (table) => (waiting(table) === "" ? jobStatus(table.state) : "waiting"),
    },
    { name: "search", kind: "text", priority: 14, value: ({ submitted }) => submitted.settings.hpTuning || "none" },
    { name: "ended", kind: "count", priority: 3, value: ({ ended }) => ended },
    { name: "total", kind: "count", priority: 3, value: ({ submitted }) => submitted.settings.totalRuns },
    ...(isAny(({ priority }) => priority !== 1)
      ? [{ name: "priority", kind: "count", value: (table: RunTable) => table.submitted.settings.priority } as const]
      : []),
    ...(isAny(({ deadline }) => deadline !== null)
      ? [{ name: "deadline", kind: "text", value: (table: RunTable) => deadlineOf(table) } as const]
      : []),
    { name: "running", kind: "count", value: ({ running }) => running },
    { name: "queued", kind: "count", value: ({ waiting }) => waiting.size },
    // Failures are shown even on the narrowest terminal.
    { name: "error", kind: "count", ...(isAnyFailed ? { priority: 2 } : {}), value: ({ outcomes }) => outcomes.failed },
    // Shown only if a job has some: most have none, and the table is wide.
    ...(isAnyInfeasible ? [{ name: "infeasible", kind: "count", value: infeasibleOf } as const] : []),
    ...(isAnyRejected ? [{ name: "rejected", kind: "count", value: rejectedOf } as const] : []),
    // The expected hpmax of a new run of the best configuration, not its luckiest run.
    ...bestFields([...workspaceState.jobs.values()], isStored),
    { name: "best", kind: "text", value: (table) => leaderOf(table)?.bestRun ?? undefined },
    {
      name: "submitted",
      kind: "text",
      priority: 15,
      value: ({ submitted }) => `${new Date(submitted.at).toISOString().slice(0, 19)}Z`,
    },
    { name: "by", kind: "text", value: ({ submitted }) => submitted.by, priority: 15 },
    { name: "spec", kind: "text", value: ({ submitted }) => submitted.file, priority: 15 },
    // Why it waits, or is in its state.
    { name: "reason", kind: "text", priority: 2, value: (table) => waiting(table) || table.reason || undefined },
  ];
}

/**
 * What the best configuration is expected to reach. People read a loss under its own name; if the jobs have different
 * metrics, a column says which. Programs get hpmax as it is maximised, and beside it a loss with its own sign.
 */
function bestFields(tables: readonly RunTable[], isStored: boolean): Field<RunTable>[] {
  const hpmax = (table: RunTable): number | undefined => leaderOf(table)?.estimate;
  const inSense = (table: RunTable): number | undefined => {
    const estimate = hpmax(table);
    return estimate === undefined ? undefined : told(table.goal, estimate);
  };
  const names = [...new Set(tables.map(({ goal }) => goal.name))];
  const isAnyLow = tables.some(({ goal }) => goal.isLow);
  const [name = maximised.name] = names;
  if (isStored) {
    const loss = ({ goal }: RunTable): string | undefined => (goal.isLow ? goal.name : undefined);
    return [
      { name: maximised.name, kind: "measure", value: hpmax },
      ...(isAnyLow
        ? [
            { name: "minimized", kind: "text", value: loss } as const,
            {
              name: "lowest",
              kind: "measure",
              value: (table: RunTable) => (table.goal.isLow ? inSense(table) : undefined),
            } as const,
          ]
        : []),
    ];
  }
  if (names.length < 2) return [{ name, kind: "measure", priority: 3, value: inSense }];
  return [
    { name: "metric", kind: "text", priority: 4, value: ({ goal }) => goal.name },
    { name: "result", kind: "measure", priority: 3, value: inSense },
  ];
}
