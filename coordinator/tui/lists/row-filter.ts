import { didYouMean, nearestName } from "../../../shared/domain/runspec/nearest-name.ts";
import { FilterError, filterTest, misfit, parseFilter, withStatus } from "../../runs/filter.ts";
import { statusNamed, statusWords } from "../../words/status-words.ts";
import type { Cell, CellKind } from "../../words/table.ts";

/** What a filter may name: a column of the screen or of `nexus list`. */
export interface FilterColumn<Row> {
  readonly name: string;
  readonly kind: CellKind;
  readonly value: (row: Row) => Cell;
  /** Whether its values are the words for a run's status. */
  readonly isStatus?: boolean;
}

/** A part of a filter's text and where it begins. */
export interface Term {
  readonly text: string;
  readonly at: number;
}

/** `lr = 0.0004`, with optional blanks around the operator and quotes around the value; or anything up to the next blank. */
const termPattern = /[^\s=!<>"'~]+\s*(?:[=<>~]=?|![=~]|<>)=?\s*(?:"[^"]*"|'[^']*'|\S+)?|(?:"[^"]*"|'[^']*'|\S)+/g;
const operators = /[=<>~]|![=~]/;

export const terms = (text: string): Term[] =>
  [...text.matchAll(termPattern)].map((match) => ({ text: match[0], at: match.index }));

/**
 * The filter that `/` takes: `lr=0.0004 runs>3 !failed`. A term with an operator is as in `--filter`; a word is a
 * run's status, where rows have one, or else is searched for in the names; `!` negates it. All terms must hold. If several
 * columns have one name, the first counts.
 *
 * @throws FilterError, with the place in the whole text, when a term is no filter or names no column
 */
export function rowTest<Row>(text: string, columns: readonly FilterColumn<Row>[]): (row: Row) => boolean {
  const tests = terms(text).map((term) => {
    try {
      return termTest(term.text, columns);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      throw new FilterError(text, term.at + error.at, error.length, error.problem);
    }
  });
  return (row) => tests.every((test) => test(row));
}

function termTest<Row>(term: string, columns: readonly FilterColumn<Row>[]): (row: Row) => boolean {
  if (operators.test(term)) {
    const filter = parseFilter(term);
    const column = columnNamed(filter.column, columns);
    if (!column) throw misfit(filter, "column", noColumn(filter.column, columns));
    const test = filterTest(column.isStatus ? withStatus(filter) : filter, column.kind);
    return (row) => test(column.value(row));
  }
  const isTurned = term.startsWith("!");
  const word = unquoted(term.slice(isTurned ? 1 : 0)).toLowerCase();
  const status = columns.find(({ isStatus }) => isStatus);
  const wanted = statusNamed(word);
  if (status && wanted !== undefined) return (row) => (status.value(row) === wanted) !== isTurned;
  const texts = columns.filter(({ kind }) => kind === "text");
  return (row) =>
    texts.some(({ value }) =>
      String(value(row) ?? "")
        .toLowerCase()
        .includes(word),
    ) !== isTurned;
}

const unquoted = (word: string): string => /^(["'])(.*)\1$/.exec(word)?.[2] ?? word;

function columnNamed<Row>(typed: string, columns: readonly FilterColumn<Row>[]): FilterColumn<Row> | undefined {
  const bare = typed.replace(/^(metrics|hparams)\./, "");
  return columns.find(({ name }) => name === bare) ?? columns.find(({ name }) => name === bare.toLowerCase());
}

function noColumn<Row>(typed: string, columns: readonly FilterColumn<Row>[]): string {
  const names = [...new Set(columns.map(({ name }) => name))];
  const hint = didYouMean(typed.replace(/^(metrics|hparams)\./, ""), names, `; there are: ${names.join(" ")}`);
  return `there is no column "${typed}" here${hint}`;
}

/** Where the last word begins if it may become the name of a column: while it is being typed it filters nothing yet. */
export function unfinishedAt(text: string, names: readonly string[]): number | undefined {
  const last = terms(text).at(-1);
  if (!last || operators.test(last.text) || last.at + last.text.length < text.length) return undefined;
  const word = last.text.replace(/^!/, "").toLowerCase();
  return names.some((name) => name.toLowerCase().startsWith(word)) ? last.at : undefined;
}

/** Where the term begins that holds this place. */
export const termStart = (text: string, at: number): number => terms(text).findLast((term) => term.at <= at)?.at ?? 0;

/** A hint if nothing passes: a word that may be a misspelt status. */
export function misspeltStatus(text: string): string | undefined {
  for (const term of terms(text)) {
    const word = term.text.replace(/^!/, "");
    if (operators.test(term.text) || statusNamed(word) !== undefined) continue;
    const nearest = nearestName(word, [...statusWords, "failed"]);
    if (nearest !== undefined) return `"${word}" is looked for in names; did you mean ${nearest}?`;
  }
  return undefined;
}
