/** A run that took longer than this many times the median was most likely frozen. */
const mostMedians = 8;

/** A run, its length scaled to the speed of the average worker. */
export interface RunLength {
  /** Milliseconds until it ended, or until now. */
  readonly length: number;
  readonly hasEnded: boolean;
  /** How much of a whole run it did: less than 1 if it was pruned. */
  readonly part: number;
  /** When it began, and how much longer it takes on its machine. */
  readonly from: number;
  readonly slowness: number;
}

/**
 * How long runs take, from ended and running ones: among the ended runs alone, short ones would be overrepresented, as they end
 * first. So we estimate how likely a run is to end at each age, from those that have reached that age (Kaplan and Meier), each
 * weighted by when it did: a long run that began before everything else counts only from the age that it had by then.
 */
export class Lengths {
  /** Expected length of a run, milliseconds. */
  readonly mean: number;
  /** Standard deviation of the ended ones, as part of their mean. */
  readonly spread: number;
  /** Lengths at which runs ended, ascending, and the share of runs that take longer. */
  readonly #ends: readonly number[];
  readonly #longer: readonly number[];
  /** By how much a run that outlasts all ended runs is taken to exceed them, milliseconds. */
  readonly #tail: number;

  /**
   * @param runs      at least one of them has ended
   * @param weightAt  the weight of what happened at a time; 0: it does not count
   */
  constructor(runs: readonly RunLength[], weightAt: (time: number) => number) {
    const ended = plausible(runs.filter(({ hasEnded }) => hasEnded)).sort((a, b) => a.length - b.length);
    const all = [...ended, ...runs.filter(({ hasEnded }) => !hasEnded)];
    const ends = ended.map(({ length }) => length);
    const plain = ends.reduce((sum, each) => sum + each, 0) / ends.length;
    const squares = ends.reduce((sum, each) => sum + (each - plain) ** 2, 0);
    this.spread = Math.sqrt(squares / Math.max(1, ends.length - 1)) / plain;
    this.#tail = plain / 2;
    const weightOf = ({ from, slowness }: RunLength, age: number): number => weightAt(from + slowness * age);
    let share = 1;
    this.#longer = ended.map((end, i) => {
      let came = 0;
      for (const [place, run] of all.entries())
        if (place >= i && run.length >= end.length) came += weightOf(run, end.length);
      if (came > 0) share *= 1 - Math.min(1, weightOf(end, end.length) / came);
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
   * @param chance  which run, from 0 to 1: the share of runs that are shorter
   * @param age     for how long it has been running, milliseconds
   */
  draw(chance: number, age: number): number {
    const ends = this.#ends;
    const past = age <= 0 ? 0 : firstAbove(ends, age);
    const alive = past === 0 ? 1 : (this.#longer[past - 1] ?? 0);
    if (past === ends.length || alive < 1e-9) return age + this.#tail;
    const share = alive * (1 - chance);
    // The first end at which less than this share takes longer.
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

function plausible(ended: readonly RunLength[]): RunLength[] {
  const wholes = ended.map(({ length, part }) => length / part).sort((a, b) => a - b);
  const most = mostMedians * (wholes[Math.floor(wholes.length / 2)] ?? 0);
  return ended.map((each) => ({ ...each, length: Math.max(1, Math.min(each.length, most * each.part)) }));
}
