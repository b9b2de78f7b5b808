/** Curves as rows of text, in braille, blocks or plain ASCII. Pure: points in, text out. */

import { DotField, type DotForm } from "./dots.ts";
import { niceTicks, tickText } from "./ticks.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Half the height of the band around the point, for example one standard deviation. */
  readonly spread?: number;
}

export interface Series {
  /** By x, ascending. A value that is not finite leaves a gap. */
  readonly points: readonly Point[];
  /** Whether points are single dots. Default: a line joins them. */
  readonly isScatter?: boolean;
  /** Written at the end of the series, to tell it from others without colours. */
  readonly label?: string;
}

export interface ChartOptions {
  /** Characters, axes included. */
  readonly width: number;
  /** Rows, axes included. */
  readonly height: number;
  readonly form?: DotForm;
  /** Written at the right end of the x axis. */
  readonly xName?: string;
  /** Whether x counts something, so that the axis has whole numbers only. */
  readonly isWhole?: boolean;
  /** Range of an axis. Default: that of the points. */
  readonly xRange?: AxisRange;
  readonly yRange?: AxisRange;
}

export interface AxisRange {
  readonly low: number;
  readonly high: number;
}

/** A piece of a row. `series` is the index of the series that it shows, -1 for axes and blanks. */
export interface ChartPiece {
  readonly text: string;
  readonly series: number;
}

export type ChartRow = readonly ChartPiece[];

const smallest = { width: 12, height: 3 };

/** The first series is drawn in front. Empty if there is no room. */
export function chartRows(series: readonly Series[], options: ChartOptions): ChartRow[] {
  const { width, height, form = "braille" } = options;
  if (width < smallest.width || height < smallest.height) return [];
  const x = options.xRange ?? rangeOf(series, ({ x: value }) => [value, value]);
  const y = padded(options.yRange ?? rangeOf(series, ({ y: value, spread = 0 }) => [value - spread, value + spread]));
  if (!x || !y) return [];
  const yTicks = niceTicks(y.low, y.high, Math.max(2, Math.floor((height - 1) / 3)));
  const labels = yTicks.values.map((value) => tickText(value, yTicks.decimals));
  const gutter = Math.min(Math.floor(width / 3), labels.reduce((most, label) => Math.max(most, label.length), 0) + 1);
  const field = new DotField(width - gutter - 1, height - 1, form);
  const at = (range: AxisRange, value: number, steps: number): number =>
    range.high > range.low
      ? Math.round(((value - range.low) / (range.high - range.low)) * (steps - 1))
      : Math.floor(steps / 2);
  const place: Place = {
    column: (value) => at(x, value, field.columns),
    row: (value) => field.rows - 1 - at(y, value, field.rows),
  };
  // The order does not matter: the field knows which series is in front.
  series.forEach((one, owner) => {
    if (one.isScatter) scatter(field, one, owner, place);
    else line(field, one, owner, place);
  });
  series.forEach((one, owner) => {
    band(field, one, owner + series.length, place);
  });
  const rowOf = (value: number): number =>
    Math.min(field.height - 1, Math.floor((place.row(value) * field.height) / field.rows));
  const written = endLabels(series, field, (point) => ({
    column: Math.floor((place.column(point.x) * field.width) / field.columns),
    row: rowOf(point.y),
  }));
  const labelAt = new Map(yTicks.values.map((value, i) => [rowOf(value), labels[i] ?? ""]));
  const rows: ChartRow[] = [];
  for (let row = 0; row < field.height; row += 1) {
    const label = labelAt.get(row);
    const axis = form === "ascii" ? (label === undefined ? "|" : "+") : label === undefined ? "│" : "┤";
    rows.push([
      { text: `${(label ?? "").slice(0, gutter).padStart(gutter)}${axis}`, series: -1 },
      ...pieces(field, row, series.length, written),
    ]);
  }
  rows.push([{ text: xAxis(x, options, gutter + 1), series: -1 }]);
  return rows;
}

interface Place {
  column(x: number): number;
  row(y: number): number;
}

/**
 * A stroke joins the lowest and the highest point of each dot column. Straight lines cross columns without points, from
 * the last point of one column to the first of the next, so that a step stays a step.
 */
function line(field: DotField, { points }: Series, owner: number, place: Place): void {
  const lows = new Float64Array(field.columns).fill(Number.NaN);
  const highs = new Float64Array(field.columns).fill(Number.NaN);
  const firsts = new Float64Array(field.columns);
  const lasts = new Float64Array(field.columns);
  const breaks = new Set<number>();
  let isBroken = false;
  for (const { x, y } of points) {
    if (!Number.isFinite(x)) continue;
    const column = place.column(x);
    if (column < 0 || column >= field.columns) continue;
    if (!Number.isFinite(y)) {
      isBroken = true;
      continue;
    }
    const row = place.row(y);
    if (Number.isNaN(lows[column])) {
      if (isBroken) breaks.add(column);
      firsts[column] = row;
    }
    isBroken = false;
    lasts[column] = row;
    if (!((lows[column] ?? Number.NaN) <= row)) lows[column] = row;
    if (!((highs[column] ?? Number.NaN) >= row)) highs[column] = row;
  }
  let last = -1;
  for (let column = 0; column < field.columns; column += 1) {
    const low = lows[column] ?? Number.NaN;
    if (Number.isNaN(low)) continue;
    const high = highs[column] ?? low;
    for (let row = low; row <= high; row += 1) field.set(column, row, owner);
    if (last >= 0 && !breaks.has(column)) stroke(field, last, lasts[last] ?? 0, column, firsts[column] ?? 0, owner);
    last = column;
  }
}

function stroke(field: DotField, x0: number, y0: number, x1: number, y1: number, owner: number): void {
  const steps = Math.max(1, Math.abs(x1 - x0), Math.ceil(Math.abs(y1 - y0)));
  for (let i = 0; i <= steps; i += 1) {
    field.set(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), owner);
  }
}

function scatter(field: DotField, { points }: Series, owner: number, place: Place): void {
  for (const { x, y } of points) {
    if (Number.isFinite(x) && Number.isFinite(y)) field.set(place.column(x), place.row(y), owner);
  }
}

/** Every second dot of every second row, so that a curve inside the band stays visible. */
function band(field: DotField, { points, isScatter }: Series, owner: number, place: Place): void {
  let previous: { column: number; high: number; low: number } | undefined;
  for (const { x, y, spread = 0 } of points) {
    if (!(spread > 0 && Number.isFinite(x) && Number.isFinite(y)) || isScatter) {
      previous = undefined;
      continue;
    }
    const here = { column: place.column(x), high: place.row(y + spread), low: place.row(y - spread) };
    const from = previous ?? here;
    const width = Math.max(1, here.column - from.column);
    for (let column = from.column; column <= here.column; column += 1) {
      const share = (column - from.column) / width;
      const high = Math.round(from.high + (here.high - from.high) * share);
      const low = Math.round(from.low + (here.low - from.low) * share);
      for (let row = Math.max(0, high); row <= Math.min(field.rows - 1, low); row += 1) {
        if ((row + column) % 2 === 0 && row % 2 === 0) field.set(column, row, owner);
      }
    }
    previous = here;
  }
}

/** Characters that stand over the dots, by their place in the field: row * width + column. */
type Written = ReadonlyMap<number, { readonly character: string; readonly series: number }>;

/** Each label stands after the last point of its series, or further left if there is no room, in the nearest free row. */
function endLabels(
  series: readonly Series[],
  field: DotField,
  cellOf: (point: Point) => { readonly column: number; readonly row: number },
): Written {
  const written = new Map<number, { character: string; series: number }>();
  series.forEach(({ points, label = "" }, owner) => {
    const last = points.findLast(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
    if (!last || label === "" || label.length > field.width / 2) return;
    const { column, row } = cellOf(last);
    const from = Math.max(0, Math.min(column + 1, field.width - label.length));
    const isFree = (at: number): boolean =>
      at >= 0 && at < field.height && [...label].every((_, i) => !written.has(at * field.width + from + i));
    const free = [0, -1, 1, -2, 2, -3, 3].map((by) => row + by).find(isFree);
    if (free === undefined) return;
    for (let i = 0; i < label.length; i += 1) {
      written.set(free * field.width + from + i, { character: label[i] ?? " ", series: owner });
    }
  });
  return written;
}

/** Neighbouring cells of one owner become one piece. The band of a series counts as the series. */
function pieces(field: DotField, row: number, count: number, written: Written): ChartPiece[] {
  const out: { text: string; series: number }[] = [];
  for (let x = 0; x < field.width; x += 1) {
    const owner = field.owner(x, row);
    const over = written.get(row * field.width + x);
    const series = over?.series ?? (owner >= count ? owner - count : owner);
    const character = over?.character ?? field.character(x, row);
    const last = out.at(-1);
    if (last && last.series === series) last.text += character;
    else out.push({ text: character, series });
  }
  return out;
}

function xAxis(range: AxisRange, { xName: name = "", isWhole = false, width }: ChartOptions, gutter: number): string {
  const room = width - gutter;
  const cells = " ".repeat(width).split("");
  const write = (text: string, from: number): boolean => {
    const start = Math.max(0, Math.min(from, width - text.length));
    // A blank on either side separates a text from its neighbours.
    for (let i = start - 1; i <= start + text.length; i += 1) if ((cells[i] ?? " ") !== " ") return false;
    for (let i = 0; i < text.length; i += 1) cells[start + i] = text[i] ?? " ";
    return true;
  };
  if (name !== "" && name.length < room / 2) write(name, width - name.length);
  const { values, decimals } = niceTicks(range.low, range.high, Math.max(2, Math.floor(room / 10)), isWhole ? 1 : 0);
  for (const value of values) {
    const text = tickText(value, decimals);
    const share = range.high > range.low ? (value - range.low) / (range.high - range.low) : 0.5;
    write(text, gutter + Math.round(share * (room - 1)) - Math.floor(text.length / 2));
  }
  return cells.join("");
}

function rangeOf(
  series: readonly Series[],
  valuesOf: (point: Point) => readonly [number, number],
): AxisRange | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { points } of series) {
    for (const point of points) {
      if (!(Number.isFinite(point.x) && Number.isFinite(point.y))) continue;
      const [least, most] = valuesOf(point);
      if (least < low) low = least;
      if (most > high) high = most;
    }
  }
  return low <= high ? { low, high } : undefined;
}

/** Gives a flat curve room above and below. */
function padded(range: AxisRange | undefined): AxisRange | undefined {
  if (!range || range.high > range.low) return range;
  const room = Math.abs(range.low) * 0.1 || 1;
  return { low: range.low - room, high: range.high + room };
}
