import { jsonLine } from "../../shared/domain/json-line.ts";

/**
 * A plot as plain data, in the units of the data. `figures/` builds one for each kind of plot; `drawing/` draws it as text, SVG
 * or PNG and knows neither runs nor kinds. Only finite numbers are drawn; NaN in a coordinate breaks a line.
 */
export interface Figure {
  /** For metadata and JSON: "curves", "summary", ... */
  readonly kind: string;
  /** Empty: none. */
  readonly title: string;
  /** Row by row. */
  readonly panels: readonly Panel[];
  /** Panels in a row; at least 1. */
  readonly columns: number;
  /** One legend for all panels; empty: none. */
  readonly legend: readonly LegendEntry[];
  /** The scale of colours that stand for numbers; null: none. */
  readonly ramp: Ramp | null;
  /** Sentences under the plot: what was left out, what a band means. */
  readonly notes: readonly string[];
  /** Undefined: the size that suits curves. */
  readonly fit?: Fit;
  /** The numbers behind the plot, unrounded, for programs. */
  readonly data: () => readonly Datum[];
}

/** How much room a figure needs. */
export interface Fit {
  readonly paper: FigureSize;
  /** For a y axis that is a list: lines of text for each place. The plot is drawn no higher than that. */
  readonly linesEach?: number;
}

export interface FigureSize {
  readonly widthMm: number;
  /** Height of one row of panels, without titles, legend and notes. */
  readonly panelHeightMm: number;
}

/** `type` is curve, run, setting, cell, ... A number that was not measured is NaN. */
export type Datum = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Panel {
  /** Empty: none. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** In drawing order: later ones on top. */
  readonly marks: readonly Mark[];
}

export interface Axis {
  /** With its unit, if any, in brackets: "time (hours)". */
  readonly label: string;
  readonly scale: "linear" | "log";
  readonly from: number;
  /** Greater than `from`. */
  readonly to: number;
  /** Named places, such as settings; null: as many round numbers as fit. */
  readonly ticks: readonly Tick[] | null;
  /** Ticks are whole numbers. */
  readonly isWhole: boolean;
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export type Dash = "solid" | "dashed" | "dotted" | "dash-dotted";
export type Marker = "circle" | "square" | "triangle" | "diamond" | "cross" | "plus";

/** How a series looks. Dash and marker tell series apart without colours too. */
export interface Look {
  /** #rrggbb */
  readonly colour: string;
  readonly dash: Dash;
  readonly marker: Marker;
  /** Thin and pale, for the background. */
  readonly isFaint: boolean;
}

export interface LegendEntry {
  readonly label: string;
  readonly look: Look;
  readonly swatch: "line" | "marked line" | "dot" | "box";
  /** Fills boxes if there are no colours. */
  readonly letter?: string;
}

/** Columns of equal length. */
export type Mark =
  | { readonly kind: "line"; readonly look: Look; readonly xs: Numbers; readonly ys: Numbers; readonly isStep: boolean }
  | {
      readonly kind: "band";
      readonly look: Look;
      readonly xs: Numbers;
      readonly low: Numbers;
      readonly high: Numbers;
      readonly isStep: boolean;
    }
  | { readonly kind: "dots"; readonly look: Look; readonly xs: Numbers; readonly ys: Numbers }
  /** Many lines, coloured by the ramp. */
  | { readonly kind: "paths"; readonly paths: readonly Path[] }
  /** Error bars with caps from low to high: vertical at x = `at`, or horizontal at y = `at`. */
  | {
      readonly kind: "intervals";
      readonly look: Look;
      readonly isUpright: boolean;
      readonly at: Numbers;
      readonly low: Numbers;
      readonly high: Numbers;
    }
  /** Vertical lines across the whole panel. */
  | { readonly kind: "rules"; readonly look: Look; readonly xs: Numbers }
  | { readonly kind: "boxes"; readonly boxes: readonly Box[] }
  | { readonly kind: "labels"; readonly labels: readonly Label[] };

export type Numbers = readonly number[];

export interface Path {
  readonly xs: Numbers;
  readonly ys: Numbers;
  /** Place in the ramp, 0 to 1. */
  readonly share: number;
}

export interface Box {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
  readonly colour: string;
  /** Written in the box if it fits; empty: none. */
  readonly text: string;
  /** Place in the ramp, 0 to 1, for shading if colours are few; null: not from the ramp. */
  readonly share: number | null;
  /** The ASCII character that fills it if there are no colours. */
  readonly letter: string;
}

/** A box of one colour, without text. */
export const plainBox = (
  box: Pick<Box, "x1" | "x2" | "y1" | "y2" | "colour"> & Partial<Pick<Box, "letter" | "text">>,
): Box => ({ text: "", share: null, letter: "#", ...box });

/** Text to the right of a point. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Numbers as colours, from pale to dark; `from` is the greater one where lower is better. */
export interface Ramp {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

/** A figure with a single panel, which has no title of its own. */
export function onePanel(
  told: Pick<Panel, "x" | "y" | "marks"> & Pick<Figure, "kind" | "title" | "data"> & Partial<Figure>,
): Figure {
  const { x, y, marks, ...rest } = told;
  return { panels: [{ title: "", x, y, marks }], columns: 1, legend: [], ramp: null, notes: [], ...rest };
}

/** The values at some places; NaN outside the array. */
export const valuesAt = (values: ArrayLike<number>, places: Numbers): number[] =>
  places.map((i) => values[i] ?? Number.NaN);

/** The least and greatest finite value; from > to if there are none. */
export function extent(values: Iterable<number>): { from: number; to: number } {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < from) from = value;
    if (value > to) to = value;
  }
  return { from, to };
}

/** An axis with round numbers that covers the values. */
export function axisOver(
  label: string,
  values: Iterable<number>,
  options: {
    readonly scale?: "linear" | "log";
    readonly isWhole?: boolean;
    /** Share of the span left free at each end; default 0.04. */
    readonly room?: number;
    /** Ends that the user asked for. */
    readonly limits?: Limits | undefined;
  } = {},
): Axis {
  const { scale = "linear", isWhole = false, room = 0.04, limits } = options;
  const isLog = scale === "log";
  let { from: least, to: greatest } = extent(isLog ? [...values].filter((value) => value > 0) : values);
  if (least > greatest) [least, greatest] = isLog ? [0.1, 10] : [0, 1];
  if (least === greatest) [least, greatest] = around(least, isLog);
  const [from, to] = isLog ? widenedLog(least, greatest, room) : widened(least, greatest, room);
  const ends = { from: limits?.from ?? from, to: limits?.to ?? to };
  return { label, scale, ...(ends.from < ends.to ? ends : { from, to }), ticks: null, isWhole };
}

/** Ends of an axis that the user asked for; null: taken from the data. */
export interface Limits {
  readonly from: number | null;
  readonly to: number | null;
}

function around(value: number, isLog: boolean): [number, number] {
  if (isLog) return [value / 2, value * 2];
  const half = value === 0 ? 1 : Math.abs(value) / 2;
  return [value - half, value + half];
}

/** Halves before subtracting, so that the widest spans stay finite. */
function widened(least: number, greatest: number, room: number): [number, number] {
  const span = (greatest / 2 - least / 2) * 2 * room;
  const extra = Number.isFinite(span) ? span : 0;
  const edge = Number.MAX_VALUE / 4;
  return [Math.max(-edge, least - extra), Math.min(edge, greatest + extra)];
}

/** The same by a factor, so that the ends stay finite and above 0. */
function widenedLog(least: number, greatest: number, room: number): [number, number] {
  const extra = Math.exp((Math.log(greatest) - Math.log(least)) * room);
  return [Math.max(Number.MIN_VALUE, least / extra), Math.min(Number.MAX_VALUE / 4, greatest * extra)];
}

/** An axis of places 0, 1, 2, ..., named by ticks, with some room at both ends. */
export const axisOfPlaces = (label: string, count: number, ticks: readonly Tick[], room: number): Axis => ({
  label,
  scale: "linear",
  from: -room,
  to: Math.max(0, count - 1) + room,
  ticks,
  isWhole: true,
});

export function axisOfNames(label: string, names: readonly string[]): Axis {
  const ticks = names.map((text, at) => ({ at, text }));
  return axisOfPlaces(label, names.length, ticks, 0.5);
}

/** Place of a value on an axis: 0 at its start, 1 at its end; NaN if it has none. */
export function placeOn(axis: Axis, value: number): number {
  if (axis.scale === "linear") return (value - axis.from) / (axis.to - axis.from);
  // The quotient of the widest axis' ends would be infinite.
  const from = Math.log(axis.from);
  return value > 0 ? (Math.log(value) - from) / (Math.log(axis.to) - from) : Number.NaN;
}

/**
 * A plot's data, one JSON object a line: first `{"type":"plot","v":1,"kind":"curves",...}`, then one for each thing shown. Numbers
 * are unrounded; NaN becomes null, infinite numbers become "Infinity" and "-Infinity".
 */
export function figureJson({ kind, title, panels, notes, data }: Figure): string {
  const axes = panels.map((panel) => ({ title: panel.title, x: panel.x.label, y: panel.y.label }));
  const rows = [{ type: "plot", kind, title, panels: axes, notes }, ...data()];
  return rows.map(({ type, ...fields }) => jsonLine({ type, v: 1, ...fields })).join("");
}
