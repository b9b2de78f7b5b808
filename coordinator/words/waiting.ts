import { beyondEarlier, unfitFor, unfitMinutes } from "../../shared/domain/fitting.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { type GpuNeed, gpuNeed, needText } from "../../shared/domain/gpu-shares.ts";
import { trustNeeded } from "../../shared/domain/runspec/trust-needed.ts";
import type { Status, WorkerStatus } from "../../shared/wire/messages.ts";
import { heldByWorker, isSilent } from "./silence.ts";

/** Most workers whose reasons are told. */
const mostReasons = 3;

/** Why no run of a job is running, and what a person can type. */
export interface Waiting {
  readonly why: string;
  /** Commands, one a line; empty if only time helps. */
  readonly commands: readonly string[];
  /** What else to do, or to do instead, in words that precede the commands; left out: the commands say it all. */
  readonly change?: string;
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
  const wanted = gpuNeed(table.submitted.settings) ? " with a free GPU" : "";
  return `waiting for a worker${computeTarget === null ? "" : ` that serves ${computeTarget}`}${wanted}`;
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

/** `lab-1, lab-2 are benched`, for workers that have joined and may not work. */
function barredText(workers: readonly WorkerRecord[]): string {
  const words = new Set(workers.map(({ state, duty }) => (state === "admitted" ? duty : state)));
  const [word] = words;
  return words.size === 1
    ? `${names(workers)} ${are(workers)} ${word}`
    : `none of the ${workers.length} that have joined may take runs`;
}

/** Commands that let workers work again; nothing is proposed for revoked ones. */
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
  const holds = heldByWorker(state);
  const { leaseMs } = status;
  const there = status.workers.flatMap((presence): Present[] => {
    const record = state.workers.get(presence.worker);
    const held = holds.get(presence.worker) ?? 0;
    return record && !isSilent(record, { ...presence, leaseMs, held }) ? [{ presence, record }] : [];
  });
  if (there.length === 0) {
    const known = [...state.workers.values()];
    if (known.length === 0) return { why: "waiting for a worker: no worker has joined yet", commands: [join] };
    // A benched worker may be running without a connection.
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
  const beyond = beyondEarlier(table.submitted);
  const fetching = willing.filter(({ presence }) => presence.fetches || beyond === null);
  if (fetching.length === 0) {
    return {
      why: `waiting for a worker of this version: ${table.job} ${beyond}, which ${names(recordsOf(willing))} cannot handle: ${willing.length === 1 ? "its version is" : "their versions are"} older`,
      commands: [join],
    };
  }
  const fit = fetching.filter(({ presence }) => unfitFor(presence, table.job) === null);
  if (fit.length === 0) {
    const reasons = fetching.map(({ presence }) => `${presence.worker}: ${unfitFor(presence, table.job)}`);
    return {
      why: `waiting for a worker that can run it; ${reasons.slice(0, mostReasons).join("; ")}`,
      change: `fix it on that machine (it retries within ${unfitMinutes} minutes) or in the spec, or add another machine`,
      commands: [join],
    };
  }
  const working = fit.filter(({ record }) => mayWork(record));
  if (working.length === 0) {
    const admitted = willing.filter(({ record }) => record.state === "admitted");
    const barred = (admitted.length === 0 ? willing : admitted).map(({ record }) => record);
    return { why: `waiting for a worker: ${barredText(barred)}`, commands: [...allowing(barred, flags), join] };
  }
  const lending = working.filter(({ presence }) => !presence.lending || presence.lending === "open");
  if (lending.length === 0) return { why: `waiting for a worker: ${ownersText(working)}`, commands: [join] };
  const need = gpuNeed(table.submitted.settings);
  const equipped = need ? lending.filter(({ presence }) => (presence.gpus ?? 0) >= need.gpus) : lending;
  if (need && equipped.length === 0) return { why: withoutGpus(table, need, lending), commands: [join] };
  return { why: whoHasThem(waitingForSlots(table, equipped), table, state, equipped), commands: [] };
}

function withoutGpus({ job }: RunTable, need: GpuNeed, working: readonly Present[]): string {
  const most = Math.max(...working.map(({ presence }) => presence.gpus ?? 0));
  const lend = most === 0 ? "lend none" : `lend at most ${most}`;
  const lends = most === 0 ? "lends none" : `lends ${most}`;
  const who = `${names(recordsOf(working))} ${working.length === 1 ? lends : lend}`;
  return `waiting for a worker with a free GPU: a run of ${job} takes ${needText(need)} (gpus_per_run), and ${who}`;
}

/** `lab-1 does not lend now (somebody types at pts/3), and lends again after 5 min without a sign of use`. */
function ownersText(workers: readonly Present[]): string {
  const [only] = workers;
  if (!only || workers.length > 1) return `the owners of ${names(recordsOf(workers))} do not lend now`;
  const { lendingWhy, lendingUntil } = only.presence;
  const why = lendingWhy ? ` (${lendingWhy})` : "";
  return `${only.record.id} does not lend now${why}${lendingUntil ? `, and lends again ${lendingUntil}` : ""}`;
}

/** What a job waits for. */
interface Lacking {
  readonly why: string;
  /** Whether the sentence ends with the workers, so that a clause about them may follow. */
  readonly isListLast: boolean;
}

/** A run that needs more slots than a worker has gets the whole worker. */
function waitingForSlots(table: RunTable, working: readonly Present[]): Lacking {
  const { coresPerRun, hpTuning } = table.submitted.settings;
  if (hpTuning === "own" && table.waiting.size === 0)
    return onThese("waiting for its own search to choose, or for a free slot", working);
  const need = gpuNeed(table.submitted.settings);
  if (need && coresPerRun === 1)
    return {
      why: `waiting for a worker with a free GPU: a run takes ${needText(need)} (gpus_per_run), and all of ${names(recordsOf(working))} are taken`,
      isListLast: false,
    };
  if (coresPerRun === 1) return onThese("waiting for a free slot", working);
  if (working.some(({ presence }) => presence.slots >= coresPerRun))
    return onThese(`waiting for ${coresPerRun} free slots (cores_per_run)`, working);
  const have = working.length === 1 ? "it has" : "they have";
  return {
    why: `waiting until nothing else runs on ${names(recordsOf(working))}: a run takes ${coresPerRun} slots (cores_per_run), more than ${have}`,
    isListLast: false,
  };
}

const onThese = (what: string, workers: readonly Present[]): Lacking => ({
  why: `${what} on ${names(recordsOf(workers))}`,
  isListLast: true,
});

/** Adds which other jobs hold the workers that a job waits for. */
function whoHasThem(
  { why, isListLast }: Lacking,
  { job }: RunTable,
  { jobs }: WorkspaceState,
  working: readonly Present[],
): string {
  const others = [...jobs.values()].filter((other) => other.job !== job && !other.isOver && other.holding.size > 0);
  const busy = recordsOf(working).filter(({ id }) => others.some(({ holding }) => holding.has(id)));
  if (busy.length === 0) return why;
  const theirs = others.filter(({ holding }) => busy.some(({ id }) => holding.has(id))).map((other) => other.job);
  const has = `busy with ${theirs.length > 3 ? `${theirs.length} other jobs` : theirs.join(" and ")}`;
  if (busy.length === working.length && isListLast) return `${why}, which ${are(busy)} ${has}`;
  return `${why}: ${busy.length > 3 ? `${busy.length} workers` : names(busy)} ${are(busy)} ${has}`;
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
