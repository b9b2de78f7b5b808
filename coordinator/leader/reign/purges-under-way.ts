/** How many messages and pieces a purge or a deletion has deleted. */
export interface PurgeOutcome {
  readonly messages: number;
  readonly pieces: number;
}

/** What this leader is deleting, one after the other: each counts afterwards what is missing in EV. */
export class PurgesUnderWay {
  readonly #running = new Map<string, Promise<PurgeOutcome>>();
  #last: Promise<unknown> = Promise.resolve();

  of(name: string): Promise<PurgeOutcome> | undefined {
    return this.#running.get(name);
  }

  /**
   * @param name  tells what is deleted from all others: "worker mal", "job1"
   * @param work  begins when those before it have ended
   */
  start(name: string, work: () => Promise<PurgeOutcome>): Promise<PurgeOutcome> {
    const running = this.#last.then(work);
    this.#running.set(name, running);
    this.#last = running
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(name);
      });
    return running;
  }
}
