import { infinityIn } from "../../shared/domain/hyperparameter.ts";
import { UsageError } from "../../shared/errors.ts";
import { noStatus, statusNamed } from "../words/status-words.ts";
import type { Cell, CellKind } from "../words/table.ts";

/**
 * The language of `--filter`: a column, an operator, a value, for example `hpmax>=0.03`, `lr=0.0004`, `status<>error`.
 *
 * Values: numbers, words, and $true, $false, $none (no value, or null), $empty (no value, null or empty text), $exists (any
 * value). A comparison with a number or a word, even by `!=`, holds only for runs that have a value.
 */
export interface Filter {
  readonly text: string;
  readonly column: string;
  readonly operator: Operator;
  readonly operand: Operand;
  /** Offsets of the column and the value in the text, for the caret. */
  readonly columnAt: number;
  readonly valueAt: number;
}

type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

type Operand =
  | { readonly kind: "word"; readonly text: string; readonly number: number | undefined }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "none" | "empty" | "exists" };

/** `inf`, `.inf` and `Infinity` are numbers too. */
const numberIn = (text: string): number | undefined =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : infinityIn(text);
const specials = ["$none", "$true", "$false", "$empty", "$exists"];
const operatorsSaid = "= == != <> < <= > >=";
const example = 'for example: --filter "hpmax>=0.03"';

/** @throws UsageError that marks what is wrong */
export function parseFilter(text: string): Filter {
  const { length: from } = /^\s*/.exec(text)?.[0] ?? "";
  const [written = "", ...quoted] = /^(?:"([^"]+)"|'([^']+)'|[^\s=!<>]+)/.exec(text.slice(from)) ?? [];
  const column = quoted.find((name) => name !== undefined) ?? written;
  if (column === "") throw unreadable(text, from, 1, `expected a column\n  ${example}`);
  const signAt = from + written.length + (/^\s*/.exec(text.slice(from + written.length))?.[0].length ?? 0);
  const sign = /^[=!<>~]+/.exec(text.slice(signAt))?.[0] ?? "";
  if (sign === "") throw unreadable(text, signAt, 1, `expected one of ${operatorsSaid}\n  ${example}`);
  const operator = operatorOf(sign);
  if (!operator) throw unreadable(text, signAt, sign.length, `expected one of ${operatorsSaid}, found ${sign}`);
  const rest = text.slice(signAt + sign.length);
  const valueAt = signAt + sign.length + (/^\s*/.exec(rest)?.[0].length ?? 0);
  const value = rest.trim();
  const operand = parseOperand(text, value, valueAt);
  if (operand.kind !== "word" && operator !== "=" && operator !== "!=") {
    throw unreadable(text, signAt, sign.length, `${value} can only be compared by = and !=`);
  }
  return { text, column, columnAt: from, operator, operand, valueAt };
}

function operatorOf(sign: string): Operator | undefined {
  switch (sign) {
    case "=":
    case "==":
      return "=";
    case "!=":
    case "<>":
      return "!=";
    case "<":
    case "<=":
    case ">":
    case ">=":
      return sign;
    default:
      return undefined;
  }
}

/** A filter that cannot be used: what is wrong, and the filter with carets below the place. */
export class FilterError extends UsageError {
  /** Where in the filter's text, and over how many characters. */
  readonly at: number;
  readonly length: number;
  readonly problem: string;

  constructor(text: string, at: number, length: number, problem: string) {
    const [first, ...more] = problem.split("\n");
    const shown = [`    ${text.replace(/\s/g, " ")}`, `    ${" ".repeat(at)}${"^".repeat(length)}`];
    super([`--filter "${text}": ${first}`, ...shown, ...more].join("\n"));
    // Callers treat it as any wrong usage.
    this.name = UsageError.name;
    this.at = at;
    this.length = length;
    this.problem = problem;
  }
}

const unreadable = (text: string, at: number, length: number, problem: string): FilterError =>
  new FilterError(text, at, length, problem);

/** The error for what only the table's columns show: no such column, or values of another kind. */
export const misfit = (filter: Filter, part: "column" | "value", problem: string): FilterError =>
  part === "column"
    ? unreadable(filter.text, filter.columnAt, filter.column.length, problem)
    : unreadable(filter.text, filter.valueAt, Math.max(1, filter.text.trimEnd().length - filter.valueAt), problem);

/** The filter with the status that its word means; a word that no run ever has is an error. */
export function withStatus(filter: Filter): Filter {
  const { operand, operator } = filter;
  if (operand.kind !== "word" || (operator !== "=" && operator !== "!=")) return filter;
  const word = statusNamed(operand.text);
  if (word === undefined) throw misfit(filter, "value", noStatus(operand.text));
  return { ...filter, operand: { ...operand, text: word } };
}

function parseOperand(text: string, value: string, at: number): Operand {
  switch (value) {
    case "$true":
    case "$false":
      return { kind: "flag", value: value === "$true" };
    case "$none":
      return { kind: "none" };
    case "$empty":
      return { kind: "empty" };
    case "$exists":
      return { kind: "exists" };
    default: {
      if (value === "") throw unreadable(text, at, 1, "expected a value after the operator; for none: $none");
      if (value.startsWith("$")) {
        throw unreadable(text, at, value.length, `there is no ${value}; there are: ${specials.join(" ")}`);
      }
      const quote = /^["']/.exec(value)?.[0];
      if (quote !== undefined && (value.length === 1 || !value.endsWith(quote))) {
        throw unreadable(text, at, value.length, `expected another ${quote} at its end`);
      }
      const quoted = quote === undefined ? undefined : value.slice(1, -1);
      return { kind: "word", text: quoted ?? value, number: quoted === undefined ? numberIn(value) : undefined };
    }
  }
}

/**
 * Whether a run with this value passes.
 *
 * @throws UsageError at once if a column of numbers is compared with a word
 */
export function filterTest(filter: Filter, kind: CellKind): (cell: Cell) => boolean {
  const { operator, operand } = filter;
  const mustBeEqual = operator === "=";
  switch (operand.kind) {
    case "none":
      return (cell) => (cell === undefined || cell === null) === mustBeEqual;
    case "empty":
      return (cell) => (cell === undefined || cell === null || cell === "") === mustBeEqual;
    case "exists":
      return (cell) => (cell !== undefined) === mustBeEqual;
    case "flag":
      return (cell) => cell !== undefined && (cell === operand.value) === mustBeEqual;
    case "word": {
      const { text, number } = operand;
      if (number === undefined && (kind === "measure" || kind === "count")) {
        throw misfit(filter, "value", `${filter.column} is a number, and "${text}" is not`);
      }
      if (number === undefined) return (cell) => cell !== undefined && holds(operator, order(cell, text));
      const isNumber = numberTest(operator, number);
      const ofWord = (cell: Exclude<Cell, undefined>): boolean => holds(operator, order(cell, text));
      return (cell) => (typeof cell === "number" ? isNumber(cell) : cell !== undefined && ofWord(cell));
    }
    default: {
      const never: never = operand;
      return never;
    }
  }
}

const collator = new Intl.Collator("en", { numeric: true });

/** One function per operator, since a hundred thousand runs may be tested. */
function numberTest(operator: Operator, number: number): (cell: number) => boolean {
  switch (operator) {
    case "=":
      return (cell) => cell === number;
    case "!=":
      return (cell) => cell !== number;
    case "<":
      return (cell) => cell < number;
    case "<=":
      return (cell) => cell <= number;
    case ">":
      return (cell) => cell > number;
    case ">=":
      return (cell) => cell >= number;
    default: {
      const never: never = operator;
      return never;
    }
  }
}

/** Negative, 0 or positive; NaN if the two cannot be ordered. */
function order(cell: Exclude<Cell, undefined>, text: string): number {
  if (typeof cell === "number") return Number.NaN;
  const word = String(cell);
  if (word === text) return 0;
  // Text that differs only in case is not equal.
  return typeof cell === "string" ? collator.compare(word, text) || 1 : Number.NaN;
}

function holds(operator: Operator, difference: number): boolean {
  switch (operator) {
    case "=":
      return difference === 0;
    case "!=":
      return difference !== 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
    default: {
      const never: never = operator;
      return never;
    }
  }
}
