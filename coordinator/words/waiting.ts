import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { trustNeeded } from "../../shared/domain/runspec/trust-needed.ts";
import type { Status, WorkerStatus } from "../../shared/wire/messages.ts";
import { heldBy, isSilent } from "./silence.ts";

/** Why no run of a job is running, and what a person can type. */
export interface Waiting {
  readonly why: string;
  /** Commands, one a line; empty if only time helps. */
  readonly commands: readonly string[];
}

/** What printed commands need to reach this workspace. */
export interface WaitingWords {
  /** What follows `nexus-worker` on a machine that should join. */
  readonly joinLine: string;
  /** "" or " --workspace ws2 ...". */
  readonly flags: string;
}

/** Whether a run of the job could run and none does. */
export const isWaiting = (table: RunTable): boolean =>
  table.running === 0 && !table.isOver && (table.hasRoom || table.waiting.size > 0);

/** In a few words, from the journal alone; "" if the job does not wait. */
export function waitingText(table: RunTable): string {
  if (!isWaiting(table)) return "";
  const { computeTarget } = table.submitted.settings;
  return computeTarget === null ? "waiting for a worker" : `waiting for a worker that serves ${computeTarget}`;
}

/** The same with what the journal says of the workers. Only the leader knows which are connected and which pools they serve. */
export function waitingByJournal(table: RunTable, { workers }: WorkspaceState): string {
  const text = waitingText(table);
  if (text === "") return "";
  if (workers.size === 0) return `${text}: none has joined yet`;
  const all = [...workers.values()];
  return all.some(mayWork) ? text : `${text}: ${barredText(all)}`;
}

const mayWork = ({ state, duty }: WorkerRecord): boolean => state === "admitted" && duty === "working";

/** `lab-1, lab-2 are benched`, of workers that have joined and may not work. */
function barredText(workers: readonly WorkerRecord[]): string {
  const words = new Set(workers.map(({ state, duty }) => (state === "admitted" ? duty : state)));
  const [word] = words;
  return words.size === 1
    ? `${names(workers)} ${are(workers)} ${word}`
    : `none of the ${workers.length} that have joined may take runs`;
}

/** What lets them work; nothing is proposed for those that were revoked. */
function allowing(workers: readonly WorkerRecord[], flags: string): string[] {
  const ids = (of: (worker: WorkerRecord) => boolean): string =>
    workers
      .filter(of)
      .map(({ id }) => ` ${id}`)
      .join("");
  const benched = ids(({ state }) => state === "benched");
  const idle = ids(({ state, duty }) => state === "admitted" && duty !== "working");
  return [
    ...(benched === "" ? [] : [`nexus admit${benched}${flags}`]),
    ...(idle === "" ? [] : [`nexus resume${idle}${flags}`]),
  ];
}

/**
 * Why no run of the job is running, from the leader's status; null if the job does not wait.
 *
 * @param status  the newest; undefined until one is received
 */
export function whyWaiting(
  table: RunTable,
  state: WorkspaceState,
  status: Status | undefined,
  { joinLine, flags }: WaitingWords,
): Waiting | null {
  if (!isWaiting(table)) return null;
  const { computeTarget, lowPriority } = table.submitted.settings;
  const options = computeTarget === null ? "" : ` --target ${computeTarget}`;
  const join = `nexus-worker${options} ${joinLine}`.trimEnd();
  if (!status) return { why: "waiting for a coordinator that leads", commands: [`nexus-coord${flags}`] };
  const holds = heldBy(state);
  const { leaseMs } = status;
  const there = status.workers.flatMap((presence): Present[] => {
    const record = state.workers.get(presence.worker);
    const held = holds.get(presence.worker) ?? 0;
    return record && !isSilent(record, { ...presence, leaseMs, held }) ? [{ presence, record }] : [];
  });
  if (there.length === 0) {
    const known = [...state.workers.values()];
    if (known.length === 0) return { why: "waiting for a worker: no worker has joined yet", commands: [join] };
    // A benched worker may have no connection, and runs nevertheless.
    const commands = [...allowing(known, flags), join];
    const able = known.filter(mayWork).length;
    if (able === 0) return { why: `waiting for a worker: ${barredText(known)}`, commands };
    const which = able === known.length ? "have joined" : "may take runs";
    return { why: `waiting for a worker: none of the ${able} that ${which} is there`, commands };
  }
  const serving = there.filter(({ presence }) => serves(presence, computeTarget));
  if (serving.length === 0) {
    return {
      why: `waiting for a worker that serves ${computeTarget}: ${names(recordsOf(there))} ${there.length === 1 ? "does" : "do"} not`,
      commands: [join],
    };
  }
  const steady = serving.filter(({ presence }) => lowPriority || !presence.opportunistic);
  if (steady.length === 0) {
    return {
      why: `waiting for a worker that is not opportunistic (low_priority: false): ${names(recordsOf(serving))} ${are(serving)}`,
      commands: [join],
    };
  }
  const willing = steady.filter(({ presence }) => !presence.noCode || trustNeeded(table.submitted) === null);
  if (willing.length === 0) {
    return {
      why: `waiting for a worker without --no-code: ${table.job} ${trustNeeded(table.submitted)}, and ${names(recordsOf(steady))} ${are(steady)} started with it`,
      commands: [join],
    };
  }
  const working = willing.filter(({ record }) => mayWork(record));
  if (working.length === 0) {
    const admitted = willing.filter(({ record }) => record.state === "admitted");
    const barred = (admitted.length === 0 ? willing : admitted).map(({ record }) => record);
    return { why: `waiting for a worker: ${barredText(barred)}`, commands: [...allowing(barred, flags), join] };
  }
  return { why: waitingForSlots(table, working), commands: [] };
}

/** A run that needs more slots than a worker has gets the whole worker. */
function waitingForSlots(table: RunTable, working: readonly Present[]): string {
  const { coresPerRun } = table.submitted.settings;
  if (coresPerRun === 1) return `waiting for a free slot on ${names(recordsOf(working))}`;
  if (working.some(({ presence }) => presence.slots >= coresPerRun)) {
    return `waiting for ${coresPerRun} free slots (cores_per_run) on ${names(recordsOf(working))}`;
  }
  const have = working.length === 1 ? "it has" : "they have";
  return `waiting until nothing else runs on ${names(recordsOf(working))}: a run takes ${coresPerRun} slots (cores_per_run), more than ${have}`;
}

interface Present {
  readonly presence: WorkerStatus;
  readonly record: WorkerRecord;
}

const recordsOf = (workers: readonly Present[]): WorkerRecord[] => workers.map(({ record }) => record);

const serves = ({ targets }: WorkerStatus, target: string | null): boolean =>
  target === null || targets.length === 0 || targets.includes(target);

const are = (workers: readonly unknown[]): string => (workers.length === 1 ? "is" : "are");

/** `lab-1, lab-2 and 3 more`. */
function names(workers: readonly WorkerRecord[]): string {
  const shown = workers.slice(0, 3).map(({ id }) => id);
  const more = workers.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
