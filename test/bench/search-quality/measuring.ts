import { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { surfaceFor } from "./catalogue.ts";
import { type Recommendation, recommendedBy, type SimpleRule, simpleRules } from "./recommending.ts";
import { ownSearcher, ownSearches, type Searcher } from "./searcher.ts";
import type { Surface } from "./surface.ts";
import { simulateSwarm } from "./swarm.ts";

/** One search of one surface. */
export interface Task {
  readonly surface: string;
  readonly search: string;
  readonly workers: number;
  readonly seed: number;
  /** Completed runs after which the search is asked what it recommends; ascending. */
  readonly budgets: readonly number[];
}

/** What a search had found at one budget, by one rule. */
export interface Found {
  /** Best true mean less that of the recommended configuration. */
  readonly regret: number;
  /** Estimated less true mean of the recommended configuration. */
  readonly excess: number;
}

/** `own`: the search's own recommendation. */
export type Rule = "own" | SimpleRule;

export interface Outcome {
  readonly task: Task;
  /** In the order of the budgets. */
  readonly found: readonly Readonly<Partial<Record<Rule, Found>>>[];
  readonly choices: number;
  readonly cpuMs: number;
}

/** Opens the search of a peer. */
export type OpenPeer = (search: string, surface: Surface, seed: number) => Promise<Searcher>;

/** Runs one search to its last budget. The same task gives the same outcome, except its CPU time. */
export async function measure(task: Task, openPeer?: OpenPeer): Promise<Outcome> {
  const surface = surfaceFor(task.surface, task.seed);
  const runSets = new RunSetIndex();
  const own = Object.hasOwn(ownSearches, task.search) ? ownSearches[task.search] : undefined;
  const searcher = own
    ? ownSearcher(own, surface, runSets, task.seed)
    : await openPeer?.(task.search, surface, task.seed);
  if (!searcher) throw new RangeError(`no search "${task.search}"`);
  const found: Partial<Record<Rule, Found>>[] = [];
  let choices = 0;
  await simulateSwarm(surface, runSets, task, {
    choose(n) {
      choices = n;
      return searcher.choose(n);
    },
    async completed(run, hpmax) {
      await searcher.completed?.(run.n, hpmax);
      searcher.ended?.();
    },
    async reached() {
      const at: Partial<Record<Rule, Found>> = {};
      const note = (rule: Rule, recommendation: Recommendation | null): void => {
        if (recommendation === null) return;
        const truth = surface.truth(recommendation.configuration);
        at[rule] = { regret: surface.best - truth, excess: recommendation.estimate - truth };
      };
      for (const rule of simpleRules) note(rule, recommendedBy(rule, runSets));
      note("own", await searcher.recommend());
      found.push(at);
    },
  });
  return { task, found, choices, cpuMs: searcher.cpuMs };
}
