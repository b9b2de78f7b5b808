import type { CompletedRuns } from "../../shared/domain/evaluation/completed-runs.ts";
import { searchHistory } from "../../shared/domain/evaluation/history.ts";
import { verdictOf } from "../../shared/domain/evaluation/verdict.ts";
import { SearchModel } from "../../shared/domain/model/search-model.ts";
import { childRunName } from "../../shared/domain/names.ts";
import { rngFrom } from "../../shared/domain/rng.ts";
import { RunSetIndex } from "../../shared/domain/run-sets/run-set.ts";
import { type CompletedRun, inColumns } from "../support/stories/completed-runs.ts";
import { tutorialHyperparameters } from "../support/stories/search.ts";
import { bestMeasured, type Scenario, scenarios, simulate } from "../support/stories/simulated-searches.ts";

const usage =
  "bench evaluation [seeds] [draws] [words]: searches of each kind, 0 for none, 100 when left out; draws of a verdict, 1000 when left out; only kinds whose name holds one of the words";

/**
 * Measures how long it takes to evaluate a search, and how often the verdict's 90% intervals contain the truth: on
 * simulated searches with known truths, see test/support/stories/simulated-searches.ts.
 */
export async function run(args: string[]): Promise<void> {
  const seeds = Number(args[0] ?? 100);
  const draws = Number(args[1] ?? 1000);
  const [, , ...words] = args;
  const chosen = scenarios.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const isGood = Number.isInteger(seeds) && seeds >= 0 && Number.isInteger(draws) && draws > 0 && chosen.length > 0;
  if (!isGood) throw new RangeError(`expected ${usage}`);
  if (words.length === 0) speed();
  if (seeds > 0) calibration(chosen, seeds, draws);
}

function speed(): void {
  console.log("runs        configurations    history, CPU s    verdict, CPU s");
  for (const count of [1_000, 10_000, 100_000, 1_000_000]) {
    const runs = longSearch(count);
    const before = process.cpuUsage();
    searchHistory(runs, tutorialHyperparameters);
    const between = process.cpuUsage();
    const verdict = verdictOf(runs, modelOf(runs), tutorialHyperparameters, { seed: "bench" });
    const historySeconds = cpuSeconds(before, between);
    const verdictSeconds = cpuSeconds(between, process.cpuUsage());
    console.log(
      `${String(count).padEnd(12)}${String(verdict?.configurations).padStart(14)}${historySeconds.padStart(18)}${verdictSeconds.padStart(18)}`,
    );
  }
}

function modelOf(runs: CompletedRuns): SearchModel {
  const index = new RunSetIndex();
  for (let i = 0; i < runs.length; i += 1) {
    const configuration = runs.configuration(runs.sets[i] ?? -1);
    index.started(configuration);
    index.completed(configuration, runs.hpmax[i] ?? Number.NaN, runs.run(i));
  }
  return new SearchModel(tutorialHyperparameters, index);
}

const cpuSeconds = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): string =>
  ((to.user + to.system - from.user - from.system) / 1e6).toFixed(2);

/** A search that narrows down: more and more of its runs are near one configuration. */
function longSearch(count: number): CompletedRuns {
  const rng = rngFrom("long search");
  const runs = Array.from({ length: count }, (_, i): CompletedRun => {
    const isNear = rng.uniform() < i / count;
    const configuration = tutorialHyperparameters.map(({ values }, dial) => {
      const middle = values.length >> 1;
      if (!isNear) return rng.below(values.length);
      return dial < 3 ? Math.min(values.length - 1, Math.max(0, middle - 1 + rng.below(3))) : middle;
    });
    const off = configuration.reduce((sum, position, dial) => {
      return sum + Math.abs(position - ((tutorialHyperparameters[dial]?.values.length ?? 0) >> 1));
    }, 0);
    return { run: childRunName(1, i + 1), configuration, hpmax: 0.05 * Math.exp(-off / 4) + 0.01 * rng.uniform() };
  });
  return inColumns(runs);
}

function calibration(chosen: readonly Scenario[], seeds: number, draws: number): void {
  console.log(`\n90% intervals of the leader's true mean, ${seeds} searches each, ${draws} draws\n`);
  console.log(
    "| searches | configurations | runs of the leader | truth in the interval | below | above | original's | its error, in sd of a run | model's | its error | ours | chance of a better one: said | seen | gain: said | seen | told to stop | gain missed then |",
  );
  console.log(
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  );
  for (const scenario of chosen) console.log(calibrationRow(scenario, seeds, draws));
}

function calibrationRow(scenario: Scenario, seeds: number, draws: number): string {
  const rows = Array.from({ length: seeds }, (_, i) => {
    const { surface, completed, verdict, expected } = simulate(scenario, i + 1, draws);
    const truth = surface.truth(verdict.leader);
    const { low, high } = verdict.interval;
    const last = searchHistory(inColumns(completed), surface.hyperparameters).rows.at(-1);
    const ofOriginal = surface.truth(last?.configuration ?? []);
    const estimate = last?.estHpmax ?? Number.NaN;
    const half = 1.6449 * (last?.sd ?? 0);
    const best = bestMeasured(surface, completed);
    return {
      configurations: verdict.configurations,
      runs: verdict.runs,
      below: truth < low,
      above: truth > high,
      original: Math.abs(ofOriginal - estimate) <= half,
      originalError: (estimate - ofOriginal) / verdict.noise,
      model: Math.abs(truth - expected.hpmax) <= 1.6449 * expected.stDev,
      modelError: (expected.hpmax - truth) / verdict.noise,
      error: (verdict.estimate - truth) / verdict.noise,
      chance: verdict.chanceOfBetter,
      better: best > truth,
      gain: verdict.expectedGain / verdict.noise,
      seenGain: (best - truth) / verdict.noise,
      mayStop: verdict.doubts.length === 0,
    };
  });
  const mean = (value: (row: (typeof rows)[number]) => number | boolean): number =>
    rows.reduce((sum, row) => sum + Number(value(row)), 0) / rows.length;
  const percent = (value: (row: (typeof rows)[number]) => number | boolean): string =>
    `${Math.round(100 * mean(value))}%`;
  const stopped = rows.filter(({ mayStop }) => mayStop);
  const cells = [
    scenario.name,
    mean(({ configurations }) => configurations).toFixed(0),
    mean(({ runs }) => runs).toFixed(1),
    percent(({ below, above }) => !below && !above),
    percent(({ below }) => below),
    percent(({ above }) => above),
    percent(({ original }) => original),
    mean(({ originalError }) => originalError).toFixed(2),
    percent(({ model }) => model),
    mean(({ modelError }) => modelError).toFixed(2),
    mean(({ error }) => error).toFixed(2),
    percent(({ chance }) => chance),
    percent(({ better }) => better),
    mean(({ gain }) => gain).toFixed(2),
    mean(({ seenGain }) => seenGain).toFixed(2),
    percent(({ mayStop }) => mayStop),
    stopped.length === 0 ? "" : (stopped.reduce((sum, row) => sum + row.seenGain, 0) / stopped.length).toFixed(2),
  ];
  return `| ${cells.join(" | ")} |`;
}
