import type { RunSetColumns } from "./run-set-columns.ts";

/** Runs that were assigned and have not ended, by the number of their run set. */
export class RunsInFlight {
  readonly #columns: RunSetColumns;
  readonly #sets = new Set<number>();
  #total = 0;

  constructor(columns: RunSetColumns) {
    this.#columns = columns;
  }

  get total(): number {
    return this.#total;
  }

  /** Those with a run in flight. */
  get sets(): Iterable<number> {
    return this.#sets;
  }

  add(number: number): void {
    this.#columns.inFlight[number] = (this.#columns.inFlight[number] ?? 0) + 1;
    this.#total++;
    this.#sets.add(number);
  }

  /** Returns whether there was one. */
  remove(number: number): boolean {
    const there = this.#columns.inFlight[number] ?? 0;
    if (there === 0) return false;
    this.#columns.inFlight[number] = there - 1;
    if (there === 1) this.#sets.delete(number);
    this.#total--;
    return true;
  }
}
