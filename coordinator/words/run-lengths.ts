/** A run that took longer than this many times the median was most likely frozen. */
const mostMedians = 8;

/**
 * How long runs take, from those that have ended and those that run: of the ended ones alone the short ones would be too many, as
 * they end first. A running one counts as what is known of it, that it takes at least as long as it has been running (Kaplan and
 * Meier's estimate).
 */
export class Lengths {
  /** Expected length of a run, milliseconds. */
  readonly mean: number;
  /** Standard deviation of the ended ones, as part of their mean. */
  readonly spread: number;
  /** Lengths at which runs ended, ascending, and the share of runs that take longer. */
  readonly #ends: readonly number[];
  readonly #longer: readonly number[];
  /** By how much a run exceeds all that ended, if it does. */
  readonly #tail: number;

  /**
   * @param ended    at least one
   * @param running  for how long each has been running
   */
  constructor(ended: readonly number[], running: readonly number[]) {
    const ends = plausible(ended);
    const plain = ends.reduce((sum, each) => sum + each, 0) / ends.length;
    const squares = ends.reduce((sum, each) => sum + (each - plain) ** 2, 0);
    this.spread = Math.sqrt(squares / Math.max(1, ends.length - 1)) / plain;
    this.#tail = plain / 2;
    const ages = running.toSorted((a, b) => a - b);
    let share = 1;
    let younger = 0;
    this.#longer = ends.map((end, i) => {
      while (younger < ages.length && (ages[younger] ?? 0) < end) younger += 1;
      share *= 1 - 1 / (ends.length - i + ages.length - younger);
      return share;
    });
    this.#ends = ends;
    let before = 0;
    let mean = 0;
    for (const [i, end] of ends.entries()) {
      mean += (this.#longer[i - 1] ?? 1) * (end - before);
      before = end;
    }
    this.mean = mean + (this.#longer.at(-1) ?? 0) * this.#tail;
  }

  /**
   * The length of a run.
   *
   * @param chance  which of them, from 0 to 1: the share of runs that take less long
   * @param age     for how long it has been running
   */
  draw(chance: number, age: number): number {
    const ends = this.#ends;
    const past = age <= 0 ? 0 : firstAbove(ends, age);
    const alive = past === 0 ? 1 : (this.#longer[past - 1] ?? 0);
    if (past === ends.length || alive < 1e-9) return age + this.#tail;
    const share = alive * (1 - chance);
    // The first end at which no more than this share takes longer.
    let [low, high] = [past, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#longer[middle] ?? 0) < share) high = middle;
      else low = middle + 1;
    }
    return ends[low] ?? (ends.at(-1) ?? 0) + this.#tail;
  }
}

function firstAbove(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function plausible(lengths: readonly number[]): number[] {
  const sorted = lengths.toSorted((a, b) => a - b);
  const most = mostMedians * (sorted[Math.floor(sorted.length / 2)] ?? 0);
  return sorted.map((each) => Math.max(1, Math.min(each, most)));
}
