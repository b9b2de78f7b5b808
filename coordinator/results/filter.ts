import { UsageError } from "../../shared/errors.ts";
import type { Cell, CellKind } from "./table.ts";

/**
 * The language of `--filter`: a column, an operator, a value, for example `hpmax>=0.03`, `lr=0.0004`, `status<>error`.
 *
 * Values: numbers, words, and $true, $false, $none (no value, or null), $empty (no value, null or empty text), $exists (any
 * value). A comparison with a number or a word holds only for runs that have a value, also with `!=`.
 */
export interface Filter {
  readonly text: string;
  readonly column: string;
  readonly operator: Operator;
  readonly operand: Operand;
}

type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

type Operand =
  | { readonly kind: "word"; readonly text: string; readonly number: number | undefined }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "none" | "empty" | "exists" };

const pattern = /^\s*([^\s=!<>]+)\s*(==|!=|<>|<=|>=|=|<|>)\s*(.*?)\s*$/s;
const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const specials = ["$none", "$true", "$false", "$empty", "$exists"];

/** @throws UsageError when the text is no filter */
export function parseFilter(text: string): Filter {
  const [, column, sign = "", value = ""] = pattern.exec(text) ?? [];
  if (column === undefined) {
    throw new UsageError(
      `--filter "${text}": expected a column, one of = == != <> < <= > >=, and a value\n  for example: --filter "hpmax>=0.03"`,
    );
  }
  const operator = sign === "==" ? "=" : sign === "<>" ? "!=" : (sign as Operator);
  const operand = parseOperand(text, value);
  if (operand.kind !== "word" && operator !== "=" && operator !== "!=") {
    throw new UsageError(`--filter "${text}": ${value} can only be compared by = and !=`);
  }
  return { text, column, operator, operand };
}

function parseOperand(text: string, value: string): Operand {
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
      if (value === "")
        throw new UsageError(`--filter "${text}": expected a value after the operator; for none: $none`);
      if (value.startsWith("$")) {
        throw new UsageError(`--filter "${text}": there is no ${value}; there are: ${specials.join(" ")}`);
      }
      const quoted = /^(["'])(.*)\1$/s.exec(value)?.[2];
      const isNumber = quoted === undefined && numberPattern.test(value);
      return { kind: "word", text: quoted ?? value, number: isNumber ? Number(value) : undefined };
    }
  }
}

/**
 * Whether a run with this value passes.
 *
 * @throws UsageError at once when a column of numbers is compared with a word
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
        throw new UsageError(`--filter "${filter.text}": ${filter.column} is a number, and "${text}" is not`);
      }
      return (cell) => cell !== undefined && holds(operator, order(cell, text, number));
    }
    default: {
      const never: never = operand;
      return never;
    }
  }
}

const collator = new Intl.Collator("en", { numeric: true });

/** Negative, 0 or positive; NaN where the two cannot be ordered. */
function order(cell: Exclude<Cell, undefined>, text: string, number: number | undefined): number {
  if (typeof cell === "number") return number === undefined ? Number.NaN : cell - number;
  const word = String(cell);
  if (word === text) return 0;
  // Text that differs in nothing but upper and lower case is not the same.
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
