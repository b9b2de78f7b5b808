import { counted } from "../../../shared/domain/counted.ts";
import type { JobStateName, RunOrder, WorkerDuty } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { ControlVerb, Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { takeAll } from "../rules/enforce.ts";
import { accepted, isAnswer, refused, tableOr, workerOr } from "./order-answers.ts";

type ControlOrder = Extract<Order, { kind: "control" }>;

/**
 * pause, resume, drain, stop, cancel. The order is one record of the journal; what follows from it (ends of runs, trials that
 * move) are records behind it (consequences.ts), which the next leader writes where this one no longer could (enforce.ts).
 */
export async function control(reign: Reign, user: string, order: ControlOrder): Promise<OrderAnswer> {
  const { target } = order;
  switch (target.kind) {
    case "job": {
      const table = tableOr(reign, target.job);
      return isAnswer(table) ? table : controlJob(reign, user, order, table);
    }
    case "runs": {
      const table = tableOr(reign, target.job);
      return isAnswer(table) ? table : controlRuns(reign, user, order, table, target.trials);
    }
    case "worker": {
      const worker = workerOr(reign, target.worker);
      return isAnswer(worker) ? worker : controlWorker(reign, user, order, worker);
    }
    default: {
      const never: never = target;
      throw new RangeError(`no target: ${JSON.stringify(never)}`);
    }
  }
}

interface Move {
  readonly to: JobStateName;
  readonly from: readonly JobStateName[];
  readonly word: string;
}

const moves: Readonly<Record<ControlVerb, Move>> = {
  pause: { to: "paused", from: ["searching", "draining"], word: "paused" },
  resume: { to: "searching", from: ["paused", "draining", "stopping"], word: "resumed" },
  drain: { to: "draining", from: ["searching", "paused"], word: "drained" },
  stop: { to: "stopping", from: ["searching", "paused", "draining"], word: "stopped" },
  cancel: { to: "cancelling", from: ["searching", "paused", "draining", "stopping"], word: "cancelled" },
};

async function controlJob(
  reign: Reign,
  user: string,
  { verb, op }: ControlOrder,
  table: RunTable,
): Promise<OrderAnswer> {
  const { job, state } = table;
  const { to, from, word } = moves[verb];
  if (state === to) return unchanged(reign, job, `${job} is ${to} already`);
  if (!from.includes(state)) return refused(reign, whyNot(table, verb));
  const reason = `${word} by ${user}`;
  const at = reign.ports.clock.wall();
  await reign.record({ type: "job-state", job, state: to, reason, by: user, op, at });
  await reign.ports.flushed();
  return accepted(reign, job, standing(table));
}

function whyNot(table: RunTable, verb: ControlVerb): string {
  const { job, state } = table;
  if (state === "held") return `${job} has ended and holds its nodes; to let them go: nexus release ${job}`;
  if (state === "completed" || state === "cancelled") return `${job} is over: it was ${state}`;
  if (state === "stopping" && verb === "pause")
    return `${job} is stopping: it starts nothing more; to let the search go on: nexus resume ${job}`;
  return `${job} is ${state}, so there is nothing to ${verb}`;
}

/** What is still under way, in a line. */
function standing(table: RunTable): string {
  const waiting = table.waiting.size;
  const parts = [`${table.running} running`, ...(waiting > 0 ? [`${waiting} waiting for a worker`] : [])];
  if (table.paused.size > 0) parts.push(`${table.paused.size} paused`);
  return `${table.state}, ${parts.join(", ")}`;
}

async function controlRuns(
  reign: Reign,
  user: string,
  { verb, op }: ControlOrder,
  table: RunTable,
  numbers: readonly number[],
): Promise<OrderAnswer> {
  const { job } = table;
  if (verb === "drain") return refused(reign, "a run cannot be drained: it is one; expected a job or a worker");
  const orders: Record<typeof verb, RunOrder> = {
    pause: "paused",
    resume: "resumed",
    stop: "pruned",
    cancel: "cancelled",
  };
  const order = orders[verb];
  const trials = numbers.filter((n) => isConcerned(table.trial(n), order));
  if (trials.length === 0)
    return unchanged(reign, job, `none of these runs of ${job} can be ${order}: ${unconcerned[order]}`);
  const at = reign.ports.clock.wall();
  await reign.record({ type: "runs-ordered", job, trials, order, by: user, op, at });
  await reign.ports.flushed();
  return accepted(reign, job, `${counted(trials.length, "run")} ${order}`);
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

const duties: Readonly<Record<ControlVerb, { readonly duty: WorkerDuty; readonly word: string }>> = {
  pause: { duty: "paused", word: "paused" },
  resume: { duty: "working", word: "resumed" },
  drain: { duty: "draining", word: "drained" },
  stop: { duty: "stopped", word: "stopped" },
  cancel: { duty: "stopped", word: "cancelled" },
};

async function controlWorker(
  reign: Reign,
  user: string,
  { verb, op }: ControlOrder,
  record: WorkerRecord,
): Promise<OrderAnswer> {
  const worker = record.id;
  const { duty, word } = duties[verb];
  if (record.state === "revoked") return refused(reign, `${worker} was revoked: ${record.reason}`);
  const holds = reign.leases.heldBy(worker).length;
  if (record.duty === duty && (verb !== "cancel" || holds === 0)) {
    const benched = record.state === "benched" ? `, but benched; to let it work: nexus admit ${worker}` : "";
    return unchanged(reign, worker, `${worker} is ${duty} already${benched}`);
  }
  const reason = `${word} by ${user}`;
  const at = reign.ports.clock.wall();
  const stored = reign.record({ type: "worker-state", worker, state: duty, reason, by: user, op, at });
  if (verb === "cancel") takeAll(reign, worker, { cause: "ordered", reason: `${worker} was ${reason}` });
  await stored;
  await reign.ports.flushed();
  const benched = record.state === "benched" ? `; it is benched still: nexus admit ${worker}` : "";
  return accepted(reign, worker, `${duty}, ${counted(holds, "run")} in hand${benched}`);
}

/** Nothing to do, and nothing journalled; but what it rests on is stored before it is said. */
async function unchanged(reign: Reign, name: string, why: string): Promise<OrderAnswer> {
  await reign.ports.flushed();
  return accepted(reign, name, why);
}
