import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { Trial } from "../../shared/domain/fold/trial.ts";
import { configurationKey } from "../../shared/domain/hyperparameter.ts";

/** A job's trials by run set. A trial never changes its configuration, so only new trials are looked at. */
export class RunsBySet {
  #table: RunTable | undefined;
  #seen = 0;
  readonly #sets = new Map<string, Trial[]>();

  /** The runs of the run set with that `configurationKey`, newest first. */
  of(table: RunTable, key: string): readonly Trial[] {
    this.#catchUp(table);
    return this.#sets.get(key)?.toReversed() ?? [];
  }

  #catchUp(table: RunTable): void {
    if (table !== this.#table) {
      this.#table = table;
      this.#seen = 0;
      this.#sets.clear();
    }
    for (; this.#seen < table.trials.length; this.#seen += 1) {
      const trial = table.trial(this.#seen + 1);
      if (!trial) continue;
      const key = configurationKey(trial.configuration);
      const trials = this.#sets.get(key);
      if (trials) trials.push(trial);
      else this.#sets.set(key, [trial]);
    }
  }
}
