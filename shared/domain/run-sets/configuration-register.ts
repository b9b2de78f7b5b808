import { longer } from "../columns.ts";
import type { Configuration } from "../hyperparameter.ts";

/**
 * Numbers configurations 0, 1, 2, ... in the order in which they are added, and finds the number of any of them.
 *
 * A hash table over the rows of one typed array: a look-up allocates nothing and mostly reads one row, and the garbage
 * collector has nothing to walk.
 */
export class ConfigurationRegister {
  #size = 0;
  /** Positions in each configuration; set by the first one. */
  #width = 0;
  /** Uint32Array, configurations * width, row-major, with room to grow. */
  #rows = new Uint32Array(64);
  /** Int32Array, a power of two long and at most half full: number + 1 of the configuration that hashes here, or 0. */
  #slots = new Int32Array(16);
  /** Whether every configuration is in `#slots`. */
  #isHashed = true;
  /** Configurations as arrays, made on demand. */
  readonly #made: Configuration[] = [];

  get size(): number {
    return this.#size;
  }

  /** Configurations * width, row-major; a view that changes with the register. */
  get rows(): Uint32Array {
    return this.#rows.subarray(0, this.#size * this.#width);
  }

  /** Adopts another register's `rows`, which begin with those here. Hashing waits for a look-up; some need none. */
  restore(rows: Uint32Array<ArrayBuffer>, size: number): void {
    this.#rows = rows;
    this.#size = size;
    this.#width = size === 0 ? 0 : rows.length / size;
    this.#isHashed = false;
  }

  /**
   * The number of the configuration, or -1 if it was never added.
   *
   * @throws RangeError if it is not as long as the others
   */
  find(configuration: Configuration): number {
    if (this.#size > 0) this.#checkLength(configuration);
    if (!this.#isHashed) this.#hashAll();
    return (this.#slots[this.#slotOf(configuration)] ?? 0) - 1;
  }

  /**
   * The number of the configuration, which is added if it is new.
   *
   * @throws RangeError if it is not as long as the others, or holds something other than a position
   */
  add(configuration: Configuration): number {
    if (this.#size === 0) this.#width = configuration.length;
    this.#checkLength(configuration);
    if (!this.#isHashed) this.#hashAll();
    const slot = this.#slotOf(configuration);
    const found = this.#slots[slot] ?? 0;
    if (found !== 0) return found - 1;
    checkPositions(configuration);
    this.#append(configuration);
    this.#slots[slot] = this.#size;
    if (this.#size * 2 > this.#slots.length) this.#hashAll();
    return this.#size - 1;
  }

  /** Adds a configuration that is known to be new. Hashing waits for a look-up, as in `restore`. */
  addNew(configuration: Configuration): void {
    if (this.#size === 0) this.#width = configuration.length;
    this.#append(configuration);
    this.#isHashed = false;
  }

  #append(configuration: Configuration): void {
    const start = this.#size * this.#width;
    if (start + this.#width > this.#rows.length)
      this.#rows = longer(this.#rows, Math.max(start + this.#width, 2 * this.#rows.length));
    for (let i = 0; i < this.#width; i += 1) this.#rows[start + i] = configuration[i] ?? 0;
    this.#size += 1;
  }

  /**
   * The configuration with this number; always the same array.
   *
   * @throws RangeError if there is none
   */
  configuration(number: number): Configuration {
    const made = this.#made[number];
    if (made !== undefined) return made;
    if (!(number >= 0 && number < this.#size)) {
      throw new RangeError(`no configuration number ${number} of ${this.#size}`);
    }
    // A loop: 0.09 s for a million configurations; Array.from of a subarray takes 0.9 s (2026-11-25).
    const configuration = new Array<number>(this.#width);
    for (let i = 0; i < this.#width; i += 1) configuration[i] = this.#rows[number * this.#width + i] ?? 0;
    this.#made[number] = configuration;
    return configuration;
  }

  /** The slot of the configuration, or the free slot where it belongs. */
  #slotOf(configuration: Configuration): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(configuration, 0, this.#width) & mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0 || this.#isAt(found - 1, configuration)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(number: number, configuration: Configuration): boolean {
    const start = number * this.#width;
    for (let i = 0; i < this.#width; i += 1) {
      if (this.#rows[start + i] !== configuration[i]) return false;
    }
    return true;
  }

  /** Rebuilds the slots, at most a quarter full. */
  #hashAll(): void {
    let length = 16;
    while (length < 4 * this.#size) length *= 2;
    const mask = length - 1;
    const slots = new Int32Array(length);
    for (let number = 0; number < this.#size; number += 1) {
      let slot = hashOf(this.#rows, number * this.#width, this.#width) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
    this.#isHashed = true;
  }

  #checkLength(configuration: Configuration): void {
    if (configuration.length === this.#width) return;
    const found = `configuration [${configuration.join(", ")}] has ${configuration.length} settings`;
    throw new RangeError(`${found}; the others of this job have ${this.#width}`);
  }
}

function checkPositions(configuration: Configuration): void {
  for (const position of configuration) {
    if (position >>> 0 === position) continue;
    throw new RangeError(`configuration [${configuration.join(", ")}]: ${position} is not a position in a list`);
  }
}

/** The mixing step of MurmurHash3, which sends neighbouring configurations far apart and keeps probing short. */
function hashOf(positions: ArrayLike<number>, start: number, count: number): number {
  let hash = 0x9747b28c;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ (positions[start + i] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash;
}
