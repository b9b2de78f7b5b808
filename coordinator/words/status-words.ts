import { actorOf, type JobStateName } from "../../shared/domain/fold/events.ts";
import { isImported } from "../../shared/domain/fold/imported.ts";
import type { ParentRun } from "../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Trial, TrialStatus } from "../../shared/domain/fold/trial.ts";
import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { isOrderSentence } from "../../shared/domain/order-sentence.ts";
import { didYouMean } from "../../shared/domain/runspec/nearest-name.ts";

/** Every word that a run's status column may hold. */
export const statusWords = [
  "allocating",
  "queued",
  "running",
  "paused",
  "completed",
  "infeasible",
  "rejected",
  "error",
  "timed out",
  "pruned",
  "cancelled",
  "imported",
] as const;
export type StatusWord = (typeof statusWords)[number];

/** Other words that people use. */
const otherWords: Readonly<Record<string, StatusWord>> = {
  complete: "completed",
  done: "completed",
  finished: "completed",
  succeeded: "completed",
  failed: "error",
  failure: "error",
  crashed: "error",
  timeout: "timed out",
  waiting: "queued",
  started: "running",
  canceled: "cancelled",
  stopped: "pruned",
};

/** The status that a person means; undefined: no run ever has it. */
export function statusNamed(typed: string): StatusWord | undefined {
  const word = typed.trim().toLowerCase().replace(/[-_]/g, " ");
  return (
    statusWords.find((known) => known === word) ?? (Object.hasOwn(otherWords, word) ? otherWords[word] : undefined)
  );
}

/** Says that there is no such status, and names the nearest. */
export function noStatus(typed: string): string {
  const hint = didYouMean(typed.trim().toLowerCase(), statusWords);
  return `no run is ever "${typed.trim()}"${hint}\n  expected: ${statusWords.join(", ")}`;
}

/** A job's word, on the screen and in lists: a job that searches is running. */
export const jobStatus = (state: JobStateName): string => (state === "searching" ? "running" : state);

/** A run's word: its status, or paused if an operator has frozen it or keeps it from starting. */
export function runStatus(trial: Trial): StatusWord {
  if (isImported(trial)) return "imported";
  return trial.order === "paused" ? "paused" : childStatus(trial.status);
}

/** Why a run ended without a result, is infeasible, or waits; "" if there is nothing to say. */
export const reasonOf = (table: RunTable, trial: Trial): string =>
  trial.status === "infeasible" ? table.feasibility.why(trial) : trial.reason;

/** A worker's word: benched and revoked take precedence over an operator's order. */
export const workerStatus = ({ state, duty }: WorkerRecord): string =>
  state === "admitted" && duty !== "working" ? duty : state;

/** Why the worker has that status. */
export const workerReason = ({ state, reason, dutyReason }: WorkerRecord): string =>
  state === "admitted" && dutyReason !== "" ? dutyReason : reason;

export function childStatus(status: TrialStatus): StatusWord {
  switch (status) {
    case "waiting":
      return "queued";
    case "failed":
      return "error";
    case "running":
    case "completed":
    case "infeasible":
    case "rejected":
    case "timed out":
    case "pruned":
    case "cancelled":
      return status;
    default: {
      const never: never = status;
      return never;
    }
  }
}

/**
 * A parent run is a worker's part in a job: allocating until a worker comes, running while it holds a run, queued while
 * it may get another, then cancelled if the job was cancelled, otherwise completed.
 */
export function parentStatus(table: RunTable, parent: ParentRun): StatusWord {
  // A part that no worker took has nothing left to do when its job ends, as in the original.
  if (parent.worker === null && !table.isOver) return "allocating";
  if (parent.worker === null) return table.state === "cancelled" ? "cancelled" : "completed";
  if ((table.holding.get(parent.worker) ?? 0) > 0) return "running";
  if (table.state === "cancelled") return "cancelled";
  // A job that is paused may be resumed.
  const mayStart = table.state === "paused" && table.ended + table.open < table.submitted.settings.totalRuns;
  const mayGetMore = table.hasRoom || mayStart || table.waiting.size > 0;
  return mayGetMore && !table.isOver ? "queued" : "completed";
}

export const noJobText = ({ deleted }: Pick<WorkspaceState, "deleted">): string =>
  deleted.size === 0 ? "no job yet" : "no job";

/** The name of the person who decided; "" if the coordinator did. */
export const personOf = (event: { readonly by: string; readonly op: string }): string =>
  actorOf(event) === "person" ? event.by : "";

/** A reason, and the person whose order it is the reason for: `cannot be trusted (by ann)`, `benched by ann`. */
export function withAuthor(reason: string, person: string): string {
  if (person === "" || isOrderSentence(reason, person)) return reason;
  return reason === "" ? `by ${person}` : `${reason} (by ${person})`;
}
