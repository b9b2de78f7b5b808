import type { Part } from "./expression.ts";

/** What is wrong with a condition, and where in its text. */
export class ConditionProblem extends Error {
  override readonly name = "ConditionProblem";
  readonly part: Part;
  /** What was expected, and what to type. */
  readonly hints: readonly string[];

  constructor(part: Part, message: string, hints: readonly string[]) {
    super(message);
    this.part = part;
    this.hints = hints;
  }
}
