import { cutTo, widthOf } from "./cell-width.ts";
import { wrappedText } from "./wrapped-text.ts";

/** What the layout of a table needs of a column. */
export interface LaidColumn {
  readonly header: string;
  readonly isRightAligned: boolean;
  /** If not all columns fit, those with the highest number are dropped first, from the right; 0 stays. Default: 10. */
  readonly priority?: number | undefined;
}

/** Fewest cells of a last column of text: another column is dropped before it gets narrower. */
const leastLast = 24;
const usualPriority = 10;
const gap = 2;

/** How the lines of a table are put together: which columns there is room for, and how wide they are. */
export class TableLayout {
  readonly #columns: readonly LaidColumn[];
  readonly #widths: readonly number[];
  readonly #kept: readonly number[];
  /** Headers of the columns that the terminal has no room for. */
  readonly hidden: readonly string[];
  /** Cells before the last column. */
  readonly #before: number;
  /** Cells of the last column, whose text is longer; undefined: it is whole. */
  readonly #lastRoom: number | undefined;
  readonly #cuts: boolean;

  /**
   * @param widths  of the columns, as wide as their widest cells
   * @param width   cells of a terminal; undefined: everything is shown
   * @param cuts    whether text of the last column that is too long is cut, instead of broken into several lines
   */
  constructor(columns: readonly LaidColumn[], widths: readonly number[], width: number | undefined, cuts = false) {
    this.#columns = columns;
    this.#cuts = cuts;
    this.#widths = widths;
    const all = [...columns.keys()];
    const last = columns.length - 1;
    const isTextLast = last >= 0 && columns[last]?.isRightAligned === false;
    const least = widths.map((each, i) => (i === last && isTextLast ? Math.min(each, leastLast) : each));
    this.#kept = width === undefined ? all : keptOf(columns, least, width);
    const kept = new Set(this.#kept);
    this.hidden = columns.filter((_, i) => !kept.has(i)).map(({ header }) => header);
    this.#before = this.#kept.filter((i) => i !== last).reduce((sum, i) => sum + (widths[i] ?? 0) + gap, 0);
    const isBroken = width !== undefined && isTextLast && kept.has(last) && this.#before + (widths[last] ?? 0) > width;
    this.#lastRoom = isBroken ? Math.max(leastLast, width - this.#before) : undefined;
  }

  /** The names of the columns, and how many more there are, as `+3`. */
  get header(): string {
    const mark = this.hidden.length === 0 ? "" : `  +${this.hidden.length}`;
    return `${this.#joined(this.#columns.map(({ header }) => header))}${mark}`;
  }

  /** Whether text is cut. */
  get hasCut(): boolean {
    return this.#cuts && this.#lastRoom !== undefined;
  }

  /** A row: one line, or more where its last text is broken. */
  row(texts: readonly string[]): string[] {
    const last = texts.at(-1) ?? "";
    const room = this.#lastRoom;
    if (room === undefined || widthOf(last) <= room) return [this.#joined(texts)];
    if (this.#cuts) return [this.#joined([...texts.slice(0, -1), `${cutTo(last, room - 2)}..`])];
    const [first = "", ...rest] = wrappedText(last, room, 0);
    return [this.#joined([...texts.slice(0, -1), first]), ...rest.map((each) => " ".repeat(this.#before) + each)];
  }

  #joined(texts: readonly string[]): string {
    const cells = this.#kept.map((i) => {
      const text = texts[i] ?? "";
      const blanks = " ".repeat(Math.max(0, (this.#widths[i] ?? 0) - widthOf(text)));
      return this.#columns[i]?.isRightAligned ? blanks + text : text + blanks;
    });
    return cells.join(" ".repeat(gap)).trimEnd();
  }
}

/** Places of the columns that fit. */
function keptOf(columns: readonly LaidColumn[], least: readonly number[], width: number): number[] {
  const priorityOf = (i: number): number => columns[i]?.priority ?? usualPriority;
  const last = columns.length - 1;
  const kept = new Set(columns.keys());
  let used = least.reduce((sum, each) => sum + each + gap, 0) - gap;
  // Among equals the rightmost is dropped first, except sentences, which come last and say the most.
  const worth = (i: number): number => (i === last && columns[i]?.isRightAligned === false ? 1 : -i);
  const going = [...columns.keys()]
    .filter((i) => priorityOf(i) > 0)
    .sort((a, b) => priorityOf(b) - priorityOf(a) || worth(a) - worth(b));
  for (const i of going) {
    if ((used <= width && headerWidth(columns, least, kept) <= width) || kept.size === 1) break;
    kept.delete(i);
    used -= (least[i] ?? 0) + gap;
  }
  return [...kept];
}

/** Cells of the header with its mark, which stands right behind the last name. */
function headerWidth(columns: readonly LaidColumn[], least: readonly number[], kept: ReadonlySet<number>): number {
  const last = Math.max(...kept);
  const whole = [...kept].reduce((sum, i) => sum + (least[i] ?? 0) + gap, 0) - gap;
  const blanks = columns[last]?.isRightAligned ? 0 : (least[last] ?? 0) - widthOf(columns[last]?.header ?? "");
  const hidden = columns.length - kept.size;
  return whole - blanks + (hidden === 0 ? 0 : gap + `+${hidden}`.length);
}

/** The note about columns that do not fit a terminal of this width; "" if there are none. */
export function hiddenColumnsNote(hidden: readonly string[], width = Number.POSITIVE_INFINITY): string {
  if (hidden.length === 0) return "";
  const what = hidden.length === 1 ? "1 column has" : `${hidden.length} columns have`;
  const text = `${what} no room on this terminal: ${hidden.join(", ")}; a wider one and a pipe show all`;
  return `${wrappedText(text, width, 2).join("\n")}\n`;
}
