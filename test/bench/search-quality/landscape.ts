import { withMarks } from "../../../shared/domain/fold/grown-dials.ts";
import type { Configuration, Hyperparameter } from "../../../shared/domain/hyperparameter.ts";
import { type Place, placeOf } from "./bumps.ts";
import { highest } from "./highest.ts";
import { normal } from "./luck.ts";
import type { Surface } from "./surface.ts";

/** The best true mean of every surface by formula: the tutorial's best, so that regrets are comparable. */
export const bestMean = 0.0493;

/** A surface by formula. */
export interface Landscape {
  readonly name: string;
  readonly hyperparameters: readonly Hyperparameter[];
  /** In any unit; scaled so that the highest becomes `bestMean`. May be below 0. */
  height(place: Place, configuration: Configuration): number;
  /** Where to look for the highest place, besides many random ones. */
  readonly peaks?: readonly Configuration[];
  /** The highest height, where it is known. Default: that of the highest configuration. */
  readonly top?: number;
  /** Standard deviation of a single good run, given the mean of good runs in the surface's final unit. */
  deviation(mean: number, place: Place): number;
  /** The share of bad runs. A bad run reaches a part of a good one's value, uniform between the two bounds. */
  readonly bad?: { readonly share: number; readonly least: number; readonly most: number };
  /** The share of runs that diverge, and the value that they report. The truth is the mean of all others. */
  readonly diverged?: { readonly share: number; readonly value: number };
  /** Added to every value, the truth included. Default: 0. */
  readonly offset?: number;
}

/** Noise and bad runs as in the tutorial's search. */
export const tutorialLuck = {
  deviation: (mean: number): number => 0.002 + 0.26 * Math.abs(mean),
  bad: { share: 0.04, least: 0.25, most: 0.25 },
};

export function landscape(of: Landscape): Surface {
  const { bad, diverged, offset = 0 } = of;
  let { hyperparameters } = of;
  const heightAt = (configuration: Configuration): number =>
    of.height(placeOf(hyperparameters, configuration), configuration);
  const top = of.top ?? highest(hyperparameters, heightAt, of.peaks).value;
  /** The mean of all runs as a part of the good runs' mean. */
  const kept = bad ? 1 - bad.share * (1 - (bad.least + bad.most) / 2) : 1;
  const mean = (configuration: Configuration): number => (bestMean * heightAt(configuration)) / top;
  return {
    name: of.name,
    get hyperparameters() {
      return hyperparameters;
    },
    best: bestMean + offset,
    reports: 1,
    hpmaxIs: "mean",
    truth: (configuration) => mean(configuration) + offset,
    run(configuration, rng) {
      const ofGood = mean(configuration) / kept;
      // The same number of draws for every run, so that one run's luck does not depend on another's configuration.
      const [noise, goesWrong, part, diverges] = [normal(rng), rng.uniform(), rng.uniform(), rng.uniform()];
      if (diverged && diverges < diverged.share) return [diverged.value];
      const good = ofGood + of.deviation(ofGood, placeOf(hyperparameters, configuration)) * noise;
      if (!bad || goesWrong >= bad.share) return [good + offset];
      return [good * (bad.least + part * (bad.most - bad.least)) + offset];
    },
    refine(marks, started) {
      hyperparameters = hyperparameters.map((each) => withMarks(each, marks[each.name] ?? [], started));
    },
  };
}
