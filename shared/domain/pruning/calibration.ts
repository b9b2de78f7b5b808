/** The prior: as if `runs` runs had missed their predictions by a mean square of `square`, in predicted variances. */
const before = { runs: 4, square: 2 } as const;
/** About how many runs are remembered: older ones fade exponentially. */
const memory = 60;
/** The newest runs whose trial numbers are kept; what is older no longer has weight. */
const mostKnown = 20 * memory;
/** A prediction that was further off than this counts as this, in predicted variances. */
const mostSquare = 25;

/**
 * How far predictions can be trusted. Runs that complete, including the spared ones, show how far the predictions were
 * off. Without this, a fit to a few curves is overconfident.
 */
export class Calibration {
  /** Every prediction of each open run, by trial. */
  readonly #predictions = new Map<number, { readonly mean: number; readonly sd: number }[]>();
  /** Squared misses of the newest runs, in predicted variances, oldest first. */
  readonly #known: { readonly n: number; readonly square: number }[] = [];
  #runs: number = before.runs;
  #squares: number = before.runs * before.square;

  /** The factor for predicted standard deviations; at least 1. */
  get factor(): number {
    return Math.max(1, Math.sqrt(this.#squares / this.#runs));
  }

  predicted(n: number, mean: number, sd: number): void {
    const known = this.#predictions.get(n);
    if (known) known.push({ mean, sd });
    else this.#predictions.set(n, [{ mean, sd }]);
  }

  /** The run has completed with this hpmax; all its predictions together count as one. */
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

  /** Recounts the misses without these trials; later rejections need another call. */
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
