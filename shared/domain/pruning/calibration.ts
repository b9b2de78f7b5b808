/** As if so many runs had come out this much further from their predictions than these said, in squares, before any had. */
const before = { runs: 4, square: 2 } as const;
/** Runs that are remembered, about. */
const memory = 60;
/** Of the newest it is known whose they were: what comes before them weighs nothing any more. */
const mostKnown = 20 * memory;
/** One run that was far off says no more than this. */
const mostSquare = 25;

/**
 * How far predictions are to be believed: runs that complete, among them the spared ones, show how far they come out from what was
 * predicted. A fit to a few curves thinks too well of itself.
 */
export class Calibration {
  /** Of each run in hand: how often it was predicted, and the last but few of these. */
  readonly #predictions = new Map<number, { readonly mean: number; readonly sd: number }[]>();
  /** How far off the newest were, oldest first. */
  readonly #known: { readonly n: number; readonly square: number }[] = [];
  #runs: number = before.runs;
  #squares: number = before.runs * before.square;

  /** What standard deviations are multiplied by; at least 1. */
  get factor(): number {
    return Math.max(1, Math.sqrt(this.#squares / this.#runs));
  }

  predicted(n: number, mean: number, sd: number): void {
    const known = this.#predictions.get(n);
    if (known) known.push({ mean, sd });
    else this.#predictions.set(n, [{ mean, sd }]);
  }

  /** A run has come to this; all its predictions together count as one. */
  completed(n: number, hpmax: number): void {
    const all = this.#predictions.get(n);
    this.#predictions.delete(n);
    if (!all || all.length === 0) return;
    const squares = all.map(({ mean, sd }) => Math.min(mostSquare, ((mean - hpmax) / sd) ** 2 || 0));
    const square = squares.reduce((sum, each) => sum + each, 0) / squares.length;
    this.#known.push({ n, square });
    if (this.#known.length > mostKnown) this.#known.shift();
    this.#count(square);
  }

  /** Only other trials count from now on. */
  judged(rejected: ReadonlySet<number>): void {
    this.#runs = before.runs;
    this.#squares = before.runs * before.square;
    for (const { n, square } of this.#known) if (!rejected.has(n)) this.#count(square);
  }

  #count(square: number): void {
    const keep = 1 - 1 / memory;
    this.#runs = this.#runs * keep + 1;
    this.#squares = this.#squares * keep + square;
  }

  forget(n: number): void {
    this.#predictions.delete(n);
  }
}
