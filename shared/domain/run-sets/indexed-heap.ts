import { longer } from "../columns.ts";

/** A binary heap of small integers. A member whose rank has changed moves in O(log n); the caller keeps the ranks. */
export class IndexedHeap {
  readonly #outranks: (a: number, b: number) => boolean;
  #size = 0;
  /** Int32Array, members in heap order: the children of place i are at 2i + 1 and 2i + 2. */
  #members = new Int32Array(16);
  /** Int32Array by member: its place in `#members` + 1, or 0 outside the heap. */
  #places = new Int32Array(16);

  /** @param outranks  a strict total order of the members by their current ranks */
  constructor(outranks: (a: number, b: number) => boolean) {
    this.#outranks = outranks;
  }

  get size(): number {
    return this.#size;
  }

  /** The member that outranks all others; -1 in an empty heap. */
  get top(): number {
    return this.#size === 0 ? -1 : (this.#members[0] ?? -1);
  }

  clear(): void {
    this.#size = 0;
    this.#places.fill(0);
  }

  /** Adds a member (an integer from 0), or moves one whose rank has changed. Call it after each single change. */
  update(member: number): void {
    if (member >= this.#places.length)
      this.#places = longer(this.#places, Math.max(member + 1, 2 * this.#places.length));
    let place = (this.#places[member] ?? 0) - 1;
    if (place === -1) {
      place = this.#size++;
      if (this.#size > this.#members.length) this.#members = longer(this.#members, 2 * this.#members.length);
      this.#put(member, place);
    }
    this.#sink(member, this.#rise(member, place));
  }

  #rise(member: number, from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#members[parent] ?? -1;
      if (!this.#outranks(member, above)) break;
      this.#put(above, place);
      place = parent;
    }
    this.#put(member, place);
    return place;
  }

  #sink(member: number, from: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#outranks(this.#members[child + 1] ?? -1, this.#members[child] ?? -1)) child++;
      const below = this.#members[child] ?? -1;
      if (!this.#outranks(below, member)) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(member, place);
  }

  #put(member: number, place: number): void {
    this.#members[place] = member;
    this.#places[member] = place + 1;
  }
}
