import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import { meanOf } from "../../../shared/domain/statistics.ts";
import { ordered } from "../../support/stories/search.ts";
import { type Bump, heightOf, placeOf } from "./bumps.ts";
import { highest } from "./highest.ts";
import { bestMean } from "./landscape.ts";
import { normal } from "./luck.ts";
import type { Surface } from "./surface.ts";

const reports = 20;

/**
 * Curves like those of supervised training: the last value counts, and a curve rises fast, then flattens. Curves cross,
 * because a low learning rate starts late and ends higher. Noise between runs is small; noise of reports is larger
 * early on.
 */
export function supervisedCurves(seed: number): Surface {
  const random = rngFrom(`supervised ${seed}`);
  const hyperparameters = ["lr", "decay", "width", "batch", "depth"].map((name, i) =>
    ordered(
      name,
      Array.from({ length: i === 0 ? 10 : 7 }, (_, mark) => mark),
    ),
  );
  const bump: Bump = {
    peak: hyperparameters.map((_, i) => (i === 0 ? 0.25 + 0.2 * random.uniform() : 0.15 + 0.7 * random.uniform())),
    falls: [4, 2, 1.5, 1, 0.7],
    pairs: [[0, 3, 1.5]],
  };
  const heightAt = (configuration: Configuration): number => heightOf(bump, placeOf(hyperparameters, configuration));
  const top = highest(hyperparameters, heightAt).value;
  const end = (configuration: Configuration): number => (bestMean * heightAt(configuration)) / top;
  return {
    name: "supervised-curves",
    hyperparameters,
    best: bestMean,
    reports,
    hpmaxIs: "last",
    truth: end,
    run(configuration, rng) {
      const own = end(configuration) * (1 + 0.06 * normal(rng));
      const rate = placeOf(hyperparameters, configuration)[0] ?? 0;
      // Reports for the first two thirds of the rise: 1 at the highest learning rate, 9 at the lowest.
      const pace = 9 ** (1 - rate) * Math.exp(0.15 * normal(rng));
      const rest = Math.exp(-(reports / pace));
      return Array.from({ length: reports }, (_, i) => {
        const left = (Math.exp(-((i + 1) / pace)) - rest) / (1 - rest);
        const wobble = 0.04 * bestMean * left * normal(rng);
        return own * (1 - left) + wobble;
      });
    },
  };
}

/** Mean hpmax is measured over this many runs, at this many steps of goodness. */
const meanRuns = 1500;
const goodnessSteps = 40;

/**
 * Curves of a learner that takes off at some time or never; the mean counts. A curve is flat until then, so that by
 * itself it says little. The better a configuration, the earlier and the more surely it takes off.
 */
export function lateCurves(seed: number): Surface {
  const random = rngFrom(`late ${seed}`);
  const hyperparameters = ["lr", "discount", "scale", "length", "clip"].map((name, i) =>
    ordered(
      name,
      Array.from({ length: i === 0 ? 8 : 6 }, (_, mark) => mark),
    ),
  );
  const bump: Bump = {
    peak: hyperparameters.map(() => 0.2 + 0.6 * random.uniform()),
    falls: [3, 2, 1.5, 1, 0.5],
    pairs: [[0, 2, 2]],
  };
  const heightAt = (configuration: Configuration): number => heightOf(bump, placeOf(hyperparameters, configuration));
  const top = highest(hyperparameters, heightAt).value;
  const means = meansByGoodness();
  const meanOfBest = means.at(-1) ?? 1;
  return {
    name: "late-curves",
    hyperparameters,
    best: bestMean,
    reports,
    hpmaxIs: "mean",
    truth: (configuration) => (bestMean * between(means, heightAt(configuration) / top)) / meanOfBest,
    run: (configuration, rng) =>
      lateCurve(heightAt(configuration) / top, rng).map((value) => (bestMean * value) / meanOfBest),
  };
}

/** @param goodness  0 to 1 */
function lateCurve(goodness: number, rng: Rng): number[] {
  const start = reports * (1.15 - goodness) * Math.exp(0.35 * normal(rng));
  const height = (0.4 + 0.6 * goodness) * (1 + 0.08 * normal(rng));
  const never = rng.uniform() < 0.25 * (1 - goodness);
  return Array.from({ length: reports }, (_, i) => {
    const up = never ? 0 : 1 / (1 + Math.exp(start - (i + 1)));
    return 0.05 + height * up + 0.02 * normal(rng);
  });
}

/** The mean hpmax at each step of goodness, with the same random numbers at each, so that it rises smoothly. */
function meansByGoodness(): number[] {
  return Array.from({ length: goodnessSteps + 1 }, (_, step) => {
    const rng = rngFrom("means of late curves");
    let sum = 0;
    for (let run = 0; run < meanRuns; run++) sum += meanOf(lateCurve(step / goodnessSteps, rng));
    return sum / meanRuns;
  });
}

function between(values: readonly number[], part: number): number {
  const place = part * (values.length - 1);
  const below = values[Math.floor(place)] ?? Number.NaN;
  return below + ((values[Math.ceil(place)] ?? below) - below) * (place - Math.floor(place));
}
