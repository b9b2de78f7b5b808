import { compiled, type Evaluation, truth } from "../conditions/evaluate.ts";
import { type Expression, type Name, namesIn } from "../conditions/expression.ts";
import { readCondition } from "../conditions/parse.ts";
import type { Hyperparameter } from "../hyperparameter.ts";
import { hasResult } from "./rejection.ts";
import type { Trial } from "./trial.ts";

/** What a result is judged by. */
type Judged = Pick<Trial, "metrics" | "configuration" | "hpmax" | "iters">;

/** Why a run outside a journal is infeasible; "" if it is not. `metrics`: last value of every column by name. */
export function whyInfeasible(
  require: readonly string[],
  hyperparameters: readonly Hyperparameter[],
  run: Omit<Judged, "metrics"> & { readonly metrics: Readonly<Record<string, number>> },
): string {
  const feasibility = new Feasibility(Object.keys(run.metrics));
  feasibility.require(require, hyperparameters);
  return feasibility.why({ ...run, metrics: Object.values(run.metrics) });
}

interface Requirement {
  readonly text: string;
  readonly names: readonly Name[];
  readonly holds: Evaluation<Judged>;
}

/** Names for numbers of a run that are not metrics of a stage. */
const own: Readonly<Record<string, (run: Judged) => number | null>> = {
  hpmax: ({ hpmax }) => hpmax,
  iters: ({ iters }) => iters,
};

/**
 * Which completed runs meet what a job requires of its metrics (`require`). Each result is judged when somebody asks,
 * so that neither journal nor memory holds the answer.
 *
 * A run is feasible only if every requirement surely holds; a requirement whose metric was not reported does not.
 */
export class Feasibility {
  /** Names of the job's metric columns, a list that grows. */
  readonly #columns: readonly string[];
  #requirements: readonly Requirement[] = [];
  #hyperparameters: readonly Hyperparameter[] = [];
  /** Metric -> its columns, the last stage first; valid while there are `#placed` columns. */
  readonly #places = new Map<string, readonly number[]>();
  #placed = 0;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  /** Whether anything is required. */
  get isAsked(): boolean {
    return this.#requirements.length > 0;
  }

  /** Requires this from now on. */
  require(texts: readonly string[], hyperparameters: readonly Hyperparameter[]): void {
    this.#hyperparameters = hyperparameters;
    this.#requirements = texts.flatMap((text): Requirement[] => {
      const expression: Expression | undefined = readCondition(text);
      // In a checked spec, every requirement can be read.
      if (expression === undefined) return [];
      return [{ text, names: namesIn(expression), holds: compiled(expression, (name) => this.#reader(name)) }];
    });
  }

  isFeasible(run: Judged): boolean {
    return this.#requirements.every(({ holds }) => truth(holds(run)) === true);
  }

  /** Gives a trial that has a result its status, unless the result was rejected. */
  judge(trial: Trial): void {
    if (!hasResult(trial) || trial.rejected !== null) return;
    trial.status = this.isFeasible(trial) ? "completed" : "infeasible";
  }

  /** Why the run is infeasible: `memory_gb <= 8 (memory_gb is 9.1)`, ...; "" if it is not. */
  why(run: Judged): string {
    return this.#requirements
      .filter(({ holds }) => truth(holds(run)) !== true)
      .map(({ text, names }) => {
        const metrics = [...new Set(names.filter(({ isHyperparameter }) => !isHyperparameter).map(({ name }) => name))];
        const values = metrics.map((name) => {
          const value = this.#metric(run, name);
          return value === undefined ? `${name} was not reported` : `${name} is ${Number(value.toPrecision(6))}`;
        });
        return `${text} (${values.join(", ")})`;
      })
      .join("; ");
  }

  /** Required metrics that no run has reported. */
  get unreported(): readonly string[] {
    const names = this.#requirements.flatMap((each) => each.names.filter(({ isHyperparameter }) => !isHyperparameter));
    return [...new Set(names.map(({ name }) => name))].filter(
      (name) => !Object.hasOwn(own, name) && this.#columnsOf(name).length === 0,
    );
  }

  #reader({ name, isHyperparameter }: Name): Evaluation<Judged> {
    if (!isHyperparameter) return (run) => this.#metric(run, name);
    const i = this.#hyperparameters.findIndex((each) => each.name === name);
    const values = this.#hyperparameters[i]?.values ?? [];
    return ({ configuration }) => values[configuration[i] ?? -1];
  }

  /** Undefined if the run has no value of it. */
  #metric(run: Judged, name: string): number | undefined {
    if (Object.hasOwn(own, name)) return own[name]?.(run) ?? undefined;
    for (const column of this.#columnsOf(name)) {
      const value = run.metrics[column];
      if (value !== undefined && !Number.isNaN(value)) return value;
    }
    return undefined;
  }

  #columnsOf(name: string): readonly number[] {
    if (this.#placed !== this.#columns.length) {
      this.#places.clear();
      this.#placed = this.#columns.length;
    }
    let found = this.#places.get(name);
    if (found === undefined) {
      const stageOf = (column: string): number => Number(/^s(\d+)-/.exec(column)?.[1] ?? 0);
      found = this.#columns
        .flatMap((column, i) => (column === name || column.replace(/^s\d+-/, "") === name ? [{ i, column }] : []))
        .sort((a, b) => stageOf(b.column) - stageOf(a.column))
        .map(({ i }) => i);
      this.#places.set(name, found);
    }
    return found;
  }
}
