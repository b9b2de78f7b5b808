import type { Configuration } from "./hyperparameter.ts";

/**
 * Numbers configurations 0, 1, 2, ... in the order in which they are added, and finds the number of any of them.
 *
 * A hash table over the configurations themselves: a look-up makes no strings, and the array that was added first is the one
 * copy that everyone may share. It is kept as it is, so nobody may change it afterwards.
 */
export class ConfigurationRegister {
  readonly #configurations: Configuration[] = [];
  /** Int32Array, a power of two long and at most half full: number + 1 of the configuration that hashes here, 0 = free. */
  #slots = new Int32Array(16);

  get size(): number {
    return this.#configurations.length;
  }

  /** The number of the configuration, or -1 if it was never added. */
  find(configuration: Configuration): number {
    if (this.size > 0) this.#checkLength(configuration);
    return (this.#slots[this.#slotOf(configuration)] ?? 0) - 1;
  }

  /** The number of the configuration, which is added if it is new. */
  add(configuration: Configuration): number {
    this.#checkLength(configuration);
    const slot = this.#slotOf(configuration);
    const found = this.#slots[slot] ?? 0;
    if (found !== 0) return found - 1;
    checkPositions(configuration);
    this.#configurations.push(configuration);
    this.#slots[slot] = this.size;
    if (this.size * 2 > this.#slots.length) this.#grow();
    return this.size - 1;
  }

  configuration(number: number): Configuration {
    const configuration = this.#configurations[number];
    if (configuration === undefined) throw new RangeError(`no configuration number ${number} of ${this.size}`);
    return configuration;
  }

  /** Where the configuration is, or the free slot where it belongs. */
  #slotOf(configuration: Configuration): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(configuration) & mask;
    for (;;) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0 || areEqual(this.#configurations[found - 1] ?? [], configuration)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const mask = this.#slots.length * 2 - 1;
    const grown = new Int32Array(mask + 1);
    this.#configurations.forEach((configuration, number) => {
      let slot = hashOf(configuration) & mask;
      while (grown[slot] !== 0) slot = (slot + 1) & mask;
      grown[slot] = number + 1;
    });
    this.#slots = grown;
  }

  #checkLength(configuration: Configuration): void {
    const expected = this.#configurations[0]?.length ?? configuration.length;
    if (configuration.length === expected) return;
    const found = `configuration [${configuration.join(", ")}] has ${configuration.length} settings`;
    throw new RangeError(`${found}; the others of this job have ${expected}`);
  }
}

function checkPositions(configuration: Configuration): void {
  for (const position of configuration) {
    if (position >>> 0 === position) continue;
    throw new RangeError(`configuration [${configuration.join(", ")}]: ${position} is not a position in a list`);
  }
}

function areEqual(a: Configuration, b: Configuration): boolean {
  for (let i = 0; i < b.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

/** Multiply and shift as in murmur3: neighbouring configurations land far apart, so that probing stays short. */
function hashOf(configuration: Configuration): number {
  let hash = 0x9747b28c;
  for (let i = 0; i < configuration.length; i++) {
    hash = Math.imul(hash ^ (configuration[i] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash;
}
