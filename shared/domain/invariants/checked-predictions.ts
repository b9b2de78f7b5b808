import type { JournalEvent } from "../fold/events.ts";
import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { JobName } from "../names.ts";

/** Relative tolerance between two sums of the same numbers in different orders. */
const closeness = 1e-9;

/** Checks predictions: only pruned runs have one, each once, with a weight of 0 to 1, and the run sets hold the sum. */
export class CheckedPredictions {
  readonly #broken: (what: string) => void;
  readonly #jobs = new Map<JobName, { count: number; weight: number }>();

  /** @param broken  hears what is wrong with a record, in words */
  constructor(broken: (what: string) => void) {
    this.#broken = broken;
  }

  /** Reads the next record of the journal. */
  event(event: JournalEvent): void {
    if (event.type === "job-deleted") this.#jobs.delete(event.job);
    if (event.type !== "ended" || !event.predicted) return;
    const { job, n, outcome, predicted } = event;
    const { hpmax, weight } = predicted;
    if (outcome !== "pruned") this.#broken(`${job} trial ${n}: a prediction, but the run was ${outcome}, not pruned`);
    else if (!Number.isFinite(hpmax) || !(weight >= 0 && weight <= 1))
      this.#broken(`${job} trial ${n}: predicted hpmax ${hpmax} with weight ${weight}; expected a number, and 0 to 1`);
    const sum = this.#jobs.get(job) ?? { count: 0, weight: 0 };
    this.#jobs.set(job, { count: sum.count + 1, weight: sum.weight + weight });
  }

  compare(state: WorkspaceState): void {
    for (const [job, { count, weight }] of this.#jobs) {
      const table = state.jobs.get(job);
      if (!table) continue; // said elsewhere
      if (table.predictions.length !== count)
        this.#broken(`${job}: ${table.predictions.length} predictions in the fold, ${count} by the records`);
      let folded = 0;
      for (const { predictedWeight } of table.runSets) folded += predictedWeight;
      if (Math.abs(folded - weight) > closeness * (1 + weight))
        this.#broken(`${job}: predictions weigh ${folded} in the run sets, ${weight} by the records`);
    }
  }
}
