import { paddedEnd, paddedStart, widthOf } from "../../words/cell-width.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { decimalsFor, decimalsTyped, formatDecimal } from "../../words/number-format.ts";
import type { Cell } from "../../words/table.ts";
import type { ScreenColumn } from "../lists/columns.ts";
import type { ListPart, ListView } from "../lists/list-view.ts";
import { fitted, type Hit, type Line, lineWidth, type Span, span } from "../terminal/styled.ts";

/** The most characters of text in a column; the row's own page has all of it. */
const usualWidest = 28;
/** What a column of long text gets before any other column goes for it. */
const leastFilling = 20;
/** What it gets before other columns are told in brief. */
const readableFilling = 40;

/** The visible part of a list as a table: `height` lines with its header. */
export function listLines<Row>(list: ListView<Row>, width: number, height: number, isFocused: boolean): Line[] {
  const { rows, selected } = list.visible(Math.max(1, height - 1));
  return tableLines(rows, list, width, isFocused ? selected : -1);
}

function tableLines<Row>(rows: readonly Row[], list: ListView<Row>, width: number, selected: number): Line[] {
  const shown = list.columns.filter(
    ({ name, isHiddenEmpty, value }) =>
      !list.hidden.has(name) && !(isHiddenEmpty && rows.every((row) => value(row) === undefined)),
  );
  // Columns that are always there do not scroll. All others may be passed, except for the last one.
  const movable = shown.filter(({ priority }) => priority !== 0);
  const left = movable.filter(({ name }) => !list.passed.includes(name));
  const unpassed = new Set(left.length > 0 ? left : movable.slice(-1));
  const scrolled = shown.filter((column) => column.priority === 0 || unpassed.has(column));
  const whole = columnTexts(scrolled, rows, list, false);
  const leastOf = ({ widths: all }: ColumnTexts, filling = leastFilling): readonly number[] =>
    all.map((each, i) => (scrolled[i]?.isFilling ? Math.min(each, filling) : each));
  const isTight = wholeWidth(leastOf(whole, readableFilling)) > width - 2;
  const drawn = isTight ? columnTexts(scrolled, rows, list, true) : whole;
  const { texts, widths: wanted } = drawn;
  const least = leastOf(drawn);
  const { kept, hint } = keptWithHint(scrolled, least, width, shown.length);
  const widths = spread(kept, least, wanted, width - 2 - (hint === "" ? 0 : hint.length + 2));
  const first = kept.find((i) => scrolled[i]?.priority !== 0);
  list.nextColumn = unpassed.size > 1 ? ((first === undefined ? left[0] : scrolled[first])?.name ?? null) : null;
  const isRight = (column: ScreenColumn<Row>): boolean => column.kind !== "text";
  const pad = (text: string, i: number): string => {
    const column = scrolled[i];
    const room = widths[i] ?? 0;
    if (column?.isFilling) return paddedEnd(clip(text, room), room);
    return column && isRight(column) ? paddedStart(text, room) : paddedEnd(text, room);
  };
  const titles = kept.map(
    (i): Span => ({
      ...span(`${pad(headerOf(scrolled[i], list), i)}  `, "heading"),
      hit: { kind: "column", name: scrolled[i]?.name ?? "" },
    }),
  );
  const names: Line = [span("  "), ...titles];
  const used = lineWidth(names);
  // The hint is shown even if the columns that are always there leave no room.
  const header: Line =
    hint === ""
      ? names
      : [...(used + hint.length > width ? fitted(names, width - hint.length) : names), span(hint, "dim")];
  const lines = rows.map((row, at): Line => {
    const isSelected = at === selected;
    const hit: Hit = { kind: "row", key: list.keyOf(row) };
    const line: Span[] = [{ text: isSelected ? "> " : "  ", style: isSelected ? "selected" : "plain", hit }];
    for (const i of kept) {
      const cell = texts[i]?.[at] ?? "";
      // Blanks need no colour.
      const style = isSelected ? "selected" : cell.trim() === "" ? "plain" : (scrolled[i]?.style?.(row) ?? "plain");
      line.push({ text: `${pad(cell, i)}  `, style, hit });
    }
    return line;
  });
  return [header, ...lines];
}

interface ColumnTexts {
  readonly texts: readonly (readonly string[])[];
  readonly widths: readonly number[];
}

function columnTexts<Row>(
  columns: readonly ScreenColumn<Row>[],
  rows: readonly Row[],
  list: ListView<Row>,
  isBrief: boolean,
): ColumnTexts {
  const texts = columns.map((column) => (isBrief && column.brief ? rows.map(column.brief) : cellTexts(column, rows)));
  const widths = texts.map((cells, i) =>
    cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(headerOf(columns[i], list))),
  );
  return { texts, widths };
}

const wholeWidth = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + 2, 0) - 2;

function headerOf<Row>(column: ScreenColumn<Row> | undefined, list: ListView<Row>): string {
  if (!column) return "";
  const name = narrow(column.name);
  return column.name === list.sortName ? `${name}${list.isDescending ? "▼" : "▲"}` : name;
}

/** Widths in which columns of long text have what the others leave, in their order. */
function spread(
  kept: readonly number[],
  least: readonly number[],
  wanted: readonly number[],
  room: number,
): readonly number[] {
  const widths = [...least];
  let left = room + 2 - kept.reduce((sum, i) => sum + (least[i] ?? 0) + 2, 0);
  for (const i of kept) {
    const more = Math.max(0, Math.min(left, (wanted[i] ?? 0) - (least[i] ?? 0)));
    widths[i] = (least[i] ?? 0) + more;
    left -= more;
  }
  return widths;
}

/** The columns that fit, and a hint with how many more there are, as `+3`. */
function keptWithHint<Row>(
  columns: readonly ScreenColumn<Row>[],
  widths: readonly number[],
  width: number,
  all: number,
): { readonly kept: readonly number[]; readonly hint: string } {
  let hint = "";
  for (;;) {
    const kept = keptColumns(columns, widths, width - 2 - (hint === "" ? 0 : hint.length + 2));
    const next = kept.length === all ? "" : `+${all - kept.length}`;
    if (next.length <= hint.length) return { kept, hint: next };
    hint = next;
  }
}

/** Indices of the columns that fit. If not all do, the least important go first, from the right. */
function keptColumns<Row>(columns: readonly ScreenColumn<Row>[], widths: readonly number[], room: number): number[] {
  const priorityOf = (i: number): number => columns[i]?.priority ?? 0;
  const going = [...columns.keys()].filter((i) => priorityOf(i) !== 0);
  going.sort((a, b) => priorityOf(a) - priorityOf(b) || a - b);
  const kept = new Set(columns.keys());
  let used = widths.reduce((sum, width) => sum + width + 2, 0) - 2;
  while (used > room && kept.size > 1) {
    const worst = going.pop();
    if (worst === undefined) break;
    kept.delete(worst);
    used -= (widths[worst] ?? 0) + 2;
  }
  return [...kept];
}

function cellTexts<Row>(column: ScreenColumn<Row>, rows: readonly Row[]): string[] {
  const { text, isFilling = false, widest = isFilling ? Number.POSITIVE_INFINITY : usualWidest } = column;
  if (text) return rows.map((row) => clip(text(row), widest));
  const cells = rows.map(column.value);
  const numbers = cells.filter((cell) => typeof cell === "number");
  const format = numberText(column, numbers);
  const absent = (row: Row | undefined): string => (row === undefined ? "" : (column.absent?.(row) ?? ""));
  return cells.map((cell, i) =>
    cell === undefined ? absent(rows[i]) : typeof cell === "number" ? format(cell) : clip(String(cell), widest),
  );
}

function numberText<Row>({ kind }: ScreenColumn<Row>, numbers: readonly number[]): (value: number) => string {
  if (kind !== "measure" && numbers.every(Number.isInteger)) return String;
  let places = decimalsFor(numbers);
  if (kind === "setting") {
    if (numbers.some((value) => value !== 0 && Math.abs(value) < 1e-4)) return String;
    places = numbers.reduce((most, value) => Math.max(most, decimalsTyped(value)), 0);
  }
  return (value) => formatDecimal(value, places);
}

/** Which rows are visible, if not all are: `1-19 of 20 ▼`. */
export function partText({ from, to, of }: ListPart): string {
  if (of === 0 || (from <= 1 && to >= of)) return "";
  return `${from}-${to} of ${of} ${from > 1 ? "▲" : ""}${to < of ? "▼" : ""}`;
}

/** A cell by itself, for pages and copies. */
export const cellText = (cell: Cell): string =>
  cell === undefined ? "" : typeof cell === "number" ? String(Number(cell.toPrecision(6))) : narrow(String(cell));
