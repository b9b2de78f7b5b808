import type { Setting } from "../hyperparameter.ts";
import type { Arithmetic, Comparison, Expression, Name } from "./expression.ts";

/** The value of a part of a condition; undefined: unknown, like everything that depends on it. */
export type Value = Setting | undefined;

/** A condition ready for use, with what it reads from `context`. */
export type Evaluation<Context> = (context: Context) => Value;

/**
 * Makes a function of a condition, because a search evaluates it for every configuration that it considers.
 *
 * Unknown are the setting of an inactive hyperparameter, a metric that was not reported, a sum with a text in it, and
 * 0 / 0. `and`, `or` and `not` follow Kleene's logic: `false and unknown` is false, `true and unknown` unknown.
 *
 * @param reader  how a name is read
 */
export function compiled<Context>(
  expression: Expression,
  reader: (name: Name) => Evaluation<Context>,
): Evaluation<Context> {
  switch (expression.kind) {
    case "value": {
      const { value } = expression;
      return () => value;
    }
    case "name":
      return reader(expression);
    case "not": {
      const of = compiled(expression.of, reader);
      return (context) => {
        const is = truth(of(context));
        return is === undefined ? undefined : !is;
      };
    }
    case "negative": {
      const of = compiled(expression.of, reader);
      return (context) => {
        const value = of(context);
        return typeof value === "number" ? -value : undefined;
      };
    }
    case "and":
      return joined(compiled(expression.left, reader), compiled(expression.right, reader), false);
    case "or":
      return joined(compiled(expression.left, reader), compiled(expression.right, reader), true);
    case "arithmetic":
    case "comparison": {
      const [left, right] = [compiled(expression.left, reader), compiled(expression.right, reader)];
      const apply = expression.kind === "arithmetic" ? computation[expression.operator] : order[expression.operator];
      if (expression.kind === "comparison" && (expression.operator === "==" || expression.operator === "!=")) {
        const mustBeEqual = expression.operator === "==";
        return (context) => {
          const is = equal(left(context), right(context));
          return is === undefined ? undefined : is === mustBeEqual;
        };
      }
      return (context) => {
        const [a, b] = [left(context), right(context)];
        if (typeof a !== "number" || typeof b !== "number") return undefined;
        const result = apply(a, b);
        return typeof result === "number" && Number.isNaN(result) ? undefined : result;
      };
    }
    case "in": {
      const of = compiled(expression.of, reader);
      const among = expression.among.map((each) => compiled(each, reader));
      return (context) => {
        const value = of(context);
        let isUnknown = false;
        for (const each of among) {
          const is = equal(value, each(context));
          if (is) return true;
          if (is === undefined) isUnknown = true;
        }
        return isUnknown ? undefined : false;
      };
    }
    default: {
      const never: never = expression;
      return never;
    }
  }
}

/** Whether a value holds as a condition: true and numbers other than 0 do, false, 0 and none do not; a text says nothing. */
export function truth(value: Value): boolean | undefined {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return value !== 0;
    case "object":
      return false;
    default:
      return undefined;
  }
}

/** @param decisive  the value that decides alone: false for `and`, true for `or` */
function joined<Context>(
  left: Evaluation<Context>,
  right: Evaluation<Context>,
  decisive: boolean,
): Evaluation<Context> {
  return (context) => {
    const a = truth(left(context));
    if (a === decisive) return decisive;
    const b = truth(right(context));
    if (b === decisive) return decisive;
    return a === undefined || b === undefined ? undefined : !decisive;
  };
}

function equal(a: Value, b: Value): boolean | undefined {
  return a === undefined || b === undefined ? undefined : a === b;
}

const computation: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

const order: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
