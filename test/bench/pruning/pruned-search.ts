import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../../shared/domain/model/current-model.ts";
import { isLearningDue } from "../../../shared/domain/model/search-model.ts";
import { KeptBeliefs } from "../../../shared/domain/pruning/beliefs.ts";
import { JobPruner } from "../../../shared/domain/pruning/job-pruner.ts";
import type { Predicted } from "../../../shared/domain/pruning/predicted.ts";
import type { PrunerName } from "../../../shared/domain/pruning/pruner-names.ts";
import { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../../shared/domain/search/choice-queue.ts";
import type { SearchView } from "../../../shared/domain/search/search.ts";
import { createSearch } from "../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../shared/domain/seeds.ts";
import { surfaceFor } from "../search-quality/catalogue.ts";
import { hpmaxOf } from "../search-quality/surface.ts";
import { type SimulatedRun, simulateSwarm } from "../search-quality/swarm.ts";

/** One search of one surface of learning curves, with one pruner. */
export interface PrunedTask {
  readonly surface: string;
  readonly search: "dgd" | "random";
  readonly pruner: PrunerName;
  readonly workers: number;
  readonly seed: number;
  /** In units of a whole run's iterations, ascending. */
  readonly budgets: readonly number[];
}

export interface PrunedOutcome {
  readonly task: PrunedTask;
  /** At each budget: best true mean less that of the recommended configuration. */
  readonly regrets: readonly number[];
  /** Runs that were started, and how many of them were pruned. */
  readonly runs: number;
  readonly pruned: number;
  /** Predicted less actual hpmax, for each pruned run with a prediction. */
  readonly errors: readonly number[];
  readonly best: number;
  readonly cpuMs: number;
}

/** Runs one search as the leader does, with the same pruner, beliefs, choices and plans, on a simulated clock. */
export async function measurePruned(task: PrunedTask): Promise<PrunedOutcome> {
  const { seed, search, pruner: name } = task;
  const surface = surfaceFor(task.surface, seed);
  const { hyperparameters } = surface;
  const runSets = new RunSetIndex();
  const model = new CurrentModel(() => ({ hyperparameters, runSets }));
  const view: SearchView = { hyperparameters, runSets, seed, model, isExcluded: () => false };
  const queue = new ChoiceQueue(createSearch(search));
  const beliefs = new KeptBeliefs(() => model.now);
  const configurations: Configuration[] = [];
  const pruner = new JobPruner(name, seed, {
    stage: 1,
    configurationOf: (n) => configurations[n - 1] ?? [],
    beliefs: () => beliefs.now(runSets.totals.ended, hyperparameters),
  });
  const heard = new Map<number, number>();
  const predictions = new Map<number, Predicted>();
  const regrets: number[] = [];
  const errors: number[] = [];
  let pruned = 0;

  const hear = ({ n, values }: SimulatedRun): void => {
    const from = heard.get(n) ?? 0;
    heard.set(n, values.length);
    pruner.report(
      n,
      values.slice(from).map((value, i) => [1, from + i + 1, 0, [value], [1]] as const),
    );
  };
  const ended = (): void => {
    const { completed, ended: all } = runSets.totals;
    if (isLearningDue(completed, model.learned)) model.learned = model.now?.learned(model.learned, completed);
    if (queue.isDue(view)) queue.plan(view, planRng(seed, all));
  };
  const before = process.cpuUsage();
  await simulateSwarm(surface, runSets, task, {
    choose(n) {
      const choice = queue.next(view, n, choiceRng(seed, n));
      if (choice === null) throw new Error(`the search chose nothing for trial ${n}`);
      configurations.push(choice.configuration);
      return choice.configuration;
    },
    completed(run, hpmax) {
      hear(run);
      pruner.completed(run.n, hpmax);
      ended();
    },
    stops(run) {
      hear(run);
      const verdict = pruner.judge(run.n);
      if (verdict?.predicted) {
        predictions.set(run.n, verdict.predicted);
        errors.push(verdict.predicted.hpmax - hpmaxOf(surface.hpmaxIs, run.whole));
      }
      return verdict !== undefined;
    },
    stopped({ n, configuration }) {
      pruned += 1;
      pruner.forget(n);
      runSets.endedOtherwise(configuration);
      const predicted = predictions.get(n);
      if (predicted) runSets.predicted(configuration, predicted);
      ended();
    },
    reached() {
      const best = model.now?.best.runSet.configuration;
      regrets.push(surface.best - (best ? surface.truth(best) : 0));
    },
  });
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  return { task, regrets, runs: configurations.length, pruned, errors, best: surface.best, cpuMs };
}
