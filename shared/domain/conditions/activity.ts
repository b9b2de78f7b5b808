import type { Configuration, Hyperparameter, Setting } from "../hyperparameter.ts";
import { compiled, type Evaluation, truth } from "./evaluate.ts";
import { type Name, namesIn } from "./expression.ts";
import { readCondition } from "./parse.ts";

/**
 * Which hyperparameters a configuration uses. A hyperparameter with `only_when` is active where all its conditions
 * hold. Elsewhere it has no effect and keeps its tuned value, so that configurations that run alike are one run set.
 *
 * A condition that rests on an inactive hyperparameter is unknown, so what depends on it is inactive as well.
 */
export interface Activity {
  /** By hyperparameter: 1 if it has conditions. */
  readonly isConditional: Uint8Array;
  /** By hyperparameter: numbers of the hyperparameters that its conditions name. */
  readonly parents: readonly (readonly number[])[];
  /** Sets inactive hyperparameters to their tuned values, in place. Returns, by hyperparameter, 1 if it is active. */
  settle(configuration: number[]): Uint8Array;
}

/** What a condition between hyperparameters is asked about. */
export interface Situation {
  readonly configuration: Configuration;
  /** By hyperparameter: 1 if it is active. */
  readonly active: Uint8Array;
}

/** A condition in its compiled form. */
export interface Test {
  /** Numbers of the hyperparameters that it names. */
  readonly names: readonly number[];
  /** Undefined if unknown, for instance because it rests on an inactive hyperparameter. */
  holds(situation: Situation): boolean | undefined;
}

const known = new WeakMap<readonly Hyperparameter[], Activity | null>();

/** Null if every hyperparameter is always active. Cached by the list. */
export function activityOf(hyperparameters: readonly Hyperparameter[]): Activity | null {
  let found = known.get(hyperparameters);
  if (found === undefined) {
    found = hyperparameters.some(({ onlyWhen }) => onlyWhen !== undefined && onlyWhen.length > 0)
      ? made(hyperparameters)
      : null;
    known.set(hyperparameters, found);
  }
  return found;
}

/** The configuration with every inactive hyperparameter at its tuned value; the same array if nothing changes. */
export function canonical(hyperparameters: readonly Hyperparameter[], configuration: Configuration): Configuration {
  const activity = activityOf(hyperparameters);
  if (activity === null) return configuration;
  const settled = [...configuration];
  activity.settle(settled);
  return settled.every((position, i) => position === configuration[i]) ? configuration : settled;
}

/** By hyperparameter, whether the configuration uses it. */
export function activeIn(hyperparameters: readonly Hyperparameter[], configuration: Configuration): readonly boolean[] {
  const activity = activityOf(hyperparameters);
  if (activity === null) return hyperparameters.map(() => true);
  return Array.from(activity.settle([...configuration]), (flag) => flag === 1);
}

/** The settings that a configuration uses, in spec order; undefined for an inactive hyperparameter. */
export function usedSettings(
  hyperparameters: readonly Hyperparameter[],
  configuration: Configuration,
): (Setting | undefined)[] {
  const active = activityOf(hyperparameters)?.settle([...configuration]);
  return hyperparameters.map(({ values }, i) => (active?.[i] === 0 ? undefined : values[configuration[i] ?? -1]));
}

/** Hyperparameters whose conditions form a circle, each before one that it rests on; undefined if there is none. */
export function circleOf(hyperparameters: readonly Hyperparameter[]): readonly number[] | undefined {
  const parents = hyperparameters.map((each) => parentsOf(hyperparameters, each));
  return orderOf(parents).circle;
}

/** Maximum number of combinations of settings tried to find out whether a hyperparameter can be active. */
const mostTried = 10_000;

/** Hyperparameters that no combination of settings makes active; not those with more than `mostTried` combinations. */
export function neverActive(hyperparameters: readonly Hyperparameter[]): readonly number[] {
  const active = new Uint8Array(hyperparameters.length).fill(1);
  return hyperparameters.flatMap(({ onlyWhen = [] }, number) => {
    const tests = onlyWhen.map((text) => testOf(hyperparameters, text));
    const names = [...new Set(tests.flatMap((test) => test.names))];
    const lengths = names.map((i) => hyperparameters[i]?.values.length ?? 1);
    const combinations = lengths.reduce((product, length) => product * length, 1);
    if (tests.length === 0 || combinations > mostTried) return [];
    const configuration = hyperparameters.map(() => 0);
    for (let combination = 0; combination < combinations; combination += 1) {
      let left = combination;
      for (const [at, i] of names.entries()) {
        const length = lengths[at] ?? 1;
        configuration[i] = left % length;
        left = Math.floor(left / length);
      }
      if (tests.every((test) => test.holds({ configuration, active }) === true)) return [];
    }
    return [number];
  });
}

/** Compiles a condition; an unreadable one (never in a checked spec) is always unknown. */
export function testOf(hyperparameters: readonly Hyperparameter[], text: string): Test {
  const expression = readCondition(text);
  if (expression === undefined) return { names: [], holds: () => undefined };
  const numbers = numbersOf(hyperparameters);
  const evaluation = compiled<Situation>(expression, (name) => settingReader(hyperparameters, numbers, name));
  return {
    names: [...new Set(namesIn(expression).flatMap(({ name }) => numbers.get(name) ?? []))],
    holds: (situation) => truth(evaluation(situation)),
  };
}

function made(hyperparameters: readonly Hyperparameter[]): Activity {
  const parents = hyperparameters.map((each) => parentsOf(hyperparameters, each));
  const tests = hyperparameters.map(({ onlyWhen = [] }) => onlyWhen.map((text) => testOf(hyperparameters, text)));
  const tuned = hyperparameters.map((each) => Math.max(0, each.values.indexOf(each.tuned)));
  const { order } = orderOf(parents);
  const conditional = order.filter((i) => (tests[i]?.length ?? 0) > 0);
  return {
    isConditional: Uint8Array.from(tests, ({ length }) => (length > 0 ? 1 : 0)),
    parents,
    settle(configuration) {
      const active = new Uint8Array(configuration.length).fill(1);
      const situation = { configuration, active };
      for (const i of conditional) {
        if (tests[i]?.every((test) => test.holds(situation) === true)) continue;
        active[i] = 0;
        configuration[i] = tuned[i] ?? 0;
      }
      return active;
    },
  };
}

/** Parents before children. A circle, which no checked spec has, is cut open. */
function orderOf(parents: readonly (readonly number[])[]): { order: number[]; circle: number[] | undefined } {
  const order: number[] = [];
  const state = new Uint8Array(parents.length);
  let circle: number[] | undefined;
  const visit = (i: number, path: number[]): void => {
    if (state[i] === 2) return;
    if (state[i] === 1) {
      circle ??= path.slice(path.indexOf(i));
      return;
    }
    state[i] = 1;
    for (const parent of parents[i] ?? []) visit(parent, [...path, i]);
    state[i] = 2;
    order.push(i);
  };
  for (const i of parents.keys()) visit(i, []);
  return { order, circle };
}

function parentsOf(hyperparameters: readonly Hyperparameter[], { onlyWhen = [] }: Hyperparameter): number[] {
  const numbers = numbersOf(hyperparameters);
  const names = onlyWhen.flatMap((text) => {
    const expression = readCondition(text);
    return expression === undefined ? [] : namesIn(expression);
  });
  return [...new Set(names.flatMap(({ name }) => numbers.get(name) ?? []))];
}

function numbersOf(hyperparameters: readonly Hyperparameter[]): Map<string, number> {
  return new Map(hyperparameters.map(({ name }, i) => [name, i]));
}

function settingReader(
  hyperparameters: readonly Hyperparameter[],
  numbers: ReadonlyMap<string, number>,
  { name, isHyperparameter }: Name,
): Evaluation<Situation> {
  const i = isHyperparameter ? numbers.get(name) : undefined;
  if (i === undefined) return () => undefined;
  const values = hyperparameters[i]?.values ?? [];
  return ({ configuration, active }) => {
    const value = active[i] === 1 ? values[configuration[i] ?? -1] : undefined;
    return typeof value === "number" && Number.isNaN(value) ? undefined : value;
  };
}
