import type { Setting } from "../hyperparameter.ts";
import { ConditionProblem } from "./condition-problem.ts";
import type { Arithmetic, Comparison, Expression, Part } from "./expression.ts";
import { type Token, tokensOf } from "./tokens.ts";

/** Maximum number of characters of a condition, and of levels of nesting. */
export const longestCondition = 1000;
const deepest = 40;

const comparisons: readonly string[] = ["==", "!=", "<", "<=", ">", ">="];
const values: Readonly<Record<string, Setting>> = { true: true, false: false, none: null, null: null };
/** Words that cannot name a metric. */
const keywords: readonly string[] = ["and", "or", "not", "in", ...Object.keys(values)];

/**
 * Reads a condition. From loosest to tightest: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* / %`, a minus sign.
 *
 * @throws ConditionProblem at the first place that cannot be read
 */
export function parseCondition(text: string): Expression {
  if (text.length > longestCondition) {
    const part = { at: longestCondition, end: text.length };
    const hint = `at most ${longestCondition} are possible; write several conditions as a list`;
    throw new ConditionProblem(part, `a condition of ${text.length} characters`, [hint]);
  }
  const tokens = tokensOf(text);
  if (tokens[0]?.kind === "end") throw new ConditionProblem({ at: 0, end: 0 }, "the condition is empty", [example]);
  return new Parser(tokens).whole();
}

/** The condition, or undefined if it cannot be read: for readers of a journal, whose specs have been checked. */
export function readCondition(text: string): Expression | undefined {
  try {
    return parseCondition(text);
  } catch (error) {
    if (error instanceof ConditionProblem) return undefined;
    throw error;
  }
}

const example = 'expected a condition such as "*layers > 0"';

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#or();
    const rest = this.#peek();
    if (rest.kind === "end") return expression;
    const isClosing = rest.text === ")" || rest.text === "]";
    const expected = isClosing
      ? `there is no ${rest.text === ")" ? "(" : "["} for it`
      : "expected an operator, and, or, or the end";
    const hints = rest.kind === "word" ? [expected, ...keywordHint(rest.text)] : [expected];
    throw misplaced(rest, ...hints);
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#takeWord("or")) left = joined("or", left, this.#and());
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takeWord("and")) left = joined("and", left, this.#not());
    return left;
  }

  #not(): Expression {
    const token = this.#peek();
    if (!this.#takeWord("not")) return this.#comparison();
    const of = this.#deeper(token, () => this.#not());
    return { kind: "not", of, at: token.at, end: of.end };
  }

  #comparison(): Expression {
    const left = this.#sum();
    const compared = this.#compared(left);
    const after = this.#peek();
    if (compared !== left && this.#isComparing(after)) {
      const hint = "compare twice and join both with and: 1 < *a and *a < 5";
      throw new ConditionProblem(after, "a comparison cannot be compared again", [hint]);
    }
    return compared;
  }

  #isComparing({ kind, text }: Token): boolean {
    return kind === "sign" ? comparisons.includes(text) : kind === "word" && (text === "in" || text === "not");
  }

  #compared(left: Expression): Expression {
    const token = this.#peek();
    if (token.kind === "sign" && comparisons.includes(token.text)) {
      this.#next += 1;
      const right = this.#sum();
      const operator = token.text as Comparison; // one of them
      return { kind: "comparison", operator, left, right, at: left.at, end: right.end };
    }
    if (this.#takeWord("in")) return this.#among(left);
    if (token.kind !== "word" || token.text !== "not") return left;
    this.#next += 1;
    if (!this.#takeWord("in")) {
      throw misplaced(this.#peek(), "expected not in [...]");
    }
    const of = this.#among(left);
    return { kind: "not", of, at: of.at, end: of.end };
  }

  #among(of: Expression): Expression {
    const open = this.#peek();
    if (!this.#takeSign("[")) {
      throw new ConditionProblem(open, `a list belongs here`, ['expected a list such as ["GRU", "LSTM"]']);
    }
    const among: Expression[] = [];
    do among.push(this.#deeper(open, () => this.#sum()));
    while (this.#takeSign(","));
    const close = this.#peek();
    this.#expectSign("]", "expected , or ] in the list");
    return { kind: "in", of, among, at: of.at, end: close.end };
  }

  #sum(): Expression {
    let left = this.#product();
    for (let operator = this.#takeOneOf("+", "-"); operator !== undefined; operator = this.#takeOneOf("+", "-")) {
      left = computed(operator, left, this.#product());
    }
    return left;
  }

  #product(): Expression {
    let left = this.#signed();
    for (
      let operator = this.#takeOneOf("*", "/", "%");
      operator !== undefined;
      operator = this.#takeOneOf("*", "/", "%")
    ) {
      left = computed(operator, left, this.#signed());
    }
    return left;
  }

  #signed(): Expression {
    const token = this.#peek();
    if (this.#takeOneOf("-") === undefined) return this.#single();
    const of = this.#deeper(token, () => this.#signed());
    return { kind: "negative", of, at: token.at, end: of.end };
  }

  #single(): Expression {
    const token = this.#peek();
    const { kind, text, at, end } = token;
    switch (kind) {
      case "number":
        return this.#taken({ kind: "value", value: Number(text), at, end });
      case "text":
        return this.#taken({ kind: "value", value: text, at, end });
      case "hyperparameter":
        return this.#taken({ kind: "name", name: text, isHyperparameter: true, at, end });
      case "word":
        if (Object.hasOwn(values, text)) return this.#taken({ kind: "value", value: values[text] ?? null, at, end });
        if (keywords.includes(text)) break;
        return this.#taken({ kind: "name", name: text, isHyperparameter: false, at, end });
      case "sign": {
        if (text !== "(") break;
        this.#next += 1;
        const inside = this.#deeper(token, () => this.#or());
        const close = this.#peek();
        this.#expectSign(")", "expected ) for the ( before it");
        return { ...inside, at, end: close.end };
      }
      case "end":
        break;
      default: {
        const never: never = kind;
        return never;
      }
    }
    const expected = "expected a hyperparameter (*lr), a number, a text in quotes, true, false, none or (";
    throw misplaced(token, expected);
  }

  #taken(expression: Expression): Expression {
    this.#next += 1;
    return expression;
  }

  #deeper<T>(at: Part, read: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest)
      throw new ConditionProblem(at, "the condition is nested too deeply", [`at most ${deepest} levels`]);
    const result = read();
    this.#depth -= 1;
    return result;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new RangeError("read past the end of a condition");
    return token;
  }

  #takeWord(word: string): boolean {
    const { kind, text } = this.#peek();
    if (kind !== "word" || text !== word) return false;
    this.#next += 1;
    return true;
  }

  #takeSign(sign: string): boolean {
    return this.#takeOneOf(sign) !== undefined;
  }

  #takeOneOf<Sign extends string>(...signs: readonly Sign[]): Sign | undefined {
    const { kind, text } = this.#peek();
    const found = kind === "sign" ? signs.find((sign) => sign === text) : undefined;
    if (found !== undefined) this.#next += 1;
    return found;
  }

  #expectSign(sign: string, expected: string): void {
    const token = this.#peek();
    if (!this.#takeSign(sign)) throw misplaced(token, expected);
  }
}

function joined(kind: "and" | "or", left: Expression, right: Expression): Expression {
  return { kind, left, right, at: left.at, end: right.end };
}

function computed(operator: Arithmetic, left: Expression, right: Expression): Expression {
  return { kind: "arithmetic", operator, left, right, at: left.at, end: right.end };
}

function misplaced(token: Token, ...hints: string[]): ConditionProblem {
  const message = token.kind === "end" ? "the condition ends too early" : `${described(token)} does not belong here`;
  return new ConditionProblem(token, message, hints);
}

function described({ kind, text }: Token): string {
  if (kind === "text") return JSON.stringify(text);
  return kind === "hyperparameter" ? `*${text}` : text;
}

function keywordHint(text: string): string[] {
  const lower = text.toLowerCase();
  return lower !== text && keywords.includes(lower) ? [`did you mean ${lower}?`] : [];
}
