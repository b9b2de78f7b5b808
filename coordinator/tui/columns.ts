import { nearestName } from "../../shared/domain/spec/nearest-name.ts";
import { UsageError } from "../../shared/errors.ts";
import { filterTest, parseFilter } from "../results/filter.ts";
import { statusWords } from "../results/status-words.ts";
import type { Cell, CellKind } from "../results/table.ts";
import type { Style } from "./styled.ts";

/** One thing that a screen's table says of each row. */
export interface ScreenColumn<Row> {
  /** What filters and the sort call it, and its header. */
  readonly name: string;
  readonly kind: CellKind;
  /** Where there is no room for all, columns of the highest number go first; 0 stays always. */
  readonly priority: number;
  /** Never NaN: where nothing was measured there is no value. */
  readonly value: (row: Row) => Cell;
  /** What is shown where that is not the value as numbers are printed. */
  readonly text?: (row: Row) => string;
  readonly style?: (row: Row) => Style;
  /** Decimals of every number of the column; as many as the shown rows need when left out. */
  readonly decimals?: number;
  /** Which values are looked for first, and so come first when the list is sorted by it; the high ones of counts and measures. */
  readonly best?: "low" | "high";
  /** Characters of text shown at most, where they are not the usual number. */
  readonly widest?: number;
  /** Shown instead where not all columns have room. */
  readonly brief?: (row: Row) => string;
  /** Left out while no row that is shown has a value. */
  readonly isHiddenEmpty?: boolean;
}

const operators = /[=<>!]=?|<>/;

/**
 * The terms of a filter as `/` takes it: `lr=0.0004 runs>3 !failed`. A term with an operator is what `--filter` takes; a word
 * is a status, or is looked for in the names; `!` before it turns it round. All must hold.
 *
 * @throws UsageError when a term is no filter or names no column
 */
export function rowTest<Row>(text: string, columns: readonly ScreenColumn<Row>[]): (row: Row) => boolean {
  const tests = terms(text).map((term) => termTest(term, columns));
  return (row) => tests.every((test) => test(row));
}

/** Split at spaces outside of quotes; spaces around an operator belong to its term. */
export function terms(text: string): string[] {
  const tight = text.replace(/\s*(==|!=|<>|<=|>=|=|<|>)\s*/g, "$1");
  return tight.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? [];
}

function termTest<Row>(term: string, columns: readonly ScreenColumn<Row>[]): (row: Row) => boolean {
  if (operators.test(term.slice(1))) {
    const filter = parseFilter(term);
    const column = columnNamed(filter.column, columns);
    const test = filterTest(filter, column.kind);
    return (row) => test(column.value(row));
  }
  const isTurned = term.startsWith("!");
  const word = term.slice(isTurned ? 1 : 0).toLowerCase();
  const status = columns.find(({ name }) => name === "status");
  const wanted = word === "failed" ? "error" : word;
  if (status && statusWords.some((known) => known === wanted)) {
    return (row) => (status.value(row) === wanted) !== isTurned;
  }
  const texts = columns.filter(({ kind }) => kind === "text");
  return (row) =>
    texts.some(({ value }) =>
      String(value(row) ?? "")
        .toLowerCase()
        .includes(word),
    ) !== isTurned;
}

function columnNamed<Row>(typed: string, columns: readonly ScreenColumn<Row>[]): ScreenColumn<Row> {
  const bare = typed.replace(/^(metrics|hparams)\./, "");
  const found = columns.find(({ name }) => name === bare) ?? columns.find(({ name }) => name === bare.toLowerCase());
  if (found) return found;
  const nearest = nearestName(
    bare,
    columns.map(({ name }) => name),
  );
  throw new UsageError(
    `there is no column "${typed}"${nearest === undefined ? `; there are: ${columns.map(({ name }) => name).join(" ")}` : `; did you mean ${nearest}?`}`,
  );
}
