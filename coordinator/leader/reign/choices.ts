import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { searchView } from "../../../shared/domain/fold/search-view.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { ChoiceQueue } from "../../../shared/domain/search/choice-queue.ts";
import type { Choice } from "../../../shared/domain/search/search.ts";
import { createSearch } from "../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../shared/domain/seeds.ts";
import type { Clock } from "../../../shared/ports.ts";

/** The share of the leader's time that planning may take: where results come fast, plans are made less often. */
const share = 0.05;

interface Planned {
  readonly queue: ChoiceQueue;
  /** Monotonic milliseconds before which no other plan is made. */
  nextAt: number;
}

/** What the searches of a reign choose: made ahead after results, taken when a worker asks. */
export class Choices {
  readonly #jobs = new Map<JobName, Planned>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next choice of the job, which is its trial `n`; null if nothing is left to try. */
  next(table: RunTable, n: number): Choice | null {
    const { queue } = this.#of(table);
    // What the leader before had planned was lost with it.
    if (queue.isNew) this.ended(table);
    return queue.next(searchView(table), n, choiceRng(table.submitted.seed, n));
  }

  /** A run of the job has ended: makes a plan if one is due. */
  ended(table: RunTable): void {
    if (!table.hasRoom) return;
    const view = searchView(table);
    const planned = this.#of(table);
    if (!planned.queue.isDue(view)) return;
    const began = this.#clock.monotonic();
    if (began < planned.nextAt) return;
    planned.queue.plan(view, planRng(table.submitted.seed, view.runSets.totals.ended));
    const took = this.#clock.monotonic() - began;
    planned.nextAt = began + took / share;
  }

  /** Other results count than before: what was planned rested on them. */
  judged(table: RunTable): void {
    this.#jobs.get(table.job)?.queue.forget();
    this.ended(table);
  }

  /** The job is over. */
  forget(job: JobName): void {
    this.#jobs.delete(job);
  }

  /** Jobs of which anything is kept. */
  get size(): number {
    return this.#jobs.size;
  }

  #of(table: RunTable): Planned {
    let planned = this.#jobs.get(table.job);
    if (!planned) {
      const { hpTuning, dgd } = table.submitted.settings;
      planned = { queue: new ChoiceQueue(createSearch(hpTuning, { dgd })), nextAt: 0 };
      this.#jobs.set(table.job, planned);
    }
    return planned;
  }
}
