import { paddedEnd, widthOf } from "../../words/cell-width.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { decimalsFor, decimalsTyped, formatDecimal } from "../../words/number-format.ts";
import type { Cell } from "../../words/table.ts";
import type { ScreenColumn } from "../lists/columns.ts";
import type { ListPart, ListView } from "../lists/list-view.ts";
import { fitted, type Hit, type Line, lineWidth, type Span, type Style, span } from "../terminal/styled.ts";

/** The most characters of text in a column; the row's own page has all of it. */
const usualWidest = 28;
/** Fewest cells of a column of long text: other columns are left out before it gets narrower. */
const leastFilling = 20;
/** Other columns are abbreviated before such a column gets narrower than this. */
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
  const whole = scrolled.map((column) => columnText(headerOf(column, list), cellTexts(column, rows)));
  const leastOf = (all: readonly ColumnText[], filling = leastFilling): readonly number[] =>
    all.map((each, i) => (scrolled[i]?.isFilling ? Math.min(each.width, filling) : each.width));
  const isTight = wholeWidth(leastOf(whole, readableFilling)) > width - 2;
  const drawn = isTight ? whole.map((each, i) => inBrief(each, scrolled[i], rows)) : whole;
  const least = leastOf(drawn);
  const { kept, hint } = keptWithHint(scrolled, least, width, shown.length);
  const widths = spread(
    kept,
    least,
    drawn.map((each) => each.width),
    width - 2 - (hint === "" ? 0 : hint.length + 2),
  );
  const first = kept.find((i) => scrolled[i]?.priority !== 0);
  list.nextColumn = unpassed.size > 1 ? ((first === undefined ? left[0] : scrolled[first])?.name ?? null) : null;
  const columns = kept.flatMap((i): DrawnColumn<Row>[] => {
    const column = scrolled[i];
    const text = drawn[i];
    return column && text ? [{ column, ...text, room: widths[i] ?? 0 }] : [];
  });
  const names: Line = [
    { text: "  ", style: "plain", cells: 2 },
    ...columns.map(
      (each): Span => ({
        text: `${padded(each, each.header, widthOf(each.header))}  `,
        style: "heading",
        hit: { kind: "column", name: each.column.name },
      }),
    ),
  ];
  const used = lineWidth(names);
  // The hint is shown even if the columns that are always there leave no room.
  const header: Line =
    hint === ""
      ? names
      : [...(used + hint.length > width ? fitted(names, width - hint.length) : names), span(hint, "dim")];
  return [header, ...rows.map((row, at) => rowLine(row, at, columns, at === selected, list.keyOf(row)))];
}

/** A row; neighbouring cells that look alike are one span. */
function rowLine<Row>(
  row: Row,
  at: number,
  columns: readonly DrawnColumn<Row>[],
  isSelected: boolean,
  key: string,
): Line {
  const hit: Hit = { kind: "row", key };
  const line: Span[] = [];
  let style: Style = isSelected ? "selected" : "plain";
  let text = isSelected ? "> " : "  ";
  let cells = 2;
  for (const each of columns) {
    const cell = each.texts[at] ?? "";
    // Blanks need no colour.
    const own = isSelected ? "selected" : cell.trim() === "" ? "plain" : (each.column.style?.(row) ?? "plain");
    if (own !== style) {
      line.push({ text, style, cells, hit });
      style = own;
      text = "";
      cells = 0;
    }
    text += `${padded(each, cell, each.cells[at] ?? 0)}  `;
    cells += each.room + 2;
  }
  line.push({ text, style, cells, hit });
  return line;
}

/** A text of a column in the column's room; `own` is how many cells it takes. */
function padded<Row>({ column, room }: DrawnColumn<Row>, text: string, own: number): string {
  if (own > room && column.isFilling) return paddedEnd(clip(text, room), room);
  const blanks = " ".repeat(Math.max(0, room - own));
  return column.kind === "text" ? text + blanks : blanks + text;
}

/** What stands in a column, and how many cells each text and the widest of them take. */
interface ColumnText {
  readonly header: string;
  readonly texts: readonly string[];
  readonly cells: readonly number[];
  readonly width: number;
}

interface DrawnColumn<Row> extends ColumnText {
  readonly column: ScreenColumn<Row>;
  /** The cells that it gets. */
  readonly room: number;
}

function columnText(header: string, texts: readonly string[]): ColumnText {
  const cells = texts.map(widthOf);
  return { header, texts, cells, width: cells.reduce((most, each) => Math.max(most, each), widthOf(header)) };
}

/** The column with its brief texts, for when not all columns fit. */
function inBrief<Row>(whole: ColumnText, column: ScreenColumn<Row> | undefined, rows: readonly Row[]): ColumnText {
  return column?.brief ? columnText(whole.header, rows.map(column.brief)) : whole;
}

const wholeWidth = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + 2, 0) - 2;

function headerOf<Row>(column: ScreenColumn<Row>, list: ListView<Row>): string {
  const name = narrow(column.name);
  return column.name === list.sortName ? `${name}${list.isDescending ? "▼" : "▲"}` : name;
}

/** Widths that give columns of long text, in their order, what the others leave. */
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
