import { randomInt } from "node:crypto";

/** Places for different words; those beyond are counted each time that they occur, which only a hostile message reaches. */
const places = 4096;
const tries = 8;

/**
 * Counts different words of a message by a sum of their bytes. The sum begins with a number that nobody outside knows, so that
 * nobody can choose words that look alike.
 */
export class Words {
  readonly #sums = new Int32Array(places);
  /** The round in which a place was taken; places of earlier rounds are free. */
  readonly #rounds = new Uint32Array(places);
  readonly #start = randomInt(2 ** 31);
  #round = 0;
  #count = 0;

  forget(): void {
    this.#count = 0;
    this.#round = (this.#round + 1) >>> 0;
    if (this.#round === 0) this.#rounds.fill(0);
  }

  /** Returns how many different words there have been since `forget`. */
  add(bytes: Uint8Array, start: number, end: number): number {
    return this.addSum(this.sum(bytes, start, end));
  }

  /** The sum of a word, or of a word behind others. @param before  the sum of those */
  sum(bytes: Uint8Array, start: number, end: number, before = 0): number {
    let sum = this.#start ^ before;
    for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] as number), 0x01000193); // FNV-1a; i < length
    return sum ^ (sum >>> 15);
  }

  /** As `add`, by the word's sum. */
  addSum(sum: number): number {
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
