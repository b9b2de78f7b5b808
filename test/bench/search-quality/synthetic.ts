import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import { tutorialHyperparameters, unordered } from "../../support/stories/search.ts";
import { type Bump, heightOf, type Place } from "./bumps.ts";
import { landscape, tutorialLuck } from "./landscape.ts";
import { ownNormal, shuffled } from "./luck.ts";
import type { Surface } from "./surface.ts";

/** Positions in the tutorial's hyperparameters. */
const lr = 3;
const rscale = 4;

/** The part of its value that a run keeps where a high learning rate meets a high reward scale: it diverges. */
const divergedPart = 0.15;
const floor = 0.02;

const diverges = (place: Place): boolean => (place[lr] ?? 0) > 0.75 && (place[rscale] ?? 0) >= 0.5;

const tutorialPeak: Configuration = [5, 1, 5, 4, 3, 4, 1, 4];

/** Falls in the order of the hyperparameters: the learning rate matters most, then the reward scale, then the embedding. */
const tutorialBump: Bump = {
  peak: tutorialPeak.map((position, i) => position / ((tutorialHyperparameters[i]?.values.length ?? 2) - 1)),
  falls: [0.5, 0.35, 0.35, 3.6, 1.4, 0.8, 0.4, 0.5].map((fall) => 2.4 * fall),
  pairs: [
    [lr, rscale, 3.6],
    [0, 1, 1.9],
    [5, 6, 1.4],
  ],
};

/**
 * The tutorial's space, with bumps, three interactions, a region where runs diverge, and the tutorial's noise. The constants
 * were chosen so that random search and the original DGD, 100 workers, leave the regrets that its recorded runs suggest:
 * 233, 194, 184, 162 and 233, 183, 127, 75 (x 10^-4) after 100, 250, 500, 1,000 runs.
 */
export function synthetic(): Surface {
  return landscape({
    name: "synthetic",
    hyperparameters: tutorialHyperparameters,
    height: (place) => (floor + (1 - floor) * heightOf(tutorialBump, place)) * (diverges(place) ? divergedPart : 1),
    peaks: [tutorialPeak],
    ...tutorialLuck,
  });
}

/**
 * Another surface for each seed, over the tutorial's space. The seed sets the optimum, how much each hyperparameter
 * matters, the interactions, noise of 10 to 40%, up to 10% bad runs, and roughness. Every third has negative values,
 * every third an unordered hyperparameter, every fourth a second, lower peak.
 */
export const variant = (seed: number): Surface => variantOf(seed, true);

/** The same without luck: every run of a configuration gives the same value. */
export const lucklessVariant = (seed: number): Surface => variantOf(seed, false);

function variantOf(seed: number, hasLuck: boolean): Surface {
  const rng = rngFrom(`variant ${seed}`);
  const hyperparameters = tutorialHyperparameters.map((each, i) =>
    seed % 3 === 1 && i === 7 ? unordered(each.name, each.values) : each,
  );
  const bump = randomBump(rng, hyperparameters.length);
  const second = randomBump(rng, hyperparameters.length);
  const secondHeight = seed % 4 === 2 ? 0.8 : 0;
  const roughness = 0.06 * rng.uniform();
  const relative = 0.1 + 0.3 * rng.uniform();
  // An unordered value's worth is independent of its place in the list.
  const order = shuffled(hyperparameters[7]?.values.length ?? 1, rng);
  const seen = (place: Place, configuration: Configuration): Place =>
    hyperparameters[7]?.ordered ? place : place.with(7, (order[configuration[7] ?? 0] ?? 0) / (order.length - 1));
  return landscape({
    name: `variant ${seed}${hasLuck ? "" : " without luck"}`,
    hyperparameters,
    height(place, configuration) {
      const there = seen(place, configuration);
      const height = Math.max(heightOf(bump, there), secondHeight * heightOf(second, there));
      const rough = 1 + roughness * ownNormal(`variant ${seed}`, configuration);
      return height * rough * (diverges(place) ? divergedPart : 1);
    },
    deviation: (mean) => (hasLuck ? 0.002 + relative * Math.abs(mean) : 0),
    ...(hasLuck ? { bad: { share: 0.1 * rng.uniform(), least: 0, most: 0.5 } } : {}),
    offset: seed % 3 === 2 ? -0.06 : 0,
  });
}

/** One or two hyperparameters matter much, the others less; three pairs interact. */
function randomBump(rng: Rng, width: number): Bump {
  const order = shuffled(width, rng);
  const falls = new Array<number>(width).fill(0);
  order.forEach((i, rank) => {
    falls[i] = (rank === 0 ? 7 : rank === 1 ? 3 : 1.2) * (0.6 + 0.8 * rng.uniform());
  });
  const pairs = [0, 2, 4].map((at) => {
    const [a = 0, b = 1] = order.slice(at);
    // Up to 0.9 of the strength that would make an endless valley.
    const most = 1.8 * Math.sqrt((falls[a] ?? 0) * (falls[b] ?? 0));
    return [a, b, most * (2 * rng.uniform() - 1)] as const;
  });
  return { peak: order.map(() => 0.1 + 0.8 * rng.uniform()), falls, pairs };
}
