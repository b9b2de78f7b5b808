import { studentQuantile } from "../../../shared/domain/evaluation/measured-again.ts";
import { Moments } from "../../../shared/domain/statistics.ts";
import type { Outcome, Rule, Task } from "./measuring.ts";
import { simpleRules } from "./recommending.ts";

/** A mean, and half the width of its 95% confidence interval (Student's); NaN for fewer than two values. */
export interface Estimate {
  readonly mean: number;
  readonly half: number;
  readonly count: number;
}

export function estimateOf(values: readonly number[]): Estimate {
  const moments = new Moments();
  for (const value of values) moments.add(value);
  const { count, mean, sampleVariance } = moments;
  const half = count < 2 ? Number.NaN : studentQuantile(0.95, count - 1) * Math.sqrt(sampleVariance / count);
  return { mean: count === 0 ? Number.NaN : mean, half, count };
}

/** One cell of the table: a search's findings on a surface at one number of workers, after `budget` runs. */
export interface Cell {
  readonly budget: number;
  readonly rule: Rule;
  readonly regret: Estimate;
  readonly excess: Estimate;
}

export interface Row {
  readonly surface: string;
  readonly search: string;
  readonly workers: number;
  readonly seeds: number;
  readonly cells: readonly Cell[];
  readonly cpuMsPerChoice: number;
}

/**
 * A row for each surface, search and number of workers, in order of first appearance.
 *
 * A search with its own rule of recommendation is judged by it. For the others each cell has the best of the simple
 * rules, which favours them.
 *
 * @param isJudgedByOwn  whether a search is judged by its own rule
 */
export function summarise(outcomes: readonly Outcome[], isJudgedByOwn: (search: string) => boolean): Row[] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { surface, search, workers } = outcome.task;
    const key = JSON.stringify([surface, workers, search]);
    const group = groups.get(key);
    if (group) group.push(outcome);
    else groups.set(key, [outcome]);
  }
  return [...groups.values()].flatMap((group) => rowOf(group, isJudgedByOwn));
}

function rowOf(group: readonly Outcome[], isJudgedByOwn: (search: string) => boolean): Row[] {
  const [first] = group;
  if (!first) return [];
  const { surface, search, workers, budgets } = first.task satisfies Task;
  const rules: readonly Rule[] = isJudgedByOwn(search) ? ["own"] : [...simpleRules, "own"];
  const cells = budgets.flatMap((budget, i): Cell[] => {
    const candidates = rules.map((rule): Cell => {
      const found = group.flatMap((outcome) => outcome.found[i]?.[rule] ?? []);
      return {
        budget,
        rule,
        regret: estimateOf(found.map(({ regret }) => regret)),
        excess: estimateOf(found.map(({ excess }) => excess)),
      };
    });
    const best = candidates
      .filter(({ regret }) => regret.count > 0)
      .reduce<Cell | undefined>((a, b) => (a && a.regret.mean <= b.regret.mean ? a : b), undefined);
    return best ? [best] : [];
  });
  const choices = group.reduce((sum, each) => sum + each.choices, 0);
  const cpuMs = group.reduce((sum, each) => sum + each.cpuMs, 0);
  return [{ surface, search, workers, seeds: group.length, cells, cpuMsPerChoice: cpuMs / choices }];
}
