import type { Configuration, Hyperparameter, Range } from "../../../shared/domain/hyperparameter.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { ordered, tutorialHyperparameters } from "../../support/stories/search.ts";
import { type Bump, heightOf, type Place } from "./bumps.ts";
import { landscape, tutorialLuck } from "./landscape.ts";
import type { Surface } from "./surface.ts";

/**
 * Families of surfaces, each with one difficulty. The seed moves the optimum (and everything else drawn), so that a
 * search cannot be tuned to one surface.
 */
export const families: Readonly<Record<string, (seed: number) => Surface>> = {
  interactions,
  plateaus,
  cliffs,
  "uneven-noise": unevenNoise,
  "bad-runs": badRuns,
  "second-peak": secondPeak,
  "dead-dials": deadDials,
  "log-ranges": logRanges,
};

const dials = (count: number, marks: number): Hyperparameter[] =>
  Array.from({ length: count }, (_, i) =>
    ordered(
      `h${i + 1}`,
      Array.from({ length: marks }, (_, mark) => mark),
    ),
  );

/** A random place away from the edges: 0.15 to 0.85 on each dial. */
function anyPeak(name: string, seed: number, width: number): Place {
  const rng = rngFrom(`${name} ${seed}`);
  return Array.from({ length: width }, () => 0.15 + 0.7 * rng.uniform());
}

/** The configuration nearest to a place. */
const nearest = (hyperparameters: readonly Hyperparameter[], place: Place): Configuration =>
  hyperparameters.map(({ values }, i) => Math.round((place[i] ?? 0) * (values.length - 1)));

/** No hyperparameter has a best value alone: the height falls slowly along four diagonal valleys, fast across them. */
function interactions(seed: number): Surface {
  const hyperparameters = dials(6, 9);
  const bump: Bump = {
    peak: anyPeak("interactions", seed, 6),
    falls: [8, 8, 5, 5, 3, 3],
    pairs: [
      [0, 1, seed % 2 === 0 ? 14 : -14],
      [2, 3, 8.5],
      [4, 5, -4.5],
      [0, 4, 1.5],
    ],
  };
  return landscape({
    name: "interactions",
    hyperparameters,
    height: (place) => heightOf(bump, place),
    peaks: [nearest(hyperparameters, bump.peak)],
    ...tutorialLuck,
  });
}

/** Terraces: most steps change nothing, so that neighbours do not show the direction. */
function plateaus(seed: number): Surface {
  const hyperparameters = dials(5, 12);
  const bump: Bump = { peak: anyPeak("plateaus", seed, 5), falls: [5, 4, 2.5, 1.5, 1] };
  const terraces = 6;
  return landscape({
    name: "plateaus",
    hyperparameters,
    height: (place) => Math.ceil(terraces * heightOf(bump, place)) / terraces,
    peaks: [nearest(hyperparameters, bump.peak)],
    ...tutorialLuck,
  });
}

/** The best lies near a cliff beyond which values are far worse than anywhere else. */
function cliffs(seed: number): Surface {
  const hyperparameters = dials(6, 8);
  const peak = anyPeak("cliffs", seed, 6);
  const bump: Bump = { peak, falls: [4, 3, 2, 1.5, 1, 1] };
  const edge = (peak[0] ?? 0) + (peak[1] ?? 0) + 0.2;
  return landscape({
    name: "cliffs",
    hyperparameters,
    height: (place) => ((place[0] ?? 0) + (place[1] ?? 0) > edge ? -12 : heightOf(bump, place)),
    peaks: [nearest(hyperparameters, peak)],
    deviation: (mean) => 0.002 + 0.2 * Math.abs(mean),
  });
}

/** Noise that varies tenfold over the first two dials, independently of the height. */
function unevenNoise(seed: number): Surface {
  const hyperparameters = dials(6, 8);
  const bump: Bump = { peak: anyPeak("uneven noise", seed, 6), falls: [3, 3, 3, 2, 1, 1] };
  return landscape({
    name: "uneven-noise",
    hyperparameters,
    height: (place) => heightOf(bump, place),
    peaks: [nearest(hyperparameters, bump.peak)],
    deviation: (_mean, place) => 0.002 * 10 ** (((place[0] ?? 0) + (place[1] ?? 0)) / 2),
  });
}

/** One run in seven reaches between -1 and 0.5 of a good run's value; one in a hundred diverges. */
function badRuns(seed: number): Surface {
  const hyperparameters = dials(6, 8);
  const bump: Bump = { peak: anyPeak("bad runs", seed, 6), falls: [4, 3, 2, 2, 1, 1] };
  return landscape({
    name: "bad-runs",
    hyperparameters,
    height: (place) => heightOf(bump, place),
    peaks: [nearest(hyperparameters, bump.peak)],
    deviation: (mean) => 0.002 + 0.1 * Math.abs(mean),
    bad: { share: 0.15, least: -1, most: 0.5 },
    diverged: { share: 0.01, value: -1e24 },
  });
}

/** A wide hill of 0.78 of the height fills most of the space; the best is a narrow peak far from it. */
function secondPeak(seed: number): Surface {
  const hyperparameters = tutorialHyperparameters;
  const wide = anyPeak("second peak", seed, 8);
  // Half a dial away on the first five dials, at the same place on the others.
  const narrow = wide.map((place, i) => (i < 5 ? (place + 0.5) % 1 : place));
  const misleading: Bump = { peak: wide, falls: [1.2, 0.8, 0.8, 1.8, 1.2, 0.8, 0.6, 0.8] };
  const best: Bump = { peak: narrow, falls: [5, 3, 3, 9, 6, 2.5, 1.5, 2.5] };
  return landscape({
    name: "second-peak",
    hyperparameters,
    height: (place) => Math.max(0.78 * heightOf(misleading, place), heightOf(best, place)),
    peaks: [nearest(hyperparameters, narrow), nearest(hyperparameters, wide)],
    ...tutorialLuck,
  });
}

/** Twelve dials, of which eight change nothing. */
function deadDials(seed: number): Surface {
  const hyperparameters = dials(12, 6);
  const peak = anyPeak("dead dials", seed, 12);
  const alive = [1, 4, 6, 11].map((at) => (at + seed) % 12);
  const falls = peak.map((_, i) => [5, 4, 2.5, 1.5][alive.indexOf(i)] ?? 0);
  return landscape({
    name: "dead-dials",
    hyperparameters,
    height: (place) => heightOf({ peak, falls }, place),
    peaks: [nearest(hyperparameters, peak)],
    ...tutorialLuck,
  });
}

/** Three ranges over decades and a linear one, a third to a tenth of each good. The best lies between first marks. */
function logRanges(seed: number): Surface {
  const ranges: readonly Range[] = [
    { from: 1e-6, to: 1e-2, scale: "log" },
    { from: 1e-3, to: 1, scale: "log" },
    { from: 1e-7, to: 1e-2, scale: "log" },
    { from: 0, to: 1, scale: "linear" },
  ];
  const hyperparameters = ranges.map((range, i) => ({ ...ordered(`h${i + 1}`, firstMarks(range)), range }));
  const bump: Bump = {
    peak: anyPeak("log ranges", seed, 4),
    falls: [14, 9, 5, 3],
    pairs: [
      [0, 1, 9],
      [2, 3, -4],
    ],
  };
  return landscape({
    name: "log-ranges",
    hyperparameters,
    height: (place) => heightOf(bump, place),
    top: 1,
    ...tutorialLuck,
  });
}
