import { longer } from "../columns.ts";

/**
 * Binary heaps, numbered from 0, of small integers. Each member is in at most one heap. A member that changes rank or
 * heap moves in O(log n); the caller keeps the ranks.
 */
export class IndexedHeaps {
  readonly #outranks: (a: number, b: number) => boolean;
  readonly #heaps: Heap[] = [];
  #size = 0;
  /** Int32Array by member: its place in its heap + 1, or 0 if it is in none. */
  #places = new Int32Array(16);
  /** Int32Array by member: its heap. */
  #heapOf = new Int32Array(16);

  /** @param outranks  a strict total order of the members of one heap by their current ranks */
  constructor(outranks: (a: number, b: number) => boolean) {
    this.#outranks = outranks;
  }

  /** Members of all heaps. */
  get size(): number {
    return this.#size;
  }

  /** Heaps, empty ones too. */
  get count(): number {
    return this.#heaps.length;
  }

  /** The member that outranks all others of its heap; -1 in an empty heap. */
  top(heap = 0): number {
    const { size, members } = this.#heaps[heap] ?? noHeap;
    return size === 0 ? -1 : (members[0] ?? -1);
  }

  /** The first `count` members of a heap, best first, in O(count * count). */
  first(count: number, heap = 0): number[] {
    const { size, members } = this.#heaps[heap] ?? noHeap;
    const found: number[] = [];
    // Places not yet taken whose parents are.
    const open = size === 0 ? [] : [0];
    while (open.length > 0 && found.length < count) {
      let best = 0;
      for (let i = 1; i < open.length; i++) {
        if (this.#outranks(members[open[i] ?? 0] ?? -1, members[open[best] ?? 0] ?? -1)) best = i;
      }
      const place = open[best] ?? 0;
      open[best] = open.at(-1) ?? 0;
      open.pop();
      found.push(members[place] ?? -1);
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < size) open.push(child);
    }
    return found;
  }

  clear(): void {
    this.#size = 0;
    this.#heaps.length = 0;
    this.#places.fill(0);
  }

  /** Adds a member (an integer from 0) to a heap, or moves one whose rank or heap has changed. Call it after each single change. */
  update(member: number, heap = 0): void {
    if (member >= this.#places.length) {
      const capacity = Math.max(member + 1, 2 * this.#places.length);
      this.#places = longer(this.#places, capacity);
      this.#heapOf = longer(this.#heapOf, capacity);
    }
    while (this.#heaps.length <= heap) this.#heaps.push({ size: 0, members: new Int32Array(4) });
    let place = (this.#places[member] ?? 0) - 1;
    const before = this.#heapOf[member] ?? 0;
    if (place !== -1 && before !== heap) {
      this.#remove(place, this.#heaps[before] ?? noHeap);
      place = -1;
    }
    const into = this.#heaps[heap] ?? noHeap;
    if (place === -1) {
      place = into.size++;
      this.#size++;
      if (into.size > into.members.length) into.members = longer(into.members, 2 * into.members.length);
      this.#heapOf[member] = heap;
      this.#rise(into, member, place);
    } else this.#move(into, member, place);
  }

  /** Removes the member at this place; the heap's last member moves up into it. */
  #remove(place: number, heap: Heap): void {
    heap.size--;
    this.#size--;
    if (place === heap.size) return;
    this.#move(heap, heap.members[heap.size] ?? -1, place);
  }

  /** Moves a member from this place to where its rank belongs. */
  #move(heap: Heap, member: number, from: number): void {
    if (this.#rise(heap, member, from) === from) this.#sink(heap, member, from);
  }

  #rise(heap: Heap, member: number, from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap.members[parent] ?? -1;
      if (!this.#outranks(member, above)) break;
      this.#put(heap, above, place);
      place = parent;
    }
    this.#put(heap, member, place);
    return place;
  }

  #sink(heap: Heap, member: number, from: number): void {
    const { members, size } = heap;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#outranks(members[child + 1] ?? -1, members[child] ?? -1)) child++;
      const below = members[child] ?? -1;
      if (!this.#outranks(below, member)) break;
      this.#put(heap, below, place);
      place = child;
    }
    this.#put(heap, member, place);
  }

  #put(heap: Heap, member: number, place: number): void {
    heap.members[place] = member;
    this.#places[member] = place + 1;
  }
}

interface Heap {
  size: number;
  /** Int32Array, members in heap order: the children of place i are at 2i + 1 and 2i + 2. */
  members: Int32Array<ArrayBuffer>;
}

const noHeap: Heap = { size: 0, members: new Int32Array(0) };
