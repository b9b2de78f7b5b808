import { clipped } from "../run-sets/run-set-columns.ts";
import type { RandomDraws } from "./random-draws.ts";

/** What one configuration's completed runs say. */
export interface Measured {
  /** At least 1. */
  readonly runs: number;
  readonly mean: number;
  /** Sum of squared deviations from that mean; 0 for one run. */
  readonly squares: number;
}

/** Number of classes (hopeless, noisy, good, ...); those that the data do not need stay empty. */
const classes = 5;
/** Dirichlet parameter of the classes' shares; below 1 it favours few large classes. */
const shareCount = 0.3;
/** Prior standard deviation of a class's centre, in standard deviations of all runs. */
const centreSd = 2;
/**
 * Prior standard deviation of the logarithm of a class's noise about the common noise. It is wide because in the maze task good
 * configurations were 70 times as noisy as hopeless ones, so that the noise of one class says little about another's (2026-11-24).
 */
const noiseSpread = 1.5;
/** Values are clipped this many interquartile ranges from the median; a diverged run at -1e140 would otherwise set the scale. */
const farthest = 30;

/**
 * A mixture model of a whole search. Each configuration belongs to one of a few classes; true means are normal about the centre of
 * the class, and runs are normal about the true mean. Gibbs sampling from the posterior includes what is unknown about the classes
 * (how many, where, how noisy) in the answer.
 *
 * - There are classes because the configurations of a search are not normal as a whole: a tail of hopeless ones must not decide how
 *   strongly the good ones are shrunk.
 * - A class's spread and noise are drawn jointly on a grid, with true means integrated out. If they were drawn
 *   separately, the chain would get stuck where everything is noise.
 * - The number of runs of a configuration depends on its results alone, so given the results it carries no information about the
 *   true mean, and the model need not know the rule of the search.
 *
 * Priors: the constants above, `logPriorOfSpread` and `logPriorOfNoise`, chosen by the calibration in docs/evaluation.md.
 */
export class ClassModel {
  /** Means of the sets, in units of `scale` about `centre`. */
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  readonly #runs: Int32Array;
  /** Index in `#counts` of each set's number of runs. */
  readonly #countAt: Int32Array;
  readonly #counts: readonly number[];
  readonly #grid: VarianceGrid;
  readonly #draws: RandomDraws;
  readonly #classOf: Int32Array;
  readonly #shares = new Float64Array(classes).fill(1 / classes);
  readonly #centres = new Float64Array(classes);
  /** Indexes into `spreads` and `noises`, by class. */
  readonly #spreads = new Int32Array(classes);
  readonly #noises = new Int32Array(classes);
  #commonNoise: number;
  readonly #weights: Float64Array;
  /** Classes * counts, row-major, then by class: see `#prepare`. */
  readonly #constants: Float64Array;
  readonly #precisions: Float64Array;
  readonly #logNoises = new Float64Array(classes);
  readonly #halfPrecisions = new Float64Array(classes);
  readonly centre: number;
  readonly scale: number;

  /**
   * @param sets    all configurations whose true means will be drawn
   * @param learnt  number of sets, from the first, to learn the classes from
   */
  constructor(sets: readonly Measured[], learnt: number, draws: RandomDraws) {
    this.#draws = draws;
    const units = unitsOf(sets);
    this.centre = units.centre;
    this.scale = units.scale;
    const inUnits = (value: number): number =>
      Math.max(-units.reach, Math.min(units.reach, (value - units.centre) / units.scale));
    this.#means = Float64Array.from(sets, ({ mean }) => inUnits(clipped(mean)));
    this.#squares = Float64Array.from(sets, ({ runs, squares }) =>
      Math.min(squares / units.scale / units.scale, runs * units.reach * units.reach),
    );
    this.#runs = Int32Array.from(sets, ({ runs }) => runs);
    this.#counts = [...new Set(sets.map(({ runs }) => roundedCount(runs)))].sort((a, b) => a - b);
    const places = new Map(this.#counts.map((count, place) => [count, place]));
    this.#countAt = Int32Array.from(sets, ({ runs }) => places.get(roundedCount(runs)) ?? 0);
    this.#grid = new VarianceGrid(this.#counts);
    this.#classOf = new Int32Array(learnt);
    this.#spreads.fill(spreads.length >> 1);
    this.#noises.fill(noises.length >> 1);
    this.#commonNoise = noises.length >> 1;
    this.#weights = new Float64Array(spreads.length * noises.length);
    this.#constants = new Float64Array(classes * this.#counts.length);
    this.#precisions = new Float64Array(classes * this.#counts.length);
    const sorted = this.#means.slice(0, learnt).sort();
    for (let k = 0; k < classes; k += 1) this.#centres[k] = sorted[Math.floor(((k + 0.5) / classes) * learnt)] ?? 0;
    this.#prepare();
  }

  /** One Gibbs sweep: the class of every configuration, then the parameters of the classes. */
  sweep(): void {
    const members = new Float64Array(classes);
    for (let i = 0; i < this.#classOf.length; i += 1) {
      const k = this.#drawClass(i);
      this.#classOf[i] = k;
      members[k] = at(members, k) + 1;
    }
    this.#drawShares(members);
    for (let k = 0; k < classes; k += 1) this.#drawClassItself(k);
    this.#drawCommonNoise();
    this.#prepare();
  }

  /** Draws the true mean of set `i`, in the caller's units, given the current classes. */
  drawTruth(i: number): number {
    const k = i < this.#classOf.length ? at(this.#classOf, i) : this.#drawClass(i);
    const spread = at(spreads, at(this.#spreads, k));
    const noise = at(noises, at(this.#noises, k));
    const own = (noise * noise) / at(this.#runs, i);
    const weight = (spread * spread) / (spread * spread + own);
    const centre = at(this.#centres, k);
    const drawn = centre + weight * (at(this.#means, i) - centre) + Math.sqrt(weight * own) * this.#draws.normal();
    return this.centre + this.scale * drawn;
  }

  /** Current noise (standard deviation of single runs) of set `i`, one of the learnt sets, in the caller's units. */
  noiseOf(i: number): number {
    return this.scale * at(noises, at(this.#noises, at(this.#classOf, i)));
  }

  #drawClass(i: number): number {
    const place = at(this.#countAt, i);
    const free = at(this.#runs, i) - 1;
    const squares = at(this.#squares, i);
    const counts = this.#counts.length;
    for (let k = 0; k < classes; k += 1) {
      const off = at(this.#means, i) - at(this.#centres, k);
      this.#weights[k] =
        at(this.#constants, k * counts + place) -
        off * off * at(this.#precisions, k * counts + place) -
        free * at(this.#logNoises, k) -
        squares * at(this.#halfPrecisions, k);
    }
    return this.#draws.fromLogWeights(this.#weights, classes);
  }

  /** Computes what `#drawClass` needs of the current classes, so that it takes no logarithm for each set. */
  #prepare(): void {
    const counts = this.#counts.length;
    for (let k = 0; k < classes; k += 1) {
      const noise = at(this.#noises, k);
      const share = Math.log(at(this.#shares, k));
      for (let place = 0; place < counts; place += 1) {
        const cell = this.#grid.cell(at(this.#spreads, k), noise, place);
        this.#constants[k * counts + place] = share - this.#grid.halfLog(cell);
        this.#precisions[k * counts + place] = this.#grid.halfInverse(cell);
      }
      this.#logNoises[k] = at(logNoises, noise);
      this.#halfPrecisions[k] = 0.5 / (at(noises, noise) * at(noises, noise));
    }
  }

  #drawShares(members: Float64Array): void {
    let sum = 0;
    for (let k = 0; k < classes; k += 1) {
      // Keeps the logarithm of an empty class's share finite.
      const share = this.#draws.gamma(shareCount + at(members, k)) + 1e-300;
      this.#shares[k] = share;
      sum += share;
    }
    for (let k = 0; k < classes; k += 1) this.#shares[k] = at(this.#shares, k) / sum;
  }

  /** Draws the centre given spread and noise, then both given the centre, with true means integrated out. */
  #drawClassItself(k: number): void {
    const counts = this.#counts.length;
    let precision = 1 / (centreSd * centreSd);
    let weighted = 0;
    for (let i = 0; i < this.#classOf.length; i += 1) {
      if (this.#classOf[i] !== k) continue;
      const cell = this.#grid.cell(at(this.#spreads, k), at(this.#noises, k), at(this.#countAt, i));
      const weight = 2 * this.#grid.halfInverse(cell);
      precision += weight;
      weighted += weight * at(this.#means, i);
    }
    const centre = weighted / precision + this.#draws.normal() / Math.sqrt(precision);
    this.#centres[k] = centre;
    const members = new Float64Array(counts);
    const off = new Float64Array(counts);
    let free = 0;
    let within = 0;
    for (let i = 0; i < this.#classOf.length; i += 1) {
      if (this.#classOf[i] !== k) continue;
      const place = at(this.#countAt, i);
      members[place] = at(members, place) + 1;
      off[place] = at(off, place) + (at(this.#means, i) - centre) * (at(this.#means, i) - centre);
      free += at(this.#runs, i) - 1;
      within += at(this.#squares, i);
    }
    for (let spread = 0; spread < spreads.length; spread += 1) {
      for (let noise = 0; noise < noises.length; noise += 1) {
        const sd = at(noises, noise);
        let weight =
          at(logPriorOfSpread, spread) +
          logPriorOfNoise(noise, this.#commonNoise) -
          free * at(logNoises, noise) -
          (0.5 * within) / (sd * sd);
        for (let place = 0; place < counts; place += 1) {
          if (members[place] === 0) continue;
          const cell = this.#grid.cell(spread, noise, place);
          weight -= at(members, place) * this.#grid.halfLog(cell) + at(off, place) * this.#grid.halfInverse(cell);
        }
        this.#weights[spread * noises.length + noise] = weight;
      }
    }
    const drawn = this.#draws.fromLogWeights(this.#weights, spreads.length * noises.length);
    this.#spreads[k] = Math.floor(drawn / noises.length);
    this.#noises[k] = drawn % noises.length;
  }

  #drawCommonNoise(): void {
    for (let noise = 0; noise < noises.length; noise += 1) {
      let weight = at(logNoises, noise);
      for (let k = 0; k < classes; k += 1) weight += logPriorOfNoise(at(this.#noises, k), noise);
      this.#weights[noise] = weight;
    }
    this.#commonNoise = this.#draws.fromLogWeights(this.#weights, noises.length);
  }
}

/** Grid of standard deviations of true means within a class. */
const spreads = [0, ...geometric(0.01, 1.3, 3.1)];
/** Grid of standard deviations of single runs about their true mean. */
const noises = geometric(0.01, 1.25, 2.2);
const logNoises = noises.map(Math.log);
/**
 * Log prior weight of each cell: the square root of its width (0.3 of its spread; for 0, the first spread), so that the
 * density falls as 1 / sqrt(spread).
 */
const logPriorOfSpread = spreads.map((spread) => 0.5 * Math.log(spread === 0 ? 0.01 : 0.3 * spread));

function logPriorOfNoise(noise: number, common: number): number {
  const off = (at(logNoises, noise) - at(logNoises, common)) / noiseSpread;
  return -0.5 * off * off;
}

/** Lookup table of the variance of a set's mean about the centre of its class, by spread, noise and number of runs. */
class VarianceGrid {
  readonly #counts: number;
  readonly #halfLogs: Float64Array;
  readonly #halfInverses: Float64Array;

  constructor(counts: readonly number[]) {
    this.#counts = counts.length;
    const variances = spreads.flatMap((spread) =>
      noises.flatMap((noise) => counts.map((count) => spread * spread + (noise * noise) / count)),
    );
    this.#halfLogs = Float64Array.from(variances, (variance) => 0.5 * Math.log(variance));
    this.#halfInverses = Float64Array.from(variances, (variance) => 0.5 / variance);
  }

  cell(spread: number, noise: number, count: number): number {
    return (spread * noises.length + noise) * this.#counts + count;
  }

  halfLog(cell: number): number {
    return at(this.#halfLogs, cell);
  }

  halfInverse(cell: number): number {
    return at(this.#halfInverses, cell);
  }
}

/** Rounds numbers of runs above 20 to steps of 5%, so that the table stays small in long searches. */
function roundedCount(runs: number): number {
  return runs <= 20 ? runs : Math.round(20 * Math.exp(Math.round(Math.log(runs / 20) / 0.05) * 0.05));
}

interface Units {
  readonly centre: number;
  /** Standard deviation of all runs after clipping; 1 if all are equal. */
  readonly scale: number;
  /** Values are clipped to this distance from the centre, in units of scale. */
  readonly reach: number;
}

function unitsOf(sets: readonly Measured[]): Units {
  const { lower, middle, upper } = quartiles(sets);
  // Prefer the upper half, which is intact if up to half of the runs have diverged.
  const range = 2 * (upper - middle) || upper - lower;
  const reach = range > 0 ? farthest * range : Number.POSITIVE_INFINITY;
  let runs = 0;
  let sum = 0;
  const near = (mean: number): number => Math.max(middle - reach, Math.min(middle + reach, clipped(mean)));
  for (const each of sets) {
    runs += each.runs;
    sum += each.runs * (near(each.mean) - middle);
  }
  const centre = middle + sum / runs;
  let squares = 0;
  for (const each of sets) {
    const off = near(each.mean) - centre;
    squares += Math.min(each.squares, each.runs * reach * reach) + each.runs * off * off;
  }
  const scale = Math.sqrt(squares / Math.max(1, runs - 1)) || 1;
  return { centre, scale, reach: Number.isFinite(reach) ? (2 * reach) / scale : Number.MAX_VALUE };
}

/** Quartiles of the means, weighted by runs. */
function quartiles(sets: readonly Measured[]): Record<"lower" | "middle" | "upper", number> {
  const sorted = sets.toSorted((a, b) => a.mean - b.mean);
  const all = sets.reduce((sum, { runs }) => sum + runs, 0);
  const quantile = (part: number): number => {
    let left = part * (all - 1);
    for (const { runs, mean } of sorted) {
      left -= runs;
      if (left < 0) return clipped(mean);
    }
    return Number.NaN;
  };
  return { lower: quantile(0.25), middle: quantile(0.5), upper: quantile(0.75) };
}

function geometric(from: number, factor: number, below: number): number[] {
  const values: number[] = [];
  for (let value = from; value < below; value *= factor) values.push(value);
  return values;
}

/** An existing entry. Not shared with other files: V8 would then know less about the arrays and read them more slowly. */
const at = (values: ArrayLike<number>, place: number): number => values[place] ?? Number.NaN;
