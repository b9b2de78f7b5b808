import type { Configuration, Hyperparameter, Setting } from "../../shared/domain/hyperparameter.ts";
import { childRunName } from "../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import { RunSetIndex } from "../../shared/domain/run-sets/run-set.ts";
import { standings } from "../../shared/domain/run-sets/standings.ts";
import type { Search } from "../../shared/domain/search/search.ts";
import { createSearch } from "../../shared/domain/search/searches.ts";
import { choiceRng } from "../../shared/domain/seeds.ts";
import { golden } from "../support/golden.ts";
import { ordered, viewOf } from "../support/stories/search.ts";

interface SurfaceFile {
  readonly hyperparameters: readonly { readonly name: string; readonly values: readonly Setting[] }[];
  /** One row per configuration in row-major order: the accuracies of its seeds. */
  readonly results: readonly (readonly number[])[];
}

interface Surface {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly rowOf: (configuration: Configuration) => readonly number[];
  readonly best: number;
}

const searches: readonly [name: string, search: Search][] = [
  ["random", createSearch("random")],
  ["DGD, published rule", createSearch("dgd", { dgd: { countInFlight: false } })],
  ["DGD, in flight counted", createSearch("dgd", { dgd: { countInFlight: true } })],
];

/** Completed runs after which the search is asked what it recommends. */
const checkpoints = [100, 250, 500, 1000, 2000];
const workers = 100;
/** The same simulation with other programs, 60 and 30 seeds: the original's DGD rule in Python, and Optuna 4.1.0; 2026-11. */
const reference: readonly [name: string, cells: readonly string[]][] = [
  [
    "in Python: random",
    ["0.0139 +- 0.0012", "0.0105 +- 0.0007", "0.0092 +- 0.0007", "0.0076 +- 0.0006", "0.0062 +- 0.0005"],
  ],
  [
    "in Python: DGD",
    ["0.0114 +- 0.0011", "0.0058 +- 0.0004", "0.0039 +- 0.0003", "0.0027 +- 0.0002", "0.0021 +- 0.0002"],
  ],
  ["Optuna: TPE, categorical", ["0.0127 +- 0.0024", "0.0066 +- 0.0009", "0.0034 +- 0.0004"]],
];

const padded = (cell: string): string => cell.padStart(19);
const usage = "bench search-quality [seeds], at least 2; 200 when left out";

/**
 * How good the configuration is that each search recommends: the mean of the best configuration of a real surface less the
 * mean of the recommended one, which is the top of the standings. Gradient boosting on breast cancer, 1,350 configurations
 * of 8 seeds; a run draws one of its configuration's 8 results. 100 asynchronous workers, lognormal run times (sd 0.25).
 */
export async function run(args: string[]): Promise<void> {
  const seeds = Number(args[0] ?? 200);
  if (!Number.isInteger(seeds) || seeds < 2 || args.length > 1) throw new RangeError(`expected ${usage}`);
  const surface = readSurface();
  console.log(
    `regret of the recommended configuration, mean +- standard error over ${seeds} seeds, ${workers} workers`,
  );
  console.log(["".padEnd(24), ...checkpoints.map((n) => padded(`n=${n}`))].join(""));
  const regrets = searches.map(([name, search]) => {
    const bySeed = Array.from({ length: seeds }, (_, seed) => regretsOf(search, surface, seed + 1));
    const columns = checkpoints.map((_, i) => bySeed.map((row) => row[i] ?? Number.NaN));
    printRow(name, columns);
    return columns;
  });
  const [, published, counted] = regrets;
  const differences = checkpoints.map((_, i) => {
    return (counted?.[i] ?? []).map((regret, seed) => regret - (published?.[i]?.[seed] ?? Number.NaN));
  });
  printRow("counted - published", differences);
  for (const [name, cells] of reference) console.log([name.padEnd(24), ...cells.map(padded)].join(""));
}

/** One search of as many runs as the last checkpoint; its regret at each. */
function regretsOf(search: Search, surface: Surface, seed: number): number[] {
  const runSets = new RunSetIndex();
  const view = viewOf(surface.hyperparameters, runSets);
  // The surface's luck and the workers' speed depend on the seed alone; what differs between searches is what they choose.
  const luck = rngFrom(`luck ${seed}`);
  const speed = rngFrom(`speed ${seed}`);
  const busy: { until: number; configuration: Configuration }[] = [];
  const regrets: number[] = [];
  let n = 0;
  const startOne = (now: number) => {
    const choice = search.choose(view, ++n, choiceRng(seed, n));
    if (choice === null) throw new Error("the search chose nothing");
    runSets.started(choice.configuration);
    busy.push({ until: now + Math.exp(0.25 * normal(speed)), configuration: choice.configuration });
  };
  for (let worker = 0; worker < workers; worker++) startOne(0);
  for (let completed = 1; completed <= (checkpoints.at(-1) ?? 0); completed++) {
    const next = busy.reduce((first, each, i) => (each.until < (busy[first]?.until ?? 0) ? i : first), 0);
    const [finished] = busy.splice(next, 1);
    if (finished === undefined) throw new Error("no worker is busy");
    const row = surface.rowOf(finished.configuration);
    runSets.completed(finished.configuration, row[luck.below(row.length)] ?? Number.NaN, childRunName(1, completed));
    if (checkpoints.includes(completed)) regrets.push(surface.best - recommended(surface, runSets));
    startOne(finished.until);
  }
  return regrets;
}

/** True mean of the configuration that leads the standings. */
function recommended(surface: Surface, runSets: RunSetIndex): number {
  const [first] = standings(runSets, surface.hyperparameters, { top: 1 });
  if (first === undefined) throw new Error("nothing has completed");
  return meanOf(surface.rowOf(first.runSet.configuration));
}

function readSurface(): Surface {
  const file = golden<SurfaceFile>("surface-gbm-breast-cancer.json");
  const hyperparameters = file.hyperparameters.map(({ name, values }) => ordered(name, values));
  const rowOf = (configuration: Configuration) => {
    const row = configuration.reduce((at, position, i) => at * (hyperparameters[i]?.values.length ?? 1) + position, 0);
    return file.results[row] ?? [];
  };
  return { hyperparameters, rowOf, best: Math.max(...file.results.map(meanOf)) };
}

/** Box and Muller's; 1 - u keeps the logarithm away from 0. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.uniform())) * Math.cos(2 * Math.PI * rng.uniform());
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function printRow(name: string, columns: readonly (readonly number[])[]): void {
  const cells = columns.map((values) => {
    const mean = meanOf(values);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    return padded(`${mean.toFixed(4)} +- ${Math.sqrt(variance / values.length).toFixed(4)}`);
  });
  console.log([name.padEnd(24), ...cells].join(""));
}
