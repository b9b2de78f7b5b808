import type { WorkerId } from "../../../shared/domain/names.ts";

/** What a purge deleted. */
export interface PurgeOutcome {
  readonly messages: number;
  readonly pieces: number;
}

/** The purges that this leader carries out, one after the other: each counts what is missing in EV behind it. */
export class PurgesUnderWay {
  readonly #running = new Map<WorkerId, Promise<PurgeOutcome>>();
  #last: Promise<unknown> = Promise.resolve();

  of(worker: WorkerId): Promise<PurgeOutcome> | undefined {
    return this.#running.get(worker);
  }

  /** @param work  begins when those before it have ended */
  start(worker: WorkerId, work: () => Promise<PurgeOutcome>): Promise<PurgeOutcome> {
    const running = this.#last.then(work);
    this.#running.set(worker, running);
    this.#last = running
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(worker);
      });
    return running;
  }
}
