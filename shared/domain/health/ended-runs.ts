import { lossOutcomes } from "../fold/events.ts";
import { resultBy } from "../fold/trial.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { JobName, WorkerId } from "../names.ts";

/** Most trials looked at, newest first: only recent ones tell a machine's health, and a million take a second. */
export const mostTrials = 20_000;

/** What a completed run says about its machine. */
export interface EndedRun {
  readonly worker: WorkerId;
  readonly job: JobName;
  /** Its run set: runs of one configuration share the number, those of other jobs do not. */
  readonly set: number;
  readonly hpmax: number;
  /** Seconds for each iteration; NaN if the run took several attempts, or reports no iterations. */
  readonly pace: number;
}

/** How a worker's stays with trials ended, in counts. */
export interface Stays {
  /** All that have ended. */
  ended: number;
  /** By its fault: it fell silent, or its runner died. */
  lost: number;
  /** The run failed. */
  failed: number;
}

/**
 * What has ended among the newest `most` trials: newest jobs first, each from its last trial to its first.
 *
 * @returns runs in the order in which each job assigned them
 */
export function endedRuns(
  { jobs }: WorkspaceState,
  most = mostTrials,
): { readonly runs: readonly EndedRun[]; readonly stays: ReadonlyMap<WorkerId, Stays> } {
  const newestFirst: EndedRun[] = [];
  const stays = new Map<WorkerId, Stays>();
  const staysOf = (worker: WorkerId): Stays => {
    let found = stays.get(worker);
    if (!found) {
      found = { ended: 0, lost: 0, failed: 0 };
      stays.set(worker, found);
    }
    return found;
  };
  let left = most;
  let firstSet = 0;
  for (const table of [...jobs.values()].reverse()) {
    let highest = -1;
    for (let n = table.trials.length; n >= 1 && left > 0; n -= 1, left -= 1) {
      const trial = table.trials.glance(n);
      if (!trial) continue;
      const isOver = trial.status !== "running" && trial.status !== "waiting";
      for (const [i, { worker, end, cause }] of trial.attempts.entries()) {
        const isLast = i === trial.attempts.length - 1;
        if (end === "" && !(isOver && isLast)) continue;
        const found = staysOf(worker);
        found.ended += 1;
        if (cause && lossOutcomes[cause] === "lost") found.lost += 1;
        if (end === "" && trial.status === "failed") found.failed += 1;
      }
      if (trial.hpmax === null || !Number.isFinite(trial.hpmax)) continue;
      const set = table.trials.runSetOf(n);
      highest = Math.max(highest, set);
      const [only] = trial.attempts;
      const seconds = only && trial.attempts.length === 1 ? (trial.endedAt - only.at) / 1000 : Number.NaN;
      const pace = trial.iters > 0 && seconds > 0 ? seconds / trial.iters : Number.NaN;
      newestFirst.push({ worker: resultBy(trial), job: table.job, set: firstSet + set, hpmax: trial.hpmax, pace });
    }
    firstSet += highest + 1;
    if (left === 0) break;
  }
  return { runs: newestFirst.reverse(), stays };
}
