import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { JobName } from "../../shared/domain/names.ts";

/** Choices remembered, over all jobs: some megabytes. For older ones, only the journal says why. */
const most = 20_000;

/** Why configurations were chosen. The fold forgets this when a run ends: a million reasons would not fit. */
export class ChoicesSeen {
  readonly #whys = new Map<string, string>();
  readonly #most: number;

  constructor(mostKept = most) {
    this.#most = mostKept;
  }

  event(event: JournalEvent): void {
    // Later attempts only say why the run was started again.
    if (event.type !== "assigned" || event.attempt > 1) return;
    this.#whys.set(key(event.job, event.n), event.why);
    if (this.#whys.size <= 1.1 * this.#most) return;
    for (const oldest of this.#whys.keys()) {
      if (this.#whys.size <= this.#most) break;
      this.#whys.delete(oldest);
    }
  }

  /** "" if nothing says why; undefined if it is not remembered. */
  of(job: JobName, n: number): string | undefined {
    return this.#whys.get(key(job, n));
  }
}

const key = (job: JobName, n: number): string => `${job} ${n}`;
