import { leadOf } from "../../../shared/domain/evaluation/lead.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { configurationKey } from "../../../shared/domain/hyperparameter.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { Clock } from "../../../shared/ports.ts";

/** The share of the leader's time that asking the model for a stop rule may take. */
const share = 0.02;

/** The best configuration of a search, as its stop rule sees it. */
export interface BestSoFar {
  /** Mean hpmax of its runs; NaN before any run has completed. */
  readonly mean: number;
  /** For how many completed runs in a row it has been the best. */
  readonly bestFor: number;
}

interface Known extends BestSoFar {
  readonly key: string;
  readonly version: number;
  readonly completed: number;
  /** Monotonic milliseconds before which the model is not asked again. */
  readonly nextAt: number;
}

const none: BestSoFar = { mean: Number.NaN, bestFor: 0 };

/**
 * The model's best of each job whose stop rule is about it. A model takes milliseconds, and results may come a thousand times a
 * second: so it is asked after each result only as long as that takes little of the leader's time, and otherwise now and then. A
 * leader that takes over counts the lead from the history once, and then goes on from result to result.
 */
export class BestsSoFar {
  readonly #known = new Map<JobName, Known>();
  readonly #clock: Pick<Clock, "monotonic">;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  forget(job: JobName): void {
    this.#known.delete(job);
  }

  of(table: RunTable): BestSoFar {
    const known = this.#known.get(table.job);
    const began = this.#clock.monotonic();
    const { version, totals } = table.runSets;
    if (known && (known.version === version || began < known.nextAt)) return known;
    const best = table.model.now?.best.runSet;
    if (!best) return none;
    const { completed } = totals;
    const key = configurationKey(best.configuration);
    // Fewer results than before: some were taken back.
    const goesOn = known !== undefined && completed >= known.completed;
    const led = !goesOn
      ? (leadOf(table)?.runs ?? 1)
      : known.key === key
        ? known.bestFor + completed - known.completed
        : 1;
    const nextAt = this.#clock.monotonic() + (this.#clock.monotonic() - began) / share;
    const found = { key, version, completed, nextAt, mean: best.mean, bestFor: led };
    this.#known.set(table.job, found);
    return found;
  }
}
