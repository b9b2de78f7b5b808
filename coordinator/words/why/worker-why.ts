import { counted } from "../../../shared/domain/counted.ts";
import { inUse, openJobs } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { LeaseStatus, Status } from "../../../shared/wire/messages.ts";
import { duration } from "../duration.ts";
import { isOverdue } from "../silence.ts";
import { whyIdle } from "./idle.ts";
import { fewOf, heldBack, type Weight, type Why } from "./why.ts";
import { startAgain, type WorkerRow, type WorkerState } from "./worker-rows.ts";

/** The open runs that each worker holds. */
export function runsByWorker(state: WorkspaceState): Map<WorkerId, { table: RunTable; trial: Trial }[]> {
  const held = new Map<WorkerId, { table: RunTable; trial: Trial }[]>();
  for (const table of openJobs(state)) {
    for (const trial of table.trials.open()) {
      const worker = holderOf(trial)?.worker;
      if (worker === undefined) continue;
      const some = held.get(worker);
      if (some) some.push({ table, trial });
      else held.set(worker, [{ table, trial }]);
    }
  }
  return held;
}

export interface WorkerContext {
  readonly state: WorkspaceState;
  readonly status: Status | null;
  readonly held: ReadonlyMap<WorkerId, readonly { readonly table: RunTable; readonly trial: Trial }[]>;
  /** Wall clock of the machine that shows it. */
  readonly wall: number;
  /** What the leader says of a run that a worker holds. */
  leaseOf(table: RunTable, trial: Trial): LeaseStatus | undefined;
  /** Of the program that asks; a worker of another version is named. */
  readonly version: string;
}

const weightOf: Readonly<Record<WorkerState, Weight>> = {
  busy: "runs",
  idle: "idle",
  "owner active": "waits",
  "not lending": "idle",
  paused: "waits",
  draining: "waits",
  stopped: "waits",
  benched: "sick",
  revoked: "over",
  lost: "sick",
  left: "idle",
  away: "idle",
};

/** Why a worker does what it does. */
export function whyWorker(row: WorkerRow, context: WorkerContext): Why {
  const { record, state, since, change, commands } = row;
  const { leaseMs } = context.status ?? {};
  if (state === "busy" && leaseMs !== undefined && isOverdue(row.silentMs, leaseMs)) {
    const why = `not heard from for ${duration(row.silentMs ?? 0)}; ${busyText(row, context)}`;
    const change = `its runs go to others after ${duration(leaseMs)} of silence; ${startAgain(record)}`;
    return { kind: "worker", name: record.id, state, since, why, change, commands: [], weight: "waits" };
  }
  const why = state === "busy" ? busyText(row, context) : row.why;
  const idle = state === "busy" ? endsNothing(row, context) : "";
  const noted = [why, idle, ...heldText(row, context), ...remarks(row, context)].filter((part) => part !== "");
  const of = { kind: "worker", name: record.id, state, since, why: noted.join("; ") } as const;
  if (idle === "") return { ...of, change, commands, weight: weightOf[state] };
  const commands_ = [`nexus bench ${record.id}`];
  return {
    ...of,
    change: "nothing, if its runs report only at their end; otherwise",
    commands: commands_,
    weight: "sick",
  };
}

/** This many runs without a sign of work, for this long, are worth a look ... */
const manyRuns = 8;
const longMs = 30 * 60_000;

/** ... of a worker that has never ended one. "" if there is nothing to say. */
function endsNothing({ record, held }: WorkerRow, { held: all, wall, leaseOf }: WorkerContext): string {
  const { completed, failed, rejected, id } = record;
  if (held < manyRuns || completed + failed + rejected > 0) return "";
  const runs = all.get(id) ?? [];
  const isSilent = ({ table, trial }: (typeof runs)[number]): boolean =>
    leaseOf(table, trial)?.iters === 0 && trial.checkpoint === null;
  if (!runs.every(isSilent)) return "";
  const long = runs.filter(({ trial }) => wall - lastAttempt(trial).at >= longMs).length;
  if (long < manyRuns) return "";
  return `it has never ended a run, none of its ${held} has got anywhere, and it holds ${long} of them for more than ${duration(longMs)}`;
}

/** `run1.4, run1.7 of job1, 2 of 4 slots`, and why the other slots are free. */
function busyText({ record, held, slots }: WorkerRow, { state, status, held: all }: WorkerContext): string {
  const runs = all.get(record.id) ?? [];
  const jobs = [...new Set(runs.map(({ table }) => table))];
  const names = jobs.map((table) => {
    const of = runs.filter((each) => each.table === table).map(({ trial }) => trial.run);
    return `${fewOf(of)} of ${table.job}`;
  });
  const paused = runs.filter(({ trial }) => trial.order === "paused").length;
  const some = paused === 0 ? "" : `, ${paused === held ? "paused" : `${paused} of them paused`} by an operator`;
  if (slots === undefined) return `${names.join(" and ")}${some}`;
  const { cores } = inUse(openJobs(state), record.id);
  const says = status?.workers.find(({ worker }) => worker === record.id);
  const free = slots - cores;
  const why =
    free > 0 && says ? `; ${counted(free, "slot is", "slots are")} free: ${whyIdle(state, record, says).why}` : "";
  return `${names.join(" and ")}${some}, ${Math.min(cores, slots)} of ${counted(slots, "slot")}${why}`;
}

/** The runs that it still holds though it does not work. */
function heldText({ record, state, held }: WorkerRow, { held: all }: WorkerContext): string[] {
  if (held === 0 || state === "busy") return [];
  const names = fewOf((all.get(record.id) ?? []).map(({ trial }) => trial.run));
  if (state === "owner active") return [`${names} ${held === 1 ? "is" : "are"} frozen until then`];
  return state === "paused" || state === "draining"
    ? [`${names} ${held === 1 ? "goes" : "go"} on`]
    : [`it holds ${names}`];
}

/** What is odd about it, whatever it does. */
function remarks({ held, version, skewMs }: WorkerRow, context: WorkerContext): string[] {
  const isOther = version !== undefined && version !== context.version;
  const ahead = skewMs !== undefined && skewMs > 0 ? "ahead" : "behind";
  return [
    ...(held > 0 ? heldBack(context.status) : []),
    ...(isOther ? [`its version is ${version}, here is ${context.version}`] : []),
    ...(skewMs === undefined ? [] : [`its clock is ${duration(Math.abs(skewMs))} ${ahead}`]),
  ];
}
