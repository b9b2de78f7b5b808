import { counted } from "../../../shared/domain/counted.ts";
import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import { changesText } from "../../../shared/domain/fold/job-changes.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { maximised, told } from "../../../shared/domain/goal.ts";
import { jsonLine } from "../../../shared/domain/json-line.ts";
import { isWorkerId, parseJobName } from "../../../shared/domain/names.ts";
import { didYouMean } from "../../../shared/domain/runspec/nearest-name.ts";
import { NotFoundError } from "../../../shared/errors.ts";
import { workspaceFlags } from "../../../shared/machine/workspace.ts";
import type { JsonOption, Reader } from "../../operator/session.ts";
import { type JournalEntry, readEvents } from "../../reading/journal-events.ts";
import { type Field, showRecords, type TableOutput } from "../../runs/records.ts";
import { namesJobs, selectRuns } from "../../runs/run-list.ts";
import { marksText } from "../../words/event-words.ts";
import { formatDecimal } from "../../words/number-format.ts";
import { jobStatus, personOf, withAuthor } from "../../words/status-words.ts";
import type { Cell } from "../../words/table.ts";

export interface ViewEventsOptions extends JsonOption {
  readonly last?: number | undefined;
  readonly all?: boolean | undefined;
}

/** The default limit: a job of thousands of runs has tens of thousands of events. */
const usualLast = 50;

/** `nexus view events run662.7`: what the journal says of a run, a job or a worker, with the reasons. */
export async function viewEvents(
  { state, bus, workspace, flags, output }: Reader,
  word: string,
  options: ViewEventsOptions,
): Promise<void> {
  const isAsked = isAbout(word, state, workspace, flags);
  const entries = await readEvents(bus, (event) => !isOfDeleted(event, state) && isAsked(event));
  const count = options.all ? entries.length : (options.last ?? usualLast);
  const shown = entries.slice(Math.max(0, entries.length - count));
  if (options.json) output.result(shown.map((entry) => eventJson(entry, state)).join(""));
  else showEvents(output, shown, state);
  const hidden = entries.length - shown.length;
  if (hidden === 0) return;
  const left = counted(hidden, "earlier event is", "earlier events are");
  output.note(`${left} not listed (--last=${count}); to see all: --all\n`);
}

/** The decisions about a deleted job, except its deletion. */
const isOfDeleted = (event: JournalEvent, { deleted }: WorkspaceState): boolean =>
  "job" in event && event.type !== "job-deleted" && deleted.has(event.job);

/** Which records are about a job, a run, a parent run or a worker. @throws NotFoundError */
export function isAbout(
  word: string,
  state: WorkspaceState,
  workspace: string,
  flags = workspaceFlags(workspace),
): (event: JournalEvent) => boolean {
  if (isWorkerId(word) && state.workers.has(word)) return (event) => "worker" in event && event.worker === word;
  if (isWorkerId(word) && !/^(?:job|run)\d/.test(word)) {
    const hint = didYouMean(
      word,
      [...state.jobs.keys(), ...state.workers.keys()],
      `; to see what there is: nexus list jobs${flags}, nexus list workers${flags}`,
    );
    throw new NotFoundError(`there is no job, run or worker ${word}${hint}`);
  }
  const asked = parseJobName(word.startsWith(`${workspace}/`) ? word.slice(workspace.length + 1) : word);
  const gone = asked && state.deleted.get(asked.name);
  if (gone) return (event) => event.type === "job-deleted" && event.job === gone.job;
  const { rows, tables } = selectRuns([word], state, workspace, flags);
  const isJob = namesJobs(word);
  if (isJob) {
    const jobs = new Set<string>(tables.map(({ job }) => job));
    return (event) => "job" in event && jobs.has(event.job);
  }
  const runs = new Set(rows.flatMap(({ table, trial }) => (trial ? [`${table.job}/${trial.n}`] : [])));
  return (event) => {
    if ("n" in event) return runs.has(`${event.job}/${event.n}`);
    return "trials" in event && event.trials.some((n) => runs.has(`${event.job}/${n}`));
  };
}

export const showEvents = (output: TableOutput, entries: readonly JournalEntry[], state: WorkspaceState): void =>
  showRecords(output, eventFields(state), entries, `total events listed: ${entries.length}`);

function eventFields(state: WorkspaceState): Field<JournalEntry>[] {
  return [
    { name: "time", kind: "text", value: ({ event }) => `${new Date(event.at).toISOString().slice(0, 19)}Z` },
    { name: "about", kind: "text", value: ({ event }) => aboutOf(event, state) },
    { name: "attempt", kind: "count", value: ({ event }) => ("attempt" in event ? event.attempt : undefined) },
    { name: "worker", kind: "text", value: ({ event }) => ("worker" in event ? event.worker : undefined) },
    { name: "event", kind: "text", value: ({ event }) => eventWord(event) },
    { name: "what", kind: "text", value: ({ event }) => detailOf(event, state) },
  ];
}

function aboutOf(event: JournalEvent, state: WorkspaceState): Cell {
  if (!("job" in event)) return undefined;
  return "n" in event ? (state.jobs.get(event.job)?.trial(event.n)?.run ?? `${event.job} trial ${event.n}`) : event.job;
}

function eventWord(event: JournalEvent): string {
  switch (event.type) {
    case "job":
      return "submitted";
    case "ended":
    case "lost":
      return event.outcome;
    case "job-state":
      return jobStatus(event.state);
    case "worker-state":
      return event.state;
    default:
      return event.type;
  }
}

/** Why it happened, or with which result. */
function detailOf(event: JournalEvent, state: WorkspaceState): string {
  const goal = ("job" in event ? state.jobs.get(event.job)?.goal : undefined) ?? maximised;
  const result = (hpmax: number): string => `${goal.name} ${formatDecimal(told(goal, hpmax), 5)}`;
  switch (event.type) {
    case "assigned":
      return event.why;
    case "completed":
      return `${result(event.hpmax)} after ${counted(event.iters, "iteration")}`;
    case "late":
      return `${result(event.hpmax)} came after the run had ended: not counted`;
    case "checkpoint":
      return `stage ${event.stage}, ${counted(event.iters, "iteration")}, ${event.size} bytes`;
    case "checkpoint-lost": {
      const what = event.what === "unsaved" ? "was not carried" : "cannot be read, so the run begins afresh";
      return `the one after ${counted(event.iters, "iteration")} of stage ${event.stage} ${what}: ${event.reason}`;
    }
    case "learned":
      return `from ${counted(event.results, "result")} how they depend on the hyperparameters`;
    case "set-aside":
      return `number ${event.ev} of EV, ${event.subject}: ${event.reason}`;
    case "lost":
      return `${event.reason}${event.charged ? " (counts against its retries)" : ""}`;
    case "job":
      return `${event.file} by ${event.by}: ${counted(event.settings.totalRuns, "run")}, hp_tuning ${event.settings.hpTuning}`;
    case "job-state":
    case "worker-state":
      return withAuthor(event.reason, personOf(event));
    case "job-edited":
      return event.opens ?? `${changesText(event.changes, goal).join(", ")} (by ${event.by})`;
    case "job-deleted": {
      const done = event.messages === null ? "begins" : `${counted(event.messages, "message")} deleted`;
      return `${done} (by ${event.by})`;
    }
    case "range-refined":
      return marksText(event.marks);
    case "worker-purged": {
      const what = event.all ? "all that it stored" : "all but what its results rest on";
      const done = event.messages === null ? "begins" : `${counted(event.messages, "message")} of EV deleted`;
      return `${what}, before number ${event.before} of EV: ${done} (by ${event.by})`;
    }
    case "results-judged":
      return `${counted(event.trials.length, "result")} ${event.verdict}${event.reason === "" ? "" : `: ${event.reason}`} (by ${event.by})`;
    default:
      return "reason" in event ? event.reason : "by" in event ? `by ${event.by}` : "";
  }
}

/** The record as it is, without the spec and the defaults that came with a job. */
function eventJson({ seq, event }: JournalEntry, state: WorkspaceState): string {
  const { type, ...rest } = event;
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== "text" && name !== "sources"));
  const run = "n" in event ? { run: state.jobs.get(event.job)?.trial(event.n)?.run ?? null } : {};
  return jsonLine({ type: "event", v: 1, seq, event: type, ...run, ...kept });
}
