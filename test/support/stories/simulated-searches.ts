import { type Verdict, verdictOf } from "../../../shared/domain/evaluation/verdict.ts";
import type { Configuration, Hyperparameter, Setting } from "../../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../../shared/domain/model/current-model.ts";
import { type Expected, isLearningDue } from "../../../shared/domain/model/search-model.ts";
import { childRunName } from "../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../../shared/domain/search/choice-queue.ts";
import { createSearch } from "../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../shared/domain/seeds.ts";
import { golden } from "../golden.ts";
import { type CompletedRun, inColumns } from "./completed-runs.ts";
import { ordered, unordered, viewOf } from "./search.ts";

/** A space with a known true mean for each configuration, and the noisy result of a single run. */
export interface KnownSurface {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly truth: (configuration: Configuration) => number;
  readonly run: (configuration: Configuration, luck: Rng) => number;
}

export interface Scenario {
  readonly name: string;
  readonly tuning: "dgd" | "random" | "grid";
  readonly runs: number;
  /** Each seed has another truth, except on a real surface. */
  readonly surface: (seed: number) => KnownSurface;
}

const workers = 10;

/** One whole search of a scenario, with ten workers whose runs end in random order, and its verdict. */
export function simulate(
  { tuning, runs, surface }: Scenario,
  seed: number,
  draws: number,
): {
  readonly surface: KnownSurface;
  readonly completed: readonly CompletedRun[];
  readonly verdict: Verdict;
  /** The model's expectation for its best configuration. */
  readonly expected: Expected;
} {
  const known = surface(seed);
  const queue = new ChoiceQueue(createSearch(tuning));
  const runSets = new RunSetIndex();
  const model = new CurrentModel(() => ({ hyperparameters: known.hyperparameters, runSets }));
  const view = { ...viewOf(known.hyperparameters, runSets), model };
  const luck = rngFrom(`luck ${seed}`);
  const inFlight: Configuration[] = [];
  const completed: CompletedRun[] = [];
  let n = 0;
  const startOne = (): void => {
    if (n === runs) return;
    n += 1;
    const choice = queue.next(view, n, choiceRng(seed, n));
    if (!choice) throw new Error("the search chose nothing");
    runSets.started(choice.configuration);
    inFlight.push(choice.configuration);
  };
  for (let i = 0; i < workers; i += 1) startOne();
  while (inFlight.length > 0) {
    const [configuration] = inFlight.splice(luck.below(inFlight.length), 1);
    if (!configuration) throw new Error("nothing is in flight");
    const run = { configuration, hpmax: known.run(configuration, luck), run: childRunName(1, completed.length + 1) };
    runSets.completed(configuration, run.hpmax, run.run);
    completed.push(run);
    const { completed: results } = runSets.totals;
    if (isLearningDue(results, model.learned)) model.learned = model.now?.learned(model.learned, results);
    if (queue.isDue(view)) queue.plan(view, planRng(seed, runSets.totals.ended));
    startOne();
  }
  const columns = inColumns(completed);
  const { now } = model;
  const verdict = now && verdictOf(columns, now, known.hyperparameters, { tuning, draws, seed: `verdict ${seed}` });
  if (!verdict) throw new Error("nothing has completed");
  return { surface: known, completed, verdict, expected: now.best };
}

/** The best true mean among the configurations that were measured. */
export const bestMeasured = (surface: KnownSurface, completed: readonly CompletedRun[]): number =>
  completed.reduce((best, { configuration }) => Math.max(best, surface.truth(configuration)), Number.NEGATIVE_INFINITY);

interface SurfaceFile {
  readonly hyperparameters: readonly { readonly name: string; readonly values: readonly Setting[] }[];
  readonly results: readonly (readonly number[])[];
}

/**
 * A real surface: gradient boosting on breast cancer, 1,350 configurations with 8 seeds each; a run draws one of the 8.
 */
function realSurface(): KnownSurface {
  const file = golden<SurfaceFile>("surface-gbm-breast-cancer.json");
  const hyperparameters = file.hyperparameters.map(({ name, values }) => ordered(name, values));
  const row = (configuration: Configuration): readonly number[] => {
    const place = configuration.reduce(
      (at, position, i) => at * (hyperparameters[i]?.values.length ?? 1) + position,
      0,
    );
    return file.results[place] ?? [];
  };
  return {
    hyperparameters,
    truth: (configuration) => row(configuration).reduce((sum, value) => sum + value / row(configuration).length, 0),
    run: (configuration, luck) => row(configuration)[luck.below(row(configuration).length)] ?? Number.NaN,
  };
}

let real: KnownSurface | undefined;
const breastCancer = (): KnownSurface => {
  real ??= realSurface();
  return real;
};

/** A hill in four dimensions, 840 configurations, somewhat rough; most of it is far below the top. */
const hill =
  (noise: (truth: number) => number) =>
  (seed: number): KnownSurface => {
    const rng = rngFrom(`hill ${seed}`);
    const sizes = [7, 4, 6, 5];
    const peak = sizes.map(() => rng.uniform());
    const steepness = sizes.map(() => 0.3 + rng.uniform());
    const known = new Map<string, number>();
    const truth = (configuration: Configuration): number => {
      const key = configuration.join(".");
      const found = known.get(key);
      if (found !== undefined) return found;
      let down = 0;
      configuration.forEach((position, i) => {
        const off = position / ((sizes[i] ?? 2) - 1) - (peak[i] ?? 0);
        down += (steepness[i] ?? 0) * off * off;
      });
      const height = Math.exp(-3 * down) + 0.05 * normal(rngFrom(`rough ${seed} ${key}`));
      known.set(key, height);
      return height;
    };
    return {
      hyperparameters: sizes.map((size, i) => ordered(`h${i}`, [...Array(size).keys()])),
      truth,
      run: (configuration, luck) => truth(configuration) + noise(truth(configuration)) * normal(luck),
    };
  };

/** Configurations without order whose true means are standard normal. */
const unrelated =
  (size: number, noise: number, spread = 1) =>
  (seed: number): KnownSurface => {
    const rng = rngFrom(`unrelated ${seed}`);
    const truths = Array.from({ length: size }, () => spread * normal(rng));
    const truth = ([position = 0]: Configuration): number => truths[position] ?? Number.NaN;
    return {
      hyperparameters: [unordered("a", [...truths.keys()])],
      truth,
      run: (configuration, luck) => truth(configuration) + noise * normal(luck),
    };
  };

/** A surface where single runs sometimes fail to learn at all, as in reinforcement learning. */
const withCollapses =
  (chance: number, base: (seed: number) => KnownSurface) =>
  (seed: number): KnownSurface => {
    const surface = base(seed);
    return {
      ...surface,
      truth: (configuration) => (1 - chance) * surface.truth(configuration),
      run: (configuration, luck) => (luck.uniform() < chance ? 0 : 1) * surface.run(configuration, luck),
    };
  };

const constant = (noise: number) => (): number => noise;

export const scenarios: readonly Scenario[] = [
  { name: "real surface, DGD, 60 runs", tuning: "dgd", runs: 60, surface: breastCancer },
  { name: "real surface, DGD, 300 runs", tuning: "dgd", runs: 300, surface: breastCancer },
  { name: "real surface, DGD, 1000 runs", tuning: "dgd", runs: 1000, surface: breastCancer },
  { name: "real surface, random, 300 runs", tuning: "random", runs: 300, surface: breastCancer },
  { name: "hill, noise 0.05, DGD, 200 runs", tuning: "dgd", runs: 200, surface: hill(constant(0.05)) },
  { name: "hill, noise 0.3, DGD, 200 runs", tuning: "dgd", runs: 200, surface: hill(constant(0.3)) },
  { name: "hill, noise 1, DGD, 200 runs", tuning: "dgd", runs: 200, surface: hill(constant(1)) },
  { name: "hill, noise 0.3, DGD, 800 runs", tuning: "dgd", runs: 800, surface: hill(constant(0.3)) },
  {
    name: "hill, bad ones noisier, DGD, 200 runs",
    tuning: "dgd",
    runs: 200,
    surface: hill((truth) => 0.05 + 0.25 * (1 - Math.min(1, truth))),
  },
  {
    name: "hill, good ones noisier, DGD, 200 runs",
    tuning: "dgd",
    runs: 200,
    surface: hill((truth) => 0.01 + 0.2 * Math.max(0, truth)),
  },
  {
    name: "hill, good ones noisier, random, 200 runs",
    tuning: "random",
    runs: 200,
    surface: hill((truth) => 0.01 + 0.2 * Math.max(0, truth)),
  },
  {
    name: "hill, 1 run in 20 collapses, DGD, 200 runs",
    tuning: "dgd",
    runs: 200,
    surface: withCollapses(0.05, hill(constant(0.05))),
  },
  { name: "3 configurations, noise 0.5, DGD, 12 runs", tuning: "dgd", runs: 12, surface: unrelated(3, 0.5) },
  { name: "3 configurations, noise 2, DGD, 12 runs", tuning: "dgd", runs: 12, surface: unrelated(3, 2) },
  { name: "8 configurations, noise 1, DGD, 40 runs", tuning: "dgd", runs: 40, surface: unrelated(8, 1) },
  { name: "8 configurations, noise 0.2, DGD, 40 runs", tuning: "dgd", runs: 40, surface: unrelated(8, 0.2) },
  { name: "20 equal configurations, DGD, 100 runs", tuning: "dgd", runs: 100, surface: unrelated(20, 1, 0) },
  { name: "100 configurations, noise 1, random, 300 runs", tuning: "random", runs: 300, surface: unrelated(100, 1) },
  { name: "hill, noise 0.3, random, 200 runs", tuning: "random", runs: 200, surface: hill(constant(0.3)) },
  { name: "40 configurations, noise 1, each once", tuning: "grid", runs: 40, surface: unrelated(40, 1) },
];

/** A standard normal draw (Box-Muller); 1 - u keeps the logarithm's argument above 0. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}
