import { GaussianProcess, type Observed } from "./gaussian-process.ts";
import type { Beliefs, Places } from "./kernel.ts";

/** What repeats of the same configuration say about the noise. */
export interface Repeats {
  /** Runs beyond the first of each run set. */
  readonly degrees: number;
  /** Their squared deviations from the means of their sets, in the units of the observed values. */
  readonly squares: number;
}

/** Normal priors of logarithms: mean and standard deviation. */
const priors = {
  length: [Math.log(0.7), 0.8],
  signal: [0, 1],
  noise: [Math.log(0.3), 1.5],
  own: [Math.log(0.01), 1],
} as const;

const step = 0.6;
const mostSteps = 2;
const lengthLimits = [0.08, 4] as const;
const otherLimits = [0.001, 50] as const;
/** Beyond so many hyperparameters only some lengths are tried at a time, so that learning takes no seconds. */
const mostLengths = 24;

/**
 * One sweep over all that can be learned: each quantity moves by at most two steps, to where the observations are likelier.
 *
 * @param turn  which sweep it is, from 0: of very many hyperparameters, each sweep learns others
 */
export function learn(
  places: Places,
  from: Beliefs,
  observed: readonly Observed[],
  repeats: Repeats,
  turn: number,
): Beliefs {
  let beliefs = from;
  let score = scoreOf(places, beliefs, observed, repeats);
  const climb = (value: number, [least, most]: readonly [number, number], changed: (to: number) => Beliefs): void => {
    for (const factor of [step, 1 / step]) {
      let at = value;
      for (let moved = 0; moved < mostSteps; moved++) {
        const next = Math.min(most, Math.max(least, at * factor));
        if (next === at) break;
        const tried = changed(next);
        const there = scoreOf(places, tried, observed, repeats);
        if (!(there > score)) break;
        [beliefs, score, at] = [tried, there, next];
      }
      if (at !== value) return;
    }
  };
  climb(beliefs.own, otherLimits, (own) => ({ ...beliefs, own }));
  climb(beliefs.noise, otherLimits, (noise) => ({ ...beliefs, noise }));
  climb(beliefs.signal, otherLimits, (signal) => ({ ...beliefs, signal }));
  const { width } = places;
  for (let i = 0; i < Math.min(width, mostLengths); i++) {
    const which = (turn * mostLengths + i) % width;
    const length = beliefs.lengths[which] ?? 1;
    climb(length, lengthLimits, (to) => ({ ...beliefs, lengths: beliefs.lengths.with(which, to) }));
  }
  return beliefs;
}

/** ln of the posterior density of the beliefs, up to a constant. */
function scoreOf(
  places: Places,
  beliefs: Beliefs,
  observed: readonly Observed[],
  { degrees, squares }: Repeats,
): number {
  const { signal, own, noise, lengths } = beliefs;
  let score = new GaussianProcess(places, beliefs, observed).logLikelihood();
  score -= 0.5 * (degrees * Math.log(noise) + squares / noise);
  score += logPrior(signal, priors.signal) + logPrior(own, priors.own) + logPrior(noise, priors.noise);
  for (const length of lengths) score += logPrior(length, priors.length);
  return score;
}

const logPrior = (value: number, [mean, deviation]: readonly [number, number]): number =>
  -0.5 * ((Math.log(value) - mean) / deviation) ** 2;
