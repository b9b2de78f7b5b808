import { counted } from "./counted.ts";
import type { RunTable } from "./fold/run-table.ts";
import type { WorkspaceState } from "./fold/workspace-state.ts";
import { gpuNeed, gpusFor, gpusTaken, isRoomFor, needText } from "./gpu-shares.ts";
import type { JobName, WorkerId } from "./names.ts";
import { trustNeeded } from "./runspec/trust-needed.ts";

/** What a worker says about the trials that it can take. */
export interface WhatItTakes {
  /** Pools that it serves; empty: all. */
  readonly targets: readonly string[];
  readonly opportunistic: boolean;
  readonly slots: number;
  readonly noCode: boolean;
  /** It fetches what jobs bring along in pieces; earlier versions do not. */
  readonly fetches?: boolean | null | undefined;
  /** Jobs that it cannot run, and why. */
  readonly unfit?: readonly { readonly job: JobName; readonly why: string }[] | null | undefined;
  /** GPUs that it lends; left out, or null: none. */
  readonly gpus?: number | null | undefined;
  /** The free part of each of them, if the worker says so. */
  readonly gpusFree?: readonly number[] | undefined;
}

export const openJobs = ({ jobs }: WorkspaceState): RunTable[] => [...jobs.values()].filter((table) => !table.isOver);

/** What a worker's runs of all jobs take together. */
export interface InUse {
  /** Slots: `cores_per_run` each. */
  readonly cores: number;
  /** `gpus_per_run` each, or the parts that `runs_per_gpu` makes. */
  readonly gpus: number;
}

export function inUse(open: readonly RunTable[], worker: WorkerId): InUse {
  let cores = 0;
  let gpus = 0;
  for (const { holding, submitted } of open) {
    const runs = holding.get(worker) ?? 0;
    if (runs === 0) continue;
    cores += runs * submitted.settings.coresPerRun;
    gpus += gpusTaken(gpuNeed(submitted.settings), runs);
  }
  return { cores, gpus };
}

/** Why something does not run, and what would change it. */
export interface Hindrance {
  readonly why: string;
  /** In words: what happens by itself, or what to do on the worker's machine; "" if the commands say it all. */
  readonly change: string;
  /** What to type; any of them helps. */
  readonly commands: readonly string[];
}

const hindrance = (why: string, change: string, ...commands: readonly string[]): Hindrance => ({
  why,
  change,
  commands,
});

/** What keeps this worker from taking any trial of this job, whatever both have now; null if nothing does. GPUs apart. */
function inability(table: RunTable, worker: WorkerId, claim: WhatItTakes): Hindrance | null {
  const { job, submitted } = table;
  const { computeTarget, lowPriority } = submitted.settings;
  if (computeTarget !== null && claim.targets.length > 0 && !claim.targets.includes(computeTarget)) {
    const targets = claim.targets.join(", ");
    return hindrance(
      `${job} is for the target "${computeTarget}", and ${worker} serves ${targets}`,
      `start ${worker} with --target ${[...claim.targets, computeTarget].join(",")}`,
    );
  }
  const needed = claim.noCode ? trustNeeded(submitted) : null;
  if (needed !== null)
    return hindrance(`${job} ${needed}, and ${worker} takes none (--no-code)`, `start ${worker} without --no-code`);
  const beyond = beyondEarlier(submitted);
  if (beyond !== null && claim.fetches !== true)
    return hindrance(
      `${job} ${beyond}, which ${worker}, of an earlier version, cannot`,
      `install this coordinator's version of nexus-swarm on ${worker}`,
    );
  const unfit = unfitFor(claim, job);
  if (unfit !== null)
    return hindrance(
      `${worker} cannot run ${job}: ${unfit}`,
      `it tries again within ${unfitMinutes} minutes, and at once when it is started anew`,
    );
  if (!lowPriority && claim.opportunistic) {
    return hindrance(
      `${job} has low_priority: false, and ${worker} is opportunistic`,
      `start ${worker} without --opportunistic`,
    );
  }
  return null;
}

/** Whether this worker may take trials of this job, whatever both have now. */
export function mayEverTake(table: RunTable, worker: WorkerId, claim: WhatItTakes): boolean {
  const need = gpuNeed(table.submitted.settings);
  return inability(table, worker, claim) === null && (need === null || (claim.gpus ?? 0) >= need.gpus);
}

/**
 * What keeps this worker from taking a trial of this job; null if nothing does.
 *
 * @param taken  what its runs take already (`inUse`)
 */
export function obstacle(table: RunTable, worker: WorkerId, claim: WhatItTakes, taken: InUse): Hindrance | null {
  const unable = inability(table, worker, claim);
  if (unable !== null) return unable;
  const { job, submitted, holding } = table;
  const { computeNodes, runsPerNode, coresPerRun } = submitted.settings;
  const holds = holding.get(worker) ?? 0;
  if (holds === 0 && computeNodes !== null && holding.size >= computeNodes) {
    return hindrance(
      `${job} runs on its ${counted(computeNodes, "node")} already (compute_nodes)`,
      "",
      `nexus edit ${job} --compute-nodes ${computeNodes + 1}`,
    );
  }
  // compute_nodes was lowered: the workers that came last get nothing more, and leave as their runs end.
  if (computeNodes !== null && holding.size > computeNodes && rankOf(table, worker) >= computeNodes) {
    return hindrance(
      `${job} runs on more nodes than its ${computeNodes} (compute_nodes), and ${worker} came last`,
      "",
      `nexus edit ${job} --compute-nodes ${holding.size}`,
    );
  }
  if (runsPerNode !== null && holds >= runsPerNode) {
    return hindrance(
      `${worker} has its ${counted(runsPerNode, "run")} of ${job} (runs_per_node)`,
      "",
      `nexus edit ${job} --runs-per-node ${runsPerNode + 1}`,
    );
  }
  // A run that needs more slots than the worker has runs there alone.
  if (taken.cores > 0 && taken.cores + coresPerRun > claim.slots) {
    return hindrance(
      `${worker} has ${claim.slots} slots, of which ${taken.cores} are taken, and a run of ${job} takes ${coresPerRun} (cores_per_run)`,
      "it gets one when enough slots are free",
    );
  }
  return gpuObstacle(table, worker, claim, taken.gpus);
}

/** What earlier versions of workers cannot do for a job; completes "job1 ..."; null: nothing. */
export function beyondEarlier({ largeCode, inputs, settings }: RunTable["submitted"]): string | null {
  if (largeCode || inputs) return "brings code or data in pieces";
  // A job of an earlier version has no such settings.
  const { setup = [], python = null } = settings as Partial<typeof settings>;
  return setup.length > 0 || python !== null ? "wants a setup" : null;
}

/** For this many minutes a worker gets no runs of a job that it could not run. */
export const unfitMinutes = 10;

/** Why a worker cannot run a job, as it said; null if it said no such thing. */
export const unfitFor = ({ unfit }: Pick<WhatItTakes, "unfit">, job: JobName): string | null =>
  unfit?.find((each) => each.job === job)?.why ?? null;

/**
 * The obstacle if the worker lacks free GPUs for a run; null if it does not. The worker says which parts of its GPUs
 * are free, since only it knows which run has which; the journal knows the runs assigned since.
 */
function gpuObstacle(table: RunTable, worker: WorkerId, claim: WhatItTakes, taken: number): Hindrance | null {
  const need = gpuNeed(table.submitted.settings);
  if (need === null) return null;
  const { gpusFree } = claim;
  const lent = claim.gpus ?? 0;
  const takes = `a run of ${table.job} takes ${needText(need)} (gpus_per_run)`;
  if (lent < need.gpus) {
    const lends = `${takes}, and ${worker} lends ${lent === 0 ? "none" : lent}`;
    return hindrance(lends, `if it has ${need.gpus === 1 ? "one" : "as many"}, start ${worker} with --gpus all`);
  }
  const isFree = isRoomFor(need, taken, lent) && (gpusFree === undefined || gpusFor(need, gpusFree) !== null);
  if (isFree) return null;
  return hindrance(`${takes}, and ${worker} has none free: it lends ${lent}`, "it gets one when a GPU is free");
}

/** Why a worker gets nothing now, for people. */
export function whyNothing(state: WorkspaceState, worker: WorkerId, claim: WhatItTakes): string {
  if (openJobs(state).length === 0) return "no job is open; start one: nexus run spec.yaml";
  return nothingNow(state, worker, claim)
    .map(({ why }) => why)
    .join("; ");
}

/** Maximum number of jobs named to a worker that gets nothing. */
const mostJobs = 5;

/** Why a worker gets nothing now, by job (the first `mostJobs`), and what would change it; never empty. */
export function nothingNow(state: WorkspaceState, worker: WorkerId, claim: WhatItTakes): Hindrance[] {
  const jobs = openJobs(state);
  if (jobs.length === 0) return [hindrance("no job is open", "to start one", "nexus run spec.yaml")];
  const taken = inUse(jobs, worker);
  return jobs
    .slice(0, mostJobs)
    .map((table) => obstacle(table, worker, claim, taken) ?? nothingToGive(table) ?? aboutToGive(table));
}

/** Why a job that a worker may work for gives out no trial; null if it has one to give. */
function nothingToGive(table: RunTable): Hindrance | null {
  const { job, state, reason, pauseWords, submitted, open, paused } = table;
  if (table.hasRoom || table.nextWaiting()) return null;
  if (state !== "searching") {
    const isOrdered = state === "paused" || state === "draining" || state === "stopping";
    // Short, because several jobs may be listed; `nexus why` of the job gives the details.
    return hindrance(
      `${job} is ${state}: ${pauseWords?.rule ?? reason}`,
      "",
      ...(isOrdered ? [`nexus resume ${job}`] : []),
    );
  }
  const some = paused.size > 0 ? `, ${paused.size} of them paused` : "";
  const { totalRuns } = submitted.settings;
  return hindrance(
    `${job} has started all its ${totalRuns} runs, ${open} still open${some}`,
    "it gets runs of the next job",
    ...(paused.size > 0 ? [`nexus resume ${job}`] : []),
  );
}

function aboutToGive(table: RunTable): Hindrance {
  const { job, submitted } = table;
  if (submitted.settings.hpTuning === "own" && !table.nextWaiting())
    return hindrance(`${job} waits for its own search, which has not chosen yet`, "it gets a run when that has chosen");
  return hindrance(`${job} has runs for it`, "it asks for one within seconds");
}

/** A worker's place among those that hold runs of the job: from 0, in the order in which they began to. */
function rankOf(table: RunTable, worker: WorkerId): number {
  let rank = 0;
  for (const holder of table.holding.keys()) {
    if (holder === worker) break;
    rank += 1;
  }
  return rank;
}
