import { ConditionProblem } from "./condition-problem.ts";
import type { Part } from "./expression.ts";

export interface Token extends Part {
  /** word: `and`, `true`, a metric. sign: an operator, a bracket or a comma. */
  readonly kind: "number" | "text" | "hyperparameter" | "word" | "sign" | "end";
  /** Without quotes and without the star of a hyperparameter. */
  readonly text: string;
}

/** Words that stand for no value, so that what follows them begins an operand. */
const joining = new Set(["and", "or", "not", "in"]);

const patterns = {
  space: /\s+/y,
  number: /(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y,
  text: /"([^"]*)"|'([^']*)'/y,
  hyperparameter: /\*([A-Za-z_][\w.-]*)/y,
  // Names of metrics may have hyphens, as after a stage prefix: s2-loss.
  word: /[A-Za-z_](?:[\w.-]*\w)?/y,
  sign: /==|!=|<=|>=|[<>+\-*/%()[\],]/y,
} as const;

/** Operators of other languages, and what to write instead. */
const elsewhere: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/&&?/y, "write and"],
  [/\|\|?/y, "write or"],
  [/<>/y, "write !="],
  [/=/y, "write == to compare"],
  [/!/y, "write not"],
];

/**
 * The tokens of a text; the last one has kind "end". A star begins a name where a value is expected, and multiplies
 * after a value: `*batch**accum`.
 *
 * @throws ConditionProblem
 */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let isValueExpected = true;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const space = match(patterns.space);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const token = nextToken(match, isValueExpected, at);
    if (token === undefined) throw unreadable(text, at, match);
    if (token.kind === "number" && /^[\w.]/.test(text.slice(token.end))) {
      const { length } = /^[\w.]*/.exec(text.slice(at))?.[0] ?? "";
      throw new ConditionProblem({ at, end: at + length }, `${text.slice(at, at + length)} is not a number`, []);
    }
    tokens.push(token);
    at = token.end;
    isValueExpected =
      token.kind === "sign"
        ? !(token.text === ")" || token.text === "]")
        : token.kind === "word" && joining.has(token.text);
  }
  tokens.push({ kind: "end", text: "", at, end: at });
  return tokens;
}

function nextToken(
  match: (pattern: RegExp) => RegExpExecArray | null,
  isValueExpected: boolean,
  at: number,
): Token | undefined {
  if (isValueExpected) {
    const name = match(patterns.hyperparameter);
    if (name !== null) return { kind: "hyperparameter", text: name[1] ?? "", at, end: at + name[0].length };
  }
  for (const kind of ["number", "text", "word", "sign"] as const) {
    const found = match(patterns[kind]);
    if (found === null) continue;
    // `<>` is not `<` before `>`.
    if (kind === "sign" && found[0] === "<" && match(/<>/y) !== null) return undefined;
    const text = kind === "text" ? (found[1] ?? found[2] ?? "") : found[0];
    return { kind, text, at, end: at + found[0].length };
  }
  return undefined;
}

function unreadable(text: string, at: number, match: (pattern: RegExp) => RegExpExecArray | null): ConditionProblem {
  const [character = ""] = [...text.slice(at)];
  if (character === '"' || character === "'") {
    return new ConditionProblem({ at, end: text.length }, "this text has no end", [`expected another ${character}`]);
  }
  for (const [pattern, instead] of elsewhere) {
    const found = match(pattern);
    if (found === null) continue;
    return new ConditionProblem({ at, end: at + found[0].length }, `${found[0]} means nothing here`, [instead]);
  }
  const known = "expected a hyperparameter (*lr), a number, a text in quotes, or an operator";
  return new ConditionProblem({ at, end: at + character.length }, `${JSON.stringify(character)} means nothing here`, [
    known,
  ]);
}
