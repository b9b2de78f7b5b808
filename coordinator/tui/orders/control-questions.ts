import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { ControlTarget, ControlVerb } from "../../../shared/wire/messages.ts";
import { effectOf } from "../../words/order-effects.ts";
import type { WorkerRow } from "../../words/why/worker-rows.ts";
import type { Action } from "../keys.ts";
import type { OrderQuestion, OrderWithoutId } from "../prompt.ts";
import type { ViewModel } from "../view-model.ts";

export const controlActions: readonly Action[] = ["pause", "resume", "drain", "stop", "cancel", "bench"];

/** What a control key acts on: the selection or the job. */
type Subject =
  | { readonly kind: "worker"; readonly row: WorkerRow }
  | { readonly kind: "runs"; readonly table: RunTable; readonly trials: readonly Trial[]; readonly name: string }
  | { readonly kind: "job"; readonly table: RunTable };

/** The question to ask before an order; a string says why the key does nothing now. */
export function controlQuestion(model: ViewModel, action: Action): OrderQuestion | string {
  if (model.options.isReadonly) return "this screen is read-only; control keys do nothing";
  const subject = subjectOf(model, action);
  if (typeof subject === "string") return subject;
  const asked = questionAbout(subject, action);
  return typeof asked === "string" ? asked : reaching(model, asked);
}

/** Adds the flags with which the command reaches the same workspace from any shell. */
const reaching = ({ options }: ViewModel, asked: OrderQuestion): OrderQuestion => ({
  ...asked,
  command: `${asked.command}${options.flags}`,
});

function questionAbout(subject: Subject, action: Action): OrderQuestion | string {
  if (action === "bench") return benchQuestion(subject);
  // The other control actions are named like the verbs of orders.
  const verb = action as ControlVerb;
  if (subject.kind === "worker") return workerQuestion(verb, subject.row);
  return subject.kind === "runs" ? runsQuestion(verb, subject) : jobQuestion(verb, subject.table);
}

/** The question after `q` and then s or c: about the whole job, and it ends the screen. */
export function leavingQuestion(model: ViewModel, verb: "stop" | "cancel"): OrderQuestion | string {
  const { table } = model.search;
  if (!table) return "there is no job to stop";
  const question = jobQuestion(verb, table);
  return typeof question === "string" ? question : { ...reaching(model, question), leaves: true };
}

function subjectOf(model: ViewModel, action: Action): Subject | string {
  const { page, focus, search, lists } = model;
  const { table } = search;
  if (!page && (focus === "Workers" || action === "bench")) {
    if (focus !== "Workers") return "B benches a worker: choose one on 3 Workers";
    const row = lists.workers.selected;
    return row ? { kind: "worker", row } : lists.workers.whyNothing("no worker has joined yet");
  }
  if (!page && focus === "Jobs") {
    const row = lists.jobs.selected;
    return row ? { kind: "job", table: row } : lists.jobs.whyNothing("there is no job yet");
  }
  if (!table) return "there is no job yet";
  // Draining and stopping concern what starts next, and after a run nothing starts.
  if (action === "drain" || action === "stop") return { kind: "job", table };
  if (page?.kind === "run") return ofTrials(table, [table.trial(page.n)], "this run");
  if (page?.kind === "run set") return ofTrials(table, model.runsOn(page), "this run set");
  if (focus === "Runs") {
    const row = lists.runs.selected;
    return row ? ofTrials(table, [row.trial], "the selected run") : lists.runs.whyNothing("there is no run here yet");
  }
  if (action === "cancel" && focus === "Standings" && lists.standings.selectedKey !== null) {
    const row = lists.standings.selected;
    if (!row) return lists.standings.whyNothing("there is no run set yet");
    return ofTrials(table, search.runsOf(row.key), "the selected run set");
  }
  return { kind: "job", table };
}

function ofTrials(table: RunTable, trials: readonly (Trial | undefined)[], what: string): Subject | string {
  const open = trials.flatMap((trial) => (trial && isOpen(trial) ? [trial] : []));
  const [first] = open;
  if (!first) return `nothing of ${what} is running or queued`;
  return {
    kind: "runs",
    table,
    trials: open,
    name: open.length === 1 ? first.run : `${open.length} runs of ${what.replace(/^(this|the selected) /, "a ")}`,
  };
}

const question = (effect: string, command: string, order: OrderWithoutId): OrderQuestion => ({
  kind: "order",
  effect,
  command,
  mustType: null,
  typed: "",
  order,
  leaves: false,
});

const control = (verb: ControlVerb, target: ControlTarget): OrderWithoutId => ({ kind: "control", verb, target });

function jobQuestion(verb: ControlVerb, table: RunTable): OrderQuestion | string {
  const { job } = table;
  if (table.isOver) return `${job} is over: it is ${table.state}`;
  const needless = needlessFor(verb, table);
  if (needless !== undefined) return needless;
  const effect = effectOf(verb, { kind: "job", table });
  const asked = question(effect, `nexus ${verb} ${job}`, control(verb, { kind: "job", job }));
  return { ...asked, mustType: verb === "cancel" ? job : null };
}

/** Why an order to a job would change nothing. */
function needlessFor(verb: ControlVerb, { job, state, stateActor }: RunTable): string | undefined {
  // A pause or stop of the coordinator's own may end by itself; that of a person may not.
  const isOrdered = stateActor !== "coordinator";
  if (verb === "resume" && state === "searching") return `${job} is running, so there is nothing to resume`;
  if (verb === "pause" && state === "paused" && isOrdered) return `${job} is paused already; R resumes it`;
  if (verb === "pause" && state === "stopping") return `${job} is stopping and starts nothing more; R lets it go on`;
  if (verb === "drain" && state === "draining") return `${job} is draining already; R lets it go on`;
  if (verb === "stop" && state === "stopping" && isOrdered) return `${job} is stopping already; R lets it go on`;
  return undefined;
}

/** Whether a key of control would change something now: only such keys are offered. */
export const isOffered = (model: ViewModel, action: Action): boolean =>
  typeof controlQuestion(model, action) !== "string";

function runsQuestion(verb: ControlVerb, subject: Extract<Subject, { kind: "runs" }>): OrderQuestion | string {
  const { table } = subject;
  const isPaused = ({ order }: Trial): boolean => order === "paused";
  const trials = subject.trials.filter((trial) =>
    verb === "pause" ? trial.order === "" : verb !== "resume" || isPaused(trial),
  );
  if (trials.length === 0)
    return verb === "pause"
      ? `${subject.name}: paused already; R resumes`
      : `${subject.name}: not paused, so there is nothing to resume`;
  const [only] = trials;
  const name = trials.length === 1 && only ? only.run : subject.name.replace(/^\d+/, String(trials.length));
  const effect = effectOf(verb, { kind: "runs", name, open: trials.length });
  const target = { kind: "runs", job: table.job, trials: trials.map(({ n }) => n) } as const;
  return question(effect, `nexus ${verb} ${runListOf(trials)}`, control(verb, target));
}

/** The runs in the words of a command, all of them: `run1.3,run2.5-run2.9`. */
export function runListOf(trials: readonly Trial[]): string {
  const places = trials
    .map(({ run }) => {
      const [parent = "", child = ""] = run.split(".");
      return { parent, number: Number(parent.slice("run".length)), child: Number(child) };
    })
    .sort((a, b) => a.number - b.number || a.child - b.child);
  const words: string[] = [];
  for (let from = 0; from < places.length; ) {
    let to = from;
    while (places[to + 1]?.parent === places[from]?.parent && places[to + 1]?.child === (places[to]?.child ?? 0) + 1)
      to += 1;
    const [first, last] = [places[from], places[to]];
    const name = `${first?.parent}.${first?.child}`;
    words.push(from === to ? name : `${name}-${last?.parent}.${last?.child}`);
    from = to + 1;
  }
  return words.join(",");
}

/** What a worker does after each order. */
const duties: Partial<Record<ControlVerb, WorkerRow["record"]["duty"]>> = {
  pause: "paused",
  resume: "working",
  drain: "draining",
  stop: "stopped",
};

function workerQuestion(verb: ControlVerb, { record, held }: WorkerRow): OrderQuestion | string {
  const { id, duty } = record;
  if (duty === duties[verb]) {
    if (verb === "resume")
      return `${id} takes runs${record.state === "benched" ? " once it is no longer benched: B" : " already"}`;
    return `${id} is ${duty} already; R resumes it`;
  }
  if (verb === "cancel") return "X cancels runs: choose one on 2 Runs; S makes a worker hand its runs back";
  const effect = effectOf(verb, { kind: "worker", worker: id, held });
  return question(effect, `nexus ${verb} ${id}`, control(verb, { kind: "worker", worker: id }));
}

function benchQuestion(subject: Subject): OrderQuestion | string {
  if (subject.kind !== "worker") return "B benches a worker: choose one on 3 Workers";
  const { record, held } = subject.row;
  const verb = record.state === "benched" ? "admit" : "bench";
  const effect = effectOf(verb, { kind: "worker", worker: record.id, held });
  return question(effect, `nexus ${verb} ${record.id}`, { kind: verb, worker: record.id });
}
