import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { priorBeliefs } from "../../../shared/domain/model/kernel.ts";
import { isLearningDue } from "../../../shared/domain/model/search-model.ts";
import { spaceSize } from "../../../shared/domain/search/space.ts";
import type { Reign } from "../reign/reign.ts";

/**
 * Learns how far results resemble each other, and how noisy they are, each time the number of results has grown by a
 * quarter. It is journalled, so that the leader, its successors and all views name the same configuration as the best.
 */
export function learnIfDue(reign: Reign, table: RunTable): void {
  const { completed } = table.runSets.totals;
  if (!isLearningDue(completed, table.model.learned) || spaceSize(table.submitted.hyperparameters) === 1n) return;
  const learned = table.model.now?.learned(table.model.learned, completed);
  if (learned) void reign.record({ type: "learned", job: table.job, ...learned });
}

/** Learns afresh from the results that count now: what was learned before may rest on a forged result. */
export function learnAnew(reign: Reign, { job, model, runSets, submitted }: RunTable): void {
  if (!model.learned) return;
  const { completed } = runSets.totals;
  const untaught = { beliefs: priorBeliefs(submitted.hyperparameters.length), results: 0 };
  void reign.record({ type: "learned", job, ...(model.now?.learned(undefined, completed) ?? untaught) });
}

/** The least time between two jobs of earlier versions, so that they take a small share of the leader's. */
const betweenMs = 5000;

/**
 * Learns about jobs of earlier versions, of which no record says what was learned. Without such a record, everybody who
 * lists jobs would have to learn, for a tenth of a second per job.
 */
export class CatchingUp {
  readonly #reign: Reign;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(reign: Reign) {
    this.#reign = reign;
  }

  /** Called by the clock; `now` in monotonic milliseconds. */
  tick(now: number): void {
    if (now < this.#nextAt) return;
    for (const table of this.#reign.state.jobs.values()) {
      if (table.model.learned) continue;
      learnIfDue(this.#reign, table);
      if (!table.model.learned) continue;
      this.#nextAt = now + betweenMs;
      return;
    }
  }
}
