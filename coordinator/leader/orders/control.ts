import { counted } from "../../../shared/domain/counted.ts";
import type { JobStateName, RunOrder, WorkerDuty } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import { orderSentence } from "../../../shared/domain/order-sentence.ts";
import type { ControlVerb, Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { takeAll } from "../rules/enforce.ts";
import {
  accepted,
  carriedOut,
  isAnswer,
  type Operator,
  refused,
  tableOr,
  unchanged,
  workerOr,
} from "./order-answers.ts";

/**
 * pause, resume, drain, stop, cancel. The order is one record of the journal. Its consequences (ends of runs, trials that move)
 * are records behind it (consequences.ts); the next leader writes those that this one no longer could (enforce.ts).
 */
export async function control(
  reign: Reign,
  who: Operator,
  { verb, target }: Extract<Order, { kind: "control" }>,
): Promise<OrderAnswer> {
  if (target.kind === "worker") {
    const worker = workerOr(reign, target.worker);
    return isAnswer(worker) ? worker : controlWorker(reign, who, verb, worker);
  }
  const table = tableOr(reign, target.job);
  if (isAnswer(table)) return table;
  return target.kind === "job"
    ? controlJob(reign, who, verb, table)
    : controlRuns(reign, who, verb, table, target.trials);
}

interface Move {
  readonly to: JobStateName;
  readonly from: readonly JobStateName[];
  readonly word: Parameters<typeof orderSentence>[0];
}

const moves: Readonly<Record<ControlVerb, Move>> = {
  pause: { to: "paused", from: ["searching", "draining"], word: "paused" },
  resume: { to: "searching", from: ["paused", "draining", "stopping"], word: "resumed" },
  drain: { to: "draining", from: ["searching", "paused"], word: "drained" },
  stop: { to: "stopping", from: ["searching", "paused", "draining"], word: "stopped" },
  cancel: { to: "cancelling", from: ["searching", "paused", "draining", "stopping"], word: "cancelled" },
};

async function controlJob(reign: Reign, who: Operator, verb: ControlVerb, table: RunTable): Promise<OrderAnswer> {
  const { job, state, stateActor } = table;
  const { to, from, word } = moves[verb];
  // A pause or stop of the coordinator's own may end by itself; that of a person may not, so it is recorded.
  const isNews = state !== to || (stateActor === "coordinator" && to !== "searching");
  if (!isNews) return unchanged(reign, job, `${job} is ${to} already`);
  if (state !== to && !from.includes(state)) return refused(reign, whyNot(table, verb));
  const reason = orderSentence(word, who.by);
  return carriedOut(reign, { type: "job-state", job, state: to, reason, ...who }, job, () => standing(table));
}

function whyNot({ job, state }: RunTable, verb: ControlVerb): string {
  if (state === "held") return `${job} has ended and holds its nodes; to let them go: nexus release ${job}`;
  if (state === "completed") return `${job} is over: it was completed; to search on: nexus edit ${job} --total-runs N`;
  if (state === "cancelled") return `${job} is over: it was cancelled`;
  if (state === "stopping" && verb === "pause")
    return `${job} is stopping: it starts nothing more; to let the search go on: nexus resume ${job}`;
  return `${job} is ${state}, so there is nothing to ${verb}`;
}

/** What is still under way, in one line. */
function standing({ state, running, waiting, paused }: RunTable): string {
  const parts = [`${running} running`];
  if (waiting.size > 0) parts.push(`${waiting.size} waiting for a worker`);
  if (paused.size > 0) parts.push(`${paused.size} paused`);
  return `${state}, ${parts.join(", ")}`;
}

const runOrders = { pause: "paused", resume: "resumed", stop: "pruned", cancel: "cancelled" } as const;

async function controlRuns(
  reign: Reign,
  who: Operator,
  verb: ControlVerb,
  table: RunTable,
  numbers: readonly number[],
): Promise<OrderAnswer> {
  const { job } = table;
  if (verb === "drain") return refused(reign, "runs cannot be drained; name a job or a worker");
  const order = runOrders[verb];
  const trials = numbers.filter((n) => isConcerned(table.trial(n), order));
  if (trials.length === 0)
    return unchanged(reign, job, `none of these runs of ${job} can be ${order}: ${unconcerned[order]}`);
  const said = `${counted(trials.length, "run")} ${order}`;
  return carriedOut(reign, { type: "runs-ordered", job, trials, order, ...who }, job, () => said);
}

/** Why an order changes nothing. */
const unconcerned: Readonly<Record<RunOrder, string>> = {
  paused: "they have ended, or are paused already",
  resumed: "none of them is paused",
  pruned: "they have ended",
  cancelled: "they have ended",
};

function isConcerned(trial: Trial | undefined, order: RunOrder): boolean {
  if (!trial || !isOpen(trial)) return false;
  if (order === "paused") return trial.order === "";
  return order === "resumed" ? trial.order === "paused" : true;
}

const duties: Readonly<Record<ControlVerb, WorkerDuty>> = {
  pause: "paused",
  resume: "working",
  drain: "draining",
  stop: "stopped",
  cancel: "stopped",
};

async function controlWorker(
  reign: Reign,
  who: Operator,
  verb: ControlVerb,
  record: WorkerRecord,
): Promise<OrderAnswer> {
  const worker = record.id;
  const duty = duties[verb];
  const holds = reign.leases.heldBy(worker).length;
  const isBenched = record.state === "benched";
  if (record.duty === duty && (verb !== "cancel" || holds === 0)) {
    const benched = isBenched ? `, but benched; to let it work: nexus admit ${worker}` : "";
    return unchanged(reign, worker, `${worker} is ${duty} already${benched}`);
  }
  const reason = orderSentence(moves[verb].word, who.by);
  const stored = reign.record({ type: "worker-state", worker, state: duty, reason, ...who });
  // A stopped worker has time to hand its runs back; a cancelled one does not.
  if (verb === "cancel") takeAll(reign, worker, { cause: "ordered", reason: `${worker} was ${reason}` });
  await stored;
  await reign.ports.flushed();
  const benched = isBenched ? `; it is benched still: nexus admit ${worker}` : "";
  return accepted(reign, worker, `${duty}, ${counted(holds, "run")} in hand${benched}`);
}
