import { counted } from "../../../shared/domain/counted.ts";
import { lossOutcomes } from "../../../shared/domain/fold/events.ts";
import type { ParentRun } from "../../../shared/domain/fold/parent-runs.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, lastAttempt, resultBy, type Trial } from "../../../shared/domain/fold/trial.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { LeaseStatus } from "../../../shared/wire/messages.ts";
import { duration } from "../duration.ts";
import { formatDecimal } from "../number-format.ts";
import { isOverdue } from "../silence.ts";
import { parentStatus, reasonOf, runStatus } from "../status-words.ts";
import type { Why } from "./why.ts";
import type { WorkerRow } from "./worker-rows.ts";

export interface RunContext {
  readonly wall: number;
  /** What the leader says of the run's lease; undefined: it does not, or nobody leads. */
  readonly lease: LeaseStatus | undefined;
  readonly leaseMs: number | undefined;
  /** The worker that holds it. */
  readonly holder: WorkerRow | undefined;
  /** When it last reported, wall clock; undefined: not yet, or not asked. */
  readonly reportedAt: number | undefined;
  /** Who paused it, and when; undefined: not known here. */
  readonly paused: { readonly by: string; readonly at: number } | undefined;
  /** Why its job is not running it, and what helps. */
  readonly job: Why;
}

const over = { change: "nothing: it has ended", commands: [], weight: "over" } as const;

/** Why a run is where it is. */
export function whyRun(table: RunTable, trial: Trial, context: RunContext): Why {
  const state = runStatus(trial);
  const base = { kind: "run", name: trial.run, state } as const;
  const ended = { ...base, since: trial.endedAt, ...over };
  const { paused } = context;
  if (trial.order === "paused") {
    const by = paused ? `paused by ${paused.by}` : "paused by an operator";
    const held = holderOf(trial);
    const where = held ? `frozen on ${held.worker}, in its slot` : `it waits for no slot: ${lostText(trial)}`;
    const undo = { change: "", commands: [`nexus resume ${trial.run}`], weight: "waits" } as const;
    return { ...base, since: paused?.at ?? 0, why: `${by}; ${where}`, ...undo };
  }
  switch (trial.status) {
    case "running":
      return { ...base, ...running(trial, context) };
    case "waiting":
      return { ...base, ...queued(table, trial, context.job) };
    case "completed":
      return {
        ...ended,
        why: `${resultText(table, trial)}${trial.attempts.length > 0 ? `, on ${resultBy(trial)}` : ""}`,
      };
    case "infeasible":
      return { ...ended, why: `${reasonOf(table, trial)}; ${resultText(table, trial)}` };
    case "rejected":
      return { ...ended, why: trial.reason, change: "", commands: [`nexus accept ${trial.run}`] };
    case "failed":
    case "timed out": {
      const change = "nothing: it has ended; what it printed";
      return {
        ...ended,
        why: `${trial.reason} (on ${lastAttempt(trial).worker})`,
        change,
        commands: [`nexus view console ${trial.run}`],
      };
    }
    case "pruned":
      return { ...ended, why: prunedText(table, trial) };
    case "cancelled":
      return { ...ended, why: trial.reason };
    default: {
      const never: never = trial.status;
      return never;
    }
  }
}

/** Why a running run is frozen because of its worker; "" if it is not. */
export function frozenText(holder: Pick<WorkerRow, "record" | "state" | "why"> | undefined): string {
  if (holder?.state !== "owner active") return "";
  return `frozen: the owner of ${holder.record.id} uses it${holder.why === "" ? "" : ` (${holder.why})`}`;
}

type Rest = Omit<Why, "kind" | "name" | "state">;

function running(trial: Trial, { wall, lease, leaseMs, holder, reportedAt }: RunContext): Rest {
  const { worker, attempt, at } = lastAttempt(trial);
  if (trial.order === "pruned" || trial.order === "cancelled")
    return { since: at, why: trial.reason, change: "it ends within seconds", commands: [], weight: "waits" };
  const frozen = frozenText(holder);
  const iters = Math.max(lease?.iters ?? 0, trial.iters);
  const parts = [
    `on ${worker}`,
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(iters > 0 ? [counted(iters, "iteration")] : []),
    ...(reportedAt === undefined ? [] : [`last report ${duration(wall - reportedAt)} ago`]),
  ];
  if (frozen !== "")
    return {
      since: at,
      why: `${frozen}; ${parts.join(", ")}`,
      change: holder?.change ?? "",
      commands: [],
      weight: "waits",
    };
  if (holder?.state === "lost") {
    const left = lease && leaseMs !== undefined ? ` in ${duration(Math.max(0, lease.leftMs))}` : "";
    const change = `it goes to another worker when its lease ends${left}`;
    return { since: at, why: `${parts.join(", ")}, which is silent`, change, commands: [], weight: "waits" };
  }
  if (isOverdue(holder?.silentMs, leaseMs)) {
    const why = `${parts.join(", ")}; ${worker} was not heard from for ${duration(holder?.silentMs ?? 0)}`;
    const change = `it goes to another worker after ${duration(leaseMs ?? 0)} of silence`;
    return { since: at, why, change, commands: [], weight: "waits" };
  }
  return { since: at, why: parts.join(", "), change: "nothing: it runs", commands: [], weight: "runs" };
}

/** `lost by lab-1: no sign of life from lab-1 for 30 s`. */
function lostText(trial: Trial): string {
  const { worker, end, cause } = lastAttempt(trial);
  const lost = cause && lossOutcomes[cause] === "lost" ? "lost by" : "handed back by";
  return `${end !== "" && cause === null ? "taken back from" : lost} ${worker}: ${trial.reason}`;
}

function queued(table: RunTable, trial: Trial, job: Why): Rest {
  const { retries } = table.submitted.settings;
  const charged = trial.charged === 0 ? "" : `, ${trial.charged} of ${retries} retries used`;
  const from = trial.checkpoint ? ` from iteration ${trial.checkpoint.iters}` : "";
  const why = `${lostText(trial)}; attempt ${trial.attempts.length + 1} comes next${from}${charged}`;
  const weight = "waits" as const;
  if (!table.isLeasing)
    return { since: 0, why: `${why}; ${table.job} is ${table.state}`, change: "", commands: job.commands, weight };
  if (job.state === "waiting")
    return { since: 0, why: `${why}; ${job.why}`, change: job.change, commands: job.commands, weight };
  return { since: 0, why, change: "it goes to the next free slot that fits", commands: [], weight };
}

const resultText = ({ goal }: RunTable, { hpmax, iters }: Trial): string =>
  `${goal.name} ${hpmax === null ? "unknown" : formatDecimal(told(goal, hpmax), 5)}${iters > 0 ? ` after ${counted(iters, "iteration")}` : ""}`;

/** Why it was pruned. The reason that the job's rule gives does not name the rule, so this does. */
function prunedText(table: RunTable, { reason, iters, prunedBy }: Trial): string {
  const { pruning } = table.submitted.settings;
  const rule = prunedBy === "rule" ? `by the rule pruning: ${pruning}: ` : "";
  return `${rule}${reason}${iters > 0 ? `, after ${counted(iters, "iteration")}` : ""}`;
}

/** A worker's part in a job. */
export function whyParent(table: RunTable, parent: ParentRun): Why {
  const state = parentStatus(table, parent);
  const base = { kind: "run", name: parent.name, state, since: 0 } as const;
  if (parent.worker === null) {
    const isOver = table.isOver || table.state === "cancelled";
    const why = isOver
      ? `${table.job} ended before a worker took it`
      : `no worker has taken this part of ${table.job} yet`;
    const waits = { change: "the next worker that joins takes it", commands: [], weight: "idle" } as const;
    return isOver ? { ...base, why, ...over } : { ...base, why, ...waits };
  }
  const holds = table.holding.get(parent.worker) ?? 0;
  const why = `the part of ${parent.worker} in ${table.job}: ${parent.children} runs, ${holds} of them running`;
  if (state === "running") return { ...base, why, change: "nothing: it runs", commands: [], weight: "runs" };
  if (state === "queued")
    return {
      ...base,
      why,
      change: `${parent.worker} gets more runs when it asks: nexus why worker ${parent.worker}`,
      commands: [],
      weight: "idle",
    };
  return { ...base, why, ...over };
}
