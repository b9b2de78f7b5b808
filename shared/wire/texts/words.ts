import { randomInt } from "node:crypto";

/** Places for different words. A word without a place counts each time it occurs; only hostile messages reach that. */
const places = 4096;
const tries = 8;

/** Start of every sum: a number that nobody outside knows, so that nobody can choose words with equal sums. */
const start = randomInt(2 ** 31);

/** A 32-bit sum of the word in `bytes[from..to)`, which stands for the word. */
export function wordSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = start;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ (bytes[i] as number), 0x01000193); // FNV-1a; i < length
  return sum ^ (sum >>> 15);
}

/** The sum of several words in order. @param before  the sum of the words before this one; 0 if there are none */
export const sumWith = (before: number, sum: number): number => {
  const both = Math.imul(before ^ sum, 0x85ebca6b) ^ start;
  return both ^ (both >>> 13);
};

/** Counts the different words of a message by their sums. */
export class Words {
  readonly #sums = new Int32Array(places);
  /** The round in which a place was taken; places of earlier rounds are free. */
  readonly #rounds = new Uint32Array(places);
  #round = 0;
  #count = 0;

  forget(): void {
    this.#count = 0;
    this.#round = (this.#round + 1) >>> 0;
    if (this.#round > 0) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  /** Adds a word; returns how many different words there have been since `forget`. */
  add(sum: number): number {
    for (let i = 0; i < tries; i++) {
      const place = (sum + i) & (places - 1);
      if (this.#rounds[place] !== this.#round) {
        this.#rounds[place] = this.#round;
        this.#sums[place] = sum;
        break;
      }
      if (this.#sums[place] === sum) return this.#count;
    }
    this.#count += 1;
    return this.#count;
  }
}
