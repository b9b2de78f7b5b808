import { holderOf, type Trial } from "../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../shared/domain/names.ts";
import type { Status } from "../../shared/wire/messages.ts";
import { frozenText } from "../words/why/run-why.ts";
import { nothingSeen } from "../words/why/worker-note.ts";
import { workerRows } from "../words/why/worker-rows.ts";

/** What the fold of the journal does not say of runs. */
export interface LiveRuns {
  /** Iterations of the current stage; undefined: not said. */
  iters(job: JobName, trial: Trial): number | undefined;
  /** Why a running run is frozen; "" if it is not. */
  frozen(trial: Trial): string;
  /** Why its configuration was chosen; left out, or undefined: only an open run's is known. */
  chosen?(job: JobName, n: number): string | undefined;
}

/** Used when no leader is heard. */
export const nothingLive: LiveRuns = { iters: () => undefined, frozen: () => "" };

export function liveRuns(state: WorkspaceState, status: Status, wall: number): LiveRuns {
  const leases = new Map(status.leases.map((lease) => [`${lease.job} ${lease.n}`, lease]));
  const rows = workerRows(state, { of: () => nothingSeen }, { status, statusAgeMs: 0, wall });
  const byName = new Map(rows.map((row) => [row.record.id, row]));
  return {
    iters: (job, trial) => {
      const iters = holderOf(trial) ? leases.get(`${job} ${trial.n}`)?.iters : undefined;
      return iters === 0 ? undefined : iters;
    },
    frozen: (trial) => {
      const holder = holderOf(trial);
      return holder && trial.order === "" ? frozenText(byName.get(holder.worker)) : "";
    },
  };
}
