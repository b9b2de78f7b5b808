import type { JournalEvent } from "../../../shared/domain/fold/events.ts";
import type { JobName } from "../../../shared/domain/names.ts";

/** An order as the journal has it: who gave it, and when by the journal's wall clock. */
export interface OrderSeen {
  readonly by: string;
  readonly at: number;
}

/** When jobs came into their states, and who paused runs: the fold keeps no times. */
export class OrdersSeen {
  readonly #jobs = new Map<JobName, number>();
  readonly #paused = new Map<string, OrderSeen>();

  event(event: JournalEvent): void {
    const isOpened = event.type === "job-edited" && event.opens !== undefined;
    if (event.type === "job-state" || isOpened) this.#jobs.set(event.job, event.at);
    if (event.type !== "runs-ordered") return;
    for (const n of event.trials) {
      if (event.order === "paused") this.#paused.set(`${event.job} ${n}`, { by: event.by, at: event.at });
      else this.#paused.delete(`${event.job} ${n}`);
    }
  }

  /** Wall clock; 0: not seen. */
  ofJob(job: JobName): number {
    return this.#jobs.get(job) ?? 0;
  }

  ofRun(job: JobName, n: number): OrderSeen | undefined {
    return this.#paused.get(`${job} ${n}`);
  }
}
