import fc from "fast-check";
import {
  type Configuration,
  type Hyperparameter,
  type Range,
  rangeScales,
  type Setting,
} from "../../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../../shared/domain/model/current-model.ts";
import { childRunName } from "../../../shared/domain/names.ts";
import { firstMarks } from "../../../shared/domain/ranges/first-marks.ts";
import { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { rangeProblems } from "../../../shared/domain/runspec/range-line.ts";
import type { SearchView } from "../../../shared/domain/search/search.ts";

/** One completed run. */
export type Completion = readonly [configuration: Configuration, hpmax: number];

export function ordered(name: string, values: readonly Setting[]): Hyperparameter {
  return { name, ordered: true, values, tuned: values[0] ?? null };
}

export function unordered(name: string, values: readonly Setting[]): Hyperparameter {
  return { ...ordered(name, values), ordered: false };
}

/** The eight of the tutorial: 1,512,000 configurations. */
export const tutorialHyperparameters: readonly Hyperparameter[] = [
  ordered("seqlen", [4, 6, 8, 12, 16, 24, 32]),
  ordered("disc", [0.95, 0.9, 0.85, 0.8]),
  ordered("clip", [64, 128, 256, 512, 1024, 2048]),
  ordered("lr", [1.0e-4, 1.6e-4, 2.5e-4, 4.0e-4, 6.3e-4, 1.0e-3, 1.6e-3, 2.5e-3, 4.0e-3, 6.3e-3]),
  ordered("rscale", [2, 4, 8, 16, 32]),
  ordered("embed", [32, 64, 128, 256, 512, 1024]),
  ordered("units", [128, 192, 256, 384, 512]),
  ordered("out", [32, 64, 128, 256, 512, 1024]),
];

/** Runs named run1.1, run1.2, ... that started and completed one after the other. */
export function indexOf(runs: Iterable<Completion>): RunSetIndex {
  const index = new RunSetIndex();
  let n = 0;
  for (const [configuration, hpmax] of runs) {
    index.started(configuration);
    index.completed(configuration, hpmax, childRunName(1, ++n));
  }
  return index;
}

export function viewOf(
  hyperparameters: readonly Hyperparameter[],
  runSets: RunSetIndex,
  isExcluded = (configuration: Configuration) => runSets.isExcluded(configuration),
): SearchView {
  return {
    hyperparameters,
    runSets,
    isExcluded,
    seed: 1,
    model: new CurrentModel(() => ({ hyperparameters, runSets })),
  };
}

/** Ranges that a spec may have. */
export const anyRange: fc.Arbitrary<Range> = fc
  .record({
    ends: fc.oneof(
      fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -1000, max: 5000 })),
      fc.tuple(fc.double({ min: 1e-9, max: 10, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true })),
      fc.tuple(fc.constantFrom(1, 2, 16, 64), fc.constantFrom(3, 128, 1024, 65536)),
    ),
    scale: fc.constantFrom(...rangeScales),
    zero: fc.boolean(),
  })
  .map(({ ends: [a, b], scale, zero }) => ({
    from: Math.min(a, b),
    to: Math.max(a, b),
    scale,
    ...(zero ? { zero } : {}),
  }))
  .filter((range) => rangeProblems(range, "it").length === 0);

/** A range as a dial of its first marks. */
export function ranged(name: string, range: Range): Hyperparameter {
  return { ...ordered(name, firstMarks(range)), range };
}
