import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { programVersion } from "../../../shared/components/version.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { ParentRun } from "../../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Bus } from "../../../shared/ports.ts";
import { WorkerNotes } from "../../live/worker-notes.ts";
import { heardStatus, nobodyLeads } from "../../operator/leader-here.ts";
import { type Scope, withLink } from "../../operator/scope.ts";
import type { JsonOption, Printing, Session } from "../../operator/session.ts";
import { readEvents } from "../../reading/journal-events.ts";
import { lastReports } from "../../reading/last-reports.ts";
import { selectRuns } from "../../runs/run-list.ts";
import { OrdersSeen } from "../../words/why/orders-seen.ts";
import { type Why, whyLines } from "../../words/why/why.ts";
import { type WhyFacts, Whys } from "../../words/why/whys.ts";
import { byKind, checkWords, namedTargets, namedWorkers } from "../control/control-targets.ts";

/** What the words after `why` name; undefined: any of these. */
export type Kind = "worker" | "run" | "job" | undefined;

export interface WhyOptions extends JsonOption {
  readonly all?: boolean | undefined;
}

/** Most lines about runs if nothing was named. */
const mostRuns = 20;
/** If more running runs are named, no last reports are looked up. */
const mostLookedUp = 50;

/** `nexus why`, `nexus why worker lab-1`, `nexus why run1.7 job2`: one line each, from the journal and the leader's status. */
export async function why(
  { scope, output }: Session,
  kind: Kind,
  words: readonly string[],
  options: WhyOptions,
): Promise<void> {
  const { paths, flags } = scope;
  checkWords(words, (each, state) => askedOf(kind, each, state, scope));
  await withLink(scope, "viewer", async ({ bus }) => {
    const journal = readJournal(bus);
    const [state, status] = await Promise.all([journal, heardStatus(bus, scope, journal)]);
    const asked = words.length > 0 || kind !== undefined ? askedOf(kind, words, state, scope) : undefined;
    const printing = { state, workspace: paths.name, flags, output };
    const known = { state, status: status ?? null, wall: Date.now(), version: programVersion(), joinLine: "-" };
    const past = asksForPast(answers(asked, new Whys(known))) ? await readPast(bus) : {};
    const reportedAt = await lastReports(bus, runningOf(asked));
    printWhys(printing, answers(asked, new Whys({ ...known, ...past, reportedAt })), options, asked === undefined);
    if (!status) {
      output.note(nobodyLeads(flags));
      output.note(
        "only a coordinator knows which workers are connected, what their owners allow, and how far runs are\n",
      );
    }
  });
}

/** What a command line names. */
interface Asked {
  readonly jobs: readonly RunTable[];
  readonly workers: readonly WorkerId[];
  readonly runs: readonly { readonly table: RunTable; readonly trial: Trial }[];
  readonly parents: readonly { readonly table: RunTable; readonly parent: ParentRun }[];
}

/**
 * Without words: all workers, or all jobs or runs that are open.
 *
 * @throws UsageError if a word is not a name, NotFoundError if nothing has that name
 */
function askedOf(kind: Kind, words: readonly string[], state: WorkspaceState, scope: Scope): Asked {
  const { paths, flags } = scope;
  const none: Asked = { jobs: [], workers: [], runs: [], parents: [] };
  const open = [...state.jobs.values()].filter(({ isOver }) => !isOver);
  switch (kind) {
    case "worker":
      return {
        ...none,
        workers: words.length === 0 ? [...state.workers.keys()].sort() : namedWorkers(words, state, flags),
      };
    case "job":
      return { ...none, jobs: words.length === 0 ? open : selectRuns(words, state, paths.name, flags).tables };
    case "run": {
      if (words.length === 0)
        return { ...none, runs: open.flatMap((table) => [...table.trials.open()].map((trial) => ({ table, trial }))) };
      const { rows } = selectRuns(words, state, paths.name, flags);
      const runs = rows.flatMap(({ table, trial }) => (trial ? [{ table, trial }] : []));
      // A parent run has a line of its own only while it has no runs.
      const parents = rows.flatMap(({ table, parentRun }) =>
        parentRun && parentRun.children === 0 ? [{ table, parent: parentRun }] : [],
      );
      return { ...none, runs, parents };
    }
    case undefined: {
      // A job that is named has a line, and so has each of its runs that is named.
      const { job, run, worker } = byKind(words, paths.name);
      const named = namedTargets(worker, state, paths.name, flags);
      return {
        ...(run.length > 0 ? askedOf("run", run, state, scope) : none),
        jobs: job.length > 0 ? askedOf("job", job, state, scope).jobs : [],
        workers: named.flatMap((each) => (each.kind === "worker" ? [each.worker] : [])),
      };
    }
    default: {
      const never: never = kind;
      return never;
    }
  }
}

function answers(asked: Asked | undefined, whys: Whys): Why[] {
  if (!asked) return whys.standing();
  return [
    ...asked.jobs.map((table) => whys.job(table)),
    ...asked.workers.map((id) => whys.worker(id)),
    ...asked.parents.map(({ table, parent }) => whys.parent(table, parent)),
    ...asked.runs.map(({ table, trial }) => whys.run(table, trial)),
  ];
}

/** Whether an answer lacks what only the whole journal says: when something was ordered, or a worker was last heard. */
const asksForPast = (all: readonly Why[]): boolean =>
  all.some(({ since, weight, kind, state }) => {
    if (since !== 0 || weight === "over" || weight === "runs") return false;
    return kind === "run" ? state === "paused" : state !== "waiting" && state !== "running" && state !== "idle";
  });

async function readPast(bus: Bus): Promise<Pick<WhyFacts, "notes" | "orders">> {
  const [notes, orders] = [new WorkerNotes(), new OrdersSeen()];
  await readEvents(bus, (event) => {
    notes.event(event, event.at);
    orders.event(event);
    return false;
  });
  return { notes, orders };
}

function runningOf(asked: Asked | undefined): { table: RunTable; trial: Trial }[] {
  const runs = asked?.runs.filter(({ trial }) => isOpen(trial) && trial.status === "running") ?? [];
  return runs.length > mostLookedUp ? [] : runs;
}

/** Prints what `nexus why` found. */
function printWhys(
  { state, workspace, flags, output }: Printing,
  found: readonly Why[],
  { json, all }: WhyOptions,
  isOverview: boolean,
  wall = Date.now(),
): void {
  if (json) {
    output.result(found.map((each) => `${JSON.stringify({ type: "why", v: 1, ...each })}\n`).join(""));
    return;
  }
  const runs = found.filter(({ kind }) => kind === "run");
  const hidden = isOverview && !all ? Math.max(0, runs.length - mostRuns) : 0;
  const left = new Set(hidden > 0 ? runs.slice(mostRuns) : []);
  const shown = found.filter((each) => !left.has(each));
  if (shown.length > 0) output.result(`${whyLines(shown, { wall, flags }).join("\n")}\n`);
  if (hidden > 0) output.note(`${counted(hidden, "more run")} not running; to see all: nexus why --all${flags}\n`);
  if (shown.length > 0 || !isOverview) {
    if (shown.length === 0) output.note(`workspace ${workspace} has nothing of that kind, or only what is over\n`);
    return;
  }
  const running = [...state.jobs.values()].reduce((sum, table) => sum + table.running, 0);
  const none =
    state.jobs.size === 0
      ? `workspace ${workspace} has no jobs yet; to start one: nexus run spec.yaml${flags}`
      : "no job is open";
  output.result(running > 0 ? `everything runs: ${counted(running, "run")}\n` : `${none}\n`);
}
