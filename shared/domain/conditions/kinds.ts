import type { Hyperparameter, Setting } from "../hyperparameter.ts";
import { ConditionProblem } from "./condition-problem.ts";
import { type Expression, partsOf } from "./expression.ts";

/** The kinds of value that a part of a condition can have. */
type Kind = "number" | "text" | "flag" | "none";

/** Finds a hyperparameter; undefined if there is none of that name, which is reported elsewhere. */
export type Dials = (name: string) => Hyperparameter | undefined;

const kindWords: Readonly<Record<Kind, string>> = {
  number: "a number",
  text: "a text",
  flag: "true or false",
  none: "none",
};

/**
 * Parts of a condition that can never be what they are used as: a sum with a text, a comparison of things that are never equal, a
 * text that a hyperparameter does not have. Such a condition would hold always or never, which nobody means.
 */
export function misuses(expression: Expression, dials: Dials): ConditionProblem[] {
  const problems: ConditionProblem[] = [];
  const mustBe = (part: Expression, allowed: readonly Kind[], wanted: string): void => {
    const kinds = kindsOf(part, dials);
    if (kinds === undefined || allowed.some((kind) => kinds.has(kind))) return;
    problems.push(new ConditionProblem(part, `this is ${wordsOf(kinds)}, never ${wanted}`, hintsFor(part, wanted)));
  };
  const walk = (part: Expression): void => {
    switch (part.kind) {
      case "value":
      case "name":
        break;
      case "negative":
        mustBe(part.of, ["number"], "a number");
        break;
      case "arithmetic":
        mustBe(part.left, ["number"], "a number");
        mustBe(part.right, ["number"], "a number");
        break;
      case "comparison":
        if (part.operator === "==" || part.operator === "!=") {
          problems.push(...neverEqual(part, part.left, part.right, dials));
        } else {
          mustBe(part.left, ["number"], "a number");
          mustBe(part.right, ["number"], "a number");
        }
        break;
      case "in":
        for (const each of part.among) problems.push(...neverEqual(each, part.of, each, dials));
        break;
      case "not":
      case "and":
      case "or":
        for (const each of partsOf(part)) mustBe(each, ["flag", "number"], "true or false");
        break;
      default: {
        const never: never = part;
        throw new RangeError(`unknown part ${JSON.stringify(never)}`);
      }
    }
    for (const each of partsOf(part)) walk(each);
  };
  mustBe(expression, ["flag", "number"], "true or false");
  walk(expression);
  return problems;
}

function neverEqual(at: Expression, a: Expression, b: Expression, dials: Dials): ConditionProblem[] {
  for (const [named, given] of [
    [a, b],
    [b, a],
  ] as const) {
    const dial = named.kind === "name" && named.isHyperparameter ? dials(named.name) : undefined;
    // A number may yet become a value of a range, or be added; a misspelt word would not.
    if (dial === undefined || given.kind !== "value" || typeof given.value !== "string") continue;
    if (dial.values.includes(given.value)) return [];
    const listed = dial.values.map((value) => JSON.stringify(value)).join(", ");
    return [
      new ConditionProblem(given, `*${dial.name} is never ${JSON.stringify(given.value)}`, [
        `expected one of: ${listed.length > 200 ? `${listed.slice(0, 200)}...` : listed}`,
      ]),
    ];
  }
  const [kindsA, kindsB] = [kindsOf(a, dials), kindsOf(b, dials)];
  if (kindsA === undefined || kindsB === undefined || [...kindsA].some((kind) => kindsB.has(kind))) return [];
  const message = `${wordsOf(kindsA)} never equals ${wordsOf(kindsB)}`;
  return [new ConditionProblem(at, message, [])];
}

/** Undefined if it cannot be told. */
function kindsOf(expression: Expression, dials: Dials): ReadonlySet<Kind> | undefined {
  switch (expression.kind) {
    case "value":
      return new Set([kindOf(expression.value)]);
    case "name": {
      // Metrics are numbers.
      if (!expression.isHyperparameter) return new Set(["number"]);
      const dial = dials(expression.name);
      return dial === undefined ? undefined : new Set(dial.values.map(kindOf));
    }
    case "negative":
    case "arithmetic":
      return new Set(["number"]);
    case "not":
    case "and":
    case "or":
    case "comparison":
    case "in":
      return new Set(["flag"]);
    default: {
      const never: never = expression;
      return never;
    }
  }
}

function kindOf(value: Setting): Kind {
  switch (typeof value) {
    case "number":
      return "number";
    case "boolean":
      return "flag";
    case "string":
      return "text";
    default:
      return "none";
  }
}

const wordsOf = (kinds: ReadonlySet<Kind>): string => [...kinds].map((kind) => kindWords[kind]).join(" or ");

function hintsFor(part: Expression, wanted: string): string[] {
  if (wanted === "a number") return ["+ - * / % < <= > >= take numbers; == and in take anything"];
  return part.kind === "name" ? ['compare it, as in *core == "GRU"'] : ["expected a comparison, such as *layers > 0"];
}
