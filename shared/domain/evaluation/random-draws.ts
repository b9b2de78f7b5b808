import type { Rng } from "../rng.ts";

/** Draws from the distributions that the sampler needs. `Math.pow` is avoided: its results differ between engines. */
export class RandomDraws {
  readonly #rng: Rng;
  #spare = Number.NaN;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  uniform(): number {
    return this.#rng.uniform();
  }

  /** Standard normal, by Marsaglia's polar method, which makes two at a time. */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.#rng.uniform() - 1;
      const v = 2 * this.#rng.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  /** Gamma with this shape (above 0) and scale 1. Marsaglia and Tsang, ACM TOMS 26 (2000). */
  gamma(shape: number): number {
    if (shape < 1) {
      const u = 1 - this.#rng.uniform();
      return this.gamma(shape + 1) * Math.exp(Math.log(u) / shape);
    }
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = 1 - this.#rng.uniform();
      if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** An index below `count` with probability proportional to exp(logWeights[index]). Overwrites the weights. */
  fromLogWeights(logWeights: Float64Array, count: number): number {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i += 1) most = Math.max(most, logWeights[i] ?? most);
    let sum = 0;
    for (let i = 0; i < count; i += 1) {
      sum += Math.exp((logWeights[i] ?? most) - most);
      logWeights[i] = sum;
    }
    const at = this.#rng.uniform() * sum;
    for (let i = 0; i < count - 1; i += 1) if (at < (logWeights[i] ?? 0)) return i;
    return count - 1;
  }
}
