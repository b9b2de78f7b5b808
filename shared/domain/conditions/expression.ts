import type { Setting } from "../hyperparameter.ts";

/**
 * A condition as read from its text: `*layers > 0 and *core in ["GRU", "LSTM"]`.
 *
 * `*name` is a hyperparameter, a bare word is a metric. Every part knows where it stands in the text, for problems.
 */
export type Expression =
  | (Part & { readonly kind: "value"; readonly value: Setting })
  | Name
  | (Part & { readonly kind: "not" | "negative"; readonly of: Expression })
  | (Part & { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression })
  | (Part & Operation<"arithmetic", Arithmetic>)
  | (Part & Operation<"comparison", Comparison>)
  | (Part & { readonly kind: "in"; readonly of: Expression; readonly among: readonly Expression[] });

export interface Name extends Part {
  readonly kind: "name";
  /** Without the star. */
  readonly name: string;
  readonly isHyperparameter: boolean;
}

interface Operation<Kind, Operator> {
  readonly kind: Kind;
  readonly operator: Operator;
  readonly left: Expression;
  readonly right: Expression;
}

export type Arithmetic = "+" | "-" | "*" | "/" | "%";
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** Offsets in the text; `end` is exclusive. */
export interface Part {
  readonly at: number;
  readonly end: number;
}

/** The parts that an expression is made of, without itself. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "value":
    case "name":
      return [];
    case "not":
    case "negative":
      return [expression.of];
    case "and":
    case "or":
    case "arithmetic":
    case "comparison":
      return [expression.left, expression.right];
    case "in":
      return [expression.of, ...expression.among];
    default: {
      const never: never = expression;
      return never;
    }
  }
}

/** Every name in the expression, in the order of the text. */
export function namesIn(expression: Expression): readonly Name[] {
  return expression.kind === "name" ? [expression] : partsOf(expression).flatMap(namesIn);
}
