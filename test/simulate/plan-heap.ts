import type { Happening } from "./happening.ts";

/** Children of each place: with four there are few levels, and a place's children lie together in memory. */
const width = 4;

/**
 * Planned happenings, the next first: a heap in which place i has its parent at (i - 1) / 4. Times and orders lie in
 * arrays beside the happenings, so that comparing does not touch the happenings themselves, of which there are a
 * hundred thousand (2026-11-25: two fifths less time).
 */
export class PlanHeap {
  readonly #happenings: Happening[] = [];
  #at = new Float64Array(1024);
  #order = new Float64Array(1024);

  push(happening: Happening): void {
    const { at, order } = happening;
    let i = this.#happenings.length;
    this.#happenings.push(happening);
    if (i === this.#at.length) this.#grow();
    while (i > 0) {
      const parent = Math.floor((i - 1) / width);
      if (!this.#isBefore(at, order, parent)) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#set(i, happening, at, order);
  }

  pop(): Happening | undefined {
    const first = this.#happenings[0];
    const last = this.#happenings.pop();
    const { length } = this.#happenings;
    if (!first || !last || length === 0) return first;
    const { at, order } = last;
    let i = 0;
    for (;;) {
      const child = this.#firstChild(i, length);
      if (child < 0 || this.#isBefore(at, order, child)) break;
      this.#move(child, i);
      i = child;
    }
    this.#set(i, last, at, order);
    return first;
  }

  /** The child of a place that happens first; -1 if it has none. */
  #firstChild(place: number, length: number): number {
    let first = width * place + 1;
    if (first >= length) return -1;
    const end = Math.min(first + width, length);
    for (let i = first + 1; i < end; i += 1) {
      if (this.#isBefore(this.#at[i] as number, this.#order[i] as number, first)) first = i;
    }
    return first;
  }

  #isBefore(at: number, order: number, place: number): boolean {
    const other = this.#at[place] as number;
    return at < other || (at === other && order < (this.#order[place] as number));
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#happenings[from] as Happening, this.#at[from] as number, this.#order[from] as number);
  }

  #set(place: number, happening: Happening, at: number, order: number): void {
    this.#happenings[place] = happening;
    this.#at[place] = at;
    this.#order[place] = order;
  }

  #grow(): void {
    const double = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(2 * old.length);
      grown.set(old);
      return grown;
    };
    this.#at = double(this.#at);
    this.#order = double(this.#order);
  }
}
