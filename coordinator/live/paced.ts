import type { RunTable } from "../../shared/domain/fold/run-table.ts";

/** What is made for a view may cost this share of the time. */
const share = 0.02;

/** Something that follows from a job's completed runs: made anew when there are more of them, and not so often that a view stands still. */
export class Paced<Value> {
  readonly #make: (table: RunTable) => Value;
  #known: { readonly table: RunTable; readonly completed: number; readonly value: Value } | undefined;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(make: (table: RunTable) => Value) {
    this.#make = make;
  }

  /** @param now  milliseconds of the caller's clock, whichever it is */
  of(table: RunTable, now: number): Value {
    const { completed } = table.runSets.totals;
    const known = this.#known;
    if (known?.table === table && (known.completed === completed || now < this.#nextAt)) return known.value;
    const began = performance.now();
    const value = this.#make(table);
    this.#nextAt = now + (performance.now() - began) / share;
    this.#known = { table, completed, value };
    return value;
  }
}
