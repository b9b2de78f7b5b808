import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { Clock } from "../../../shared/ports.ts";

/**
 * Milliseconds since a job was submitted. The journal has the wall-clock time, perhaps of another coordinator's clock. After
 * the first look the monotonic clock counts, so setting the wall clock ends no job.
 */
export class JobAges {
  readonly #clock: Pick<Clock, "monotonic" | "wall">;
  readonly #firstLooks = new WeakMap<RunTable, { readonly age: number; readonly at: number }>();

  constructor(clock: Pick<Clock, "monotonic" | "wall">) {
    this.#clock = clock;
  }

  of(table: RunTable): number {
    const now = this.#clock.monotonic();
    let first = this.#firstLooks.get(table);
    if (!first) {
      first = { age: Math.max(0, this.#clock.wall() - table.submitted.at), at: now };
      this.#firstLooks.set(table, first);
    }
    return first.age + now - first.at;
  }
}
