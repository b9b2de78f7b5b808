import { circleOf } from "../conditions/activity.ts";
import { ConditionProblem } from "../conditions/condition-problem.ts";
import { spaceOf } from "../conditions/configuration-space.ts";
import { constraintsOf } from "../conditions/constraints.ts";
import { type Expression, namesIn } from "../conditions/expression.ts";
import { misuses } from "../conditions/kinds.ts";
import { parseCondition } from "../conditions/parse.ts";
import { type Hyperparameter, settingText, tunedConfiguration } from "../hyperparameter.ts";
import { nearestHint, type ProblemList } from "./problems.ts";
import type { Span } from "./source-text.ts";

/** A condition as written in the spec. */
export interface WrittenCondition {
  readonly text: string;
  /** Its place in the spec. */
  readonly at: Span;
}

/** Most conditions of one hyperparameter, of a job's `where` or of its `require`. */
const mostConditions = 100;

/** only_when and where concern hyperparameters, require concerns metrics. */
export type ConditionUse = "only_when" | "where" | "require";

/** Checks that conditions can be read and that all their names exist. Reports all problems, each at its place. */
export function checkConditions(
  conditions: readonly WrittenCondition[],
  hyperparameters: readonly Hyperparameter[],
  use: ConditionUse,
  problems: ProblemList,
): void {
  if (conditions.length > mostConditions) {
    const at = conditions[mostConditions]?.at;
    if (at !== undefined)
      problems.add(at, `${use} has ${conditions.length} conditions`, `at most ${mostConditions} are possible`);
    return;
  }
  for (const { text, at } of conditions) {
    for (const problem of problemsOf(text, hyperparameters, use)) {
      problems.add(placeIn(at, text, problem), `${use}: ${problem.message}`, ...problem.hints);
    }
  }
}

function problemsOf(text: string, hyperparameters: readonly Hyperparameter[], use: ConditionUse): ConditionProblem[] {
  let expression: Expression;
  try {
    expression = parseCondition(text);
  } catch (error) {
    if (error instanceof ConditionProblem) return [error];
    throw error;
  }
  const misnamed = misnamings(expression, hyperparameters, use);
  if (misnamed.length > 0) return misnamed;
  return misuses(expression, (name) => hyperparameters.find((each) => each.name === name));
}

function misnamings(
  expression: Expression,
  hyperparameters: readonly Hyperparameter[],
  use: ConditionUse,
): ConditionProblem[] {
  const known = hyperparameters.map(({ name }) => name);
  const names = namesIn(expression);
  const unknown = names.flatMap((name): ConditionProblem[] => {
    if (!name.isHyperparameter) {
      if (use === "require") return [];
      const hint = known.includes(name.name)
        ? `a hyperparameter has a star: *${name.name}`
        : `a hyperparameter has a star, as in *lr; a text has quotes: '${name.name}'`;
      return [new ConditionProblem(name, `${name.name} is no hyperparameter`, [hint])];
    }
    if (known.includes(name.name)) return [];
    const [nearest] = nearestHint(name.name, known);
    const listed =
      known.length === 0 ? "the spec defines none" : `there are: ${known.map((each) => `*${each}`).join(", ")}`;
    const minus = /[-.]/.test(name.name) ? ["put spaces around a minus sign: *a - 1"] : [];
    const hint = nearest === undefined ? listed : nearest.replaceAll('"', "").replace("mean ", "mean *");
    return [new ConditionProblem(name, `*${name.name} names no hyperparameter`, [hint, ...minus])];
  });
  if (unknown.length > 0) return unknown;
  const wanted = use === "require" ? names.some(({ isHyperparameter }) => !isHyperparameter) : names.length > 0;
  if (wanted) return [];
  const what = use === "require" ? "metric" : "hyperparameter";
  const example = { only_when: "*layers > 0", where: "*batch * *accum <= 512", require: "memory_gb <= 8" }[use];
  return [new ConditionProblem(expression, `this names no ${what}`, [`expected a condition such as "${example}"`])];
}

/** The part of the spec that the problem is about; the whole condition if the spec lacks its literal text. */
function placeIn(at: Span, text: string, { part }: ConditionProblem): Span {
  const { source, start, end } = at;
  const from = source.text.slice(start, end).indexOf(text);
  if (from < 0) return at;
  return { source, start: start + from + part.at, end: start + from + Math.max(part.end, part.at + 1) };
}

/** Hyperparameters, and by hyperparameter the place of its `&name` and its conditions. */
interface Conditional {
  readonly hyperparameters: readonly Hyperparameter[];
  readonly anchors: readonly Span[];
  readonly onlyWhen: readonly (readonly WrittenCondition[])[];
}

/** Checks `only_when` of all hyperparameters; call it once all of them are known. */
export function checkActivity({ hyperparameters, onlyWhen, anchors }: Conditional, problems: ProblemList): void {
  const before = problems.size;
  for (const conditions of onlyWhen) checkConditions(conditions, hyperparameters, "only_when", problems);
  if (problems.size > before) return;
  const circle = circleOf(hyperparameters);
  const [first = -1] = circle ?? [];
  const anchor = anchors[first];
  if (circle === undefined || anchor === undefined) return;
  const path = [...circle, first].map((i) => `*${hyperparameters[i]?.name}`).join(" needs ");
  const message = `only_when leads back to itself: ${path}`;
  problems.add(onlyWhen[first]?.[0]?.at ?? anchor, message, "one of them must not depend on the others");
}

/** Checks that `where` allows some configuration, and the tuned values in particular. */
export function checkAllowed(
  hyperparameters: readonly Hyperparameter[],
  where: readonly WrittenCondition[],
  problems: ProblemList,
): void {
  const [first] = where;
  if (first === undefined) return;
  const texts = where.map(({ text }) => text);
  const tuned = tunedConfiguration(hyperparameters);
  const number = constraintsOf(hyperparameters, texts).broken(tuned);
  const broken = where[number];
  if (broken === undefined) return;
  const { size, isExact } = spaceOf(hyperparameters, texts);
  if (isExact && size === 0n) {
    const all = spaceOf(hyperparameters).size;
    const which = where.length === 1 ? broken : first;
    problems.add(which.at, `where allows none of the ${all} configurations`, ...alone(hyperparameters, where));
    return;
  }
  const names = constraintsOf(hyperparameters, texts).tests[number]?.names ?? [];
  const settings = names.map((i) => {
    const { name = "", tuned: value = null } = hyperparameters[i] ?? {};
    return `*${name} is ${settingText(value)}`;
  });
  const hint = "a run outside a search has the tuned values, so where must allow them; change one of them";
  problems.add(broken.at, `the tuned values break where: ${settings.join(", ")}`, hint);
}

/** Hints on why nothing is allowed: which of several constraints allow nothing by themselves. */
function alone(hyperparameters: readonly Hyperparameter[], where: readonly WrittenCondition[]): string[] {
  if (where.length === 1) return ["loosen it, or list other values"];
  const impossible = where.filter(({ text }) => {
    const { size, isExact } = spaceOf(hyperparameters, [text]);
    return isExact && size === 0n;
  });
  return impossible.length === 0
    ? ["each allows some, but no configuration passes all of them"]
    : impossible.map(({ text }) => `nothing passes: ${text}`);
}
