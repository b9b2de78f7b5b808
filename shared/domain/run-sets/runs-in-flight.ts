import { longer } from "../columns.ts";
import type { RunSetColumns } from "./run-set-columns.ts";

/** Runs that were assigned and have not ended, by the number of their run set. */
export class RunsInFlight {
  readonly #columns: RunSetColumns;
  /** Run sets with a run in flight, unordered: a list changes in a fraction of the time that a Set takes. */
  readonly #sets: number[] = [];
  /** Int32Array by run set: its place in `#sets`, if it is there. */
  #places = new Int32Array(16);
  #total = 0;

  constructor(columns: RunSetColumns) {
    this.#columns = columns;
  }

  get total(): number {
    return this.#total;
  }

  /** The run sets with a run in flight, by number. */
  sets(): number[] {
    return this.#sets.toSorted((a, b) => a - b);
  }

  add(number: number): void {
    const there = this.#columns.inFlight[number] ?? 0;
    this.#columns.inFlight[number] = there + 1;
    this.#total++;
    if (there > 0) return;
    if (number >= this.#places.length)
      this.#places = longer(this.#places, Math.max(number + 1, 2 * this.#places.length));
    this.#places[number] = this.#sets.push(number) - 1;
  }

  /** Returns whether there was one. */
  remove(number: number): boolean {
    const there = this.#columns.inFlight[number] ?? 0;
    if (there === 0) return false;
    this.#columns.inFlight[number] = there - 1;
    this.#total--;
    if (there > 1) return true;
    // The last run set of the list takes the freed place.
    const place = this.#places[number] ?? 0;
    const last = this.#sets.pop() ?? number;
    if (last !== number) {
      this.#sets[place] = last;
      this.#places[last] = place;
    }
    return true;
  }
}
