import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName, RunName, WorkerId } from "../../shared/domain/names.ts";
import type { Status } from "../../shared/wire/messages.ts";

/** A run that a worker has in hand. */
export interface Work {
  readonly job: JobName;
  readonly run: RunName;
  /** Iterations of its current stage; 0: none yet. */
  readonly iters: number;
}

/** `run1.4 12000`; of several jobs `job2/run7.1 300`. */
export function workText({ job, run, iters }: Work, isOneJob: boolean): string {
  const name = isOneJob ? run : `${job}/${run}`;
  return iters > 0 ? `${name} ${iters}` : name;
}

const none: readonly Work[] = [];

/** What each worker runs, by the leases that the leader tells: looking through all runs of all jobs would cost too much. */
export class WorkerWork {
  #of: Status | null = null;
  readonly #byWorker = new Map<WorkerId, Work[]>();

  of(worker: WorkerId, state: WorkspaceState, status: Status | null): readonly Work[] {
    if (status !== this.#of) {
      this.#of = status;
      this.#byWorker.clear();
      for (const { job, n, iters } of status?.leases ?? []) {
        // Only a glance: a trial that is handed out to keep stays in memory after its run has ended.
        const trial = state.jobs.get(job)?.trials.glance(n);
        const holder = trial?.attempts.at(-1)?.worker;
        if (!trial || holder === undefined) continue;
        const work = { job, run: trial.run, iters };
        const some = this.#byWorker.get(holder);
        if (some) some.push(work);
        else this.#byWorker.set(holder, [work]);
      }
    }
    return this.#byWorker.get(worker) ?? none;
  }
}
