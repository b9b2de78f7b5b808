import { DotField, type DotForm } from "../../chart/dots.ts";
import {
  type Axis,
  type Box,
  type LegendEntry,
  type Look,
  type Mark,
  type Marker,
  type Panel,
  placeOn,
} from "../figure.ts";
import { grey, okabeIto, paleGrey } from "../palette.ts";
import { ticksOf } from "../ticks.ts";
import { type AnsiColour, Cells } from "./cells.ts";

/** The nearest of the sixteen colours; black and unknown ones are the terminal's own. */
const ansi: Readonly<Record<string, AnsiColour>> = {
  [okabeIto.blue]: 94,
  [okabeIto.vermillion]: 91,
  [okabeIto.green]: 32,
  [okabeIto.purple]: 95,
  [okabeIto.orange]: 33,
  [okabeIto.sky]: 96,
  [grey]: 90,
  [paleGrey]: 90,
};

export const ansiOf = (colour: string): AnsiColour => ansi[colour];

/** Of the ramp, from pale to dark: few enough to be told apart. */
const rampColours: readonly AnsiColour[] = [90, 36, 32, 93];
export const ansiOfShare = (share: number): AnsiColour =>
  rampColours[Math.min(rampColours.length - 1, Math.max(0, Math.floor(share * rampColours.length)))];
const shades = { block: " ░▒▓█", ascii: " .:+#" } as const;

export const sameLook = (a: Look, b: Look): boolean =>
  a.colour === b.colour && a.dash === b.dash && a.marker === b.marker && a.isFaint === b.isFaint;

/** One for each of the series that a legend names. */
const letters = "*o+x#@%&=$";

/** What a series looks like in ASCII. */
export const letterOf = (look: Look, legend: readonly LegendEntry[]): string =>
  look.isFaint ? "." : (letters[ownerOf(look, legend) % letters.length] ?? "*");

/** Place in the legend, so that the same series is the same character in every panel and what is named first is in front. */
function ownerOf(look: Look, legend: readonly LegendEntry[]): number {
  const found = legend.findIndex((entry) => sameLook(entry.look, look));
  return found < 0 ? legend.length : found;
}

interface Owner {
  readonly colour: AnsiColour;
  /** In ASCII. */
  readonly letter: string;
}

/** A panel as cells: its y label above, ticks at the left and below, its x label at the foot. */
export function panelCells(
  panel: Panel,
  legend: readonly LegendEntry[],
  size: { readonly width: number; readonly height: number },
  form: DotForm,
  isColoured: boolean,
): Cells {
  const { width, height } = size;
  const cells = new Cells(width, height);
  const head = panel.title === "" && panel.y.label === "" ? 0 : 1;
  const foot = panel.x.label === "" ? 1 : 2;
  const rows = Math.max(2, height - head - foot - 1);
  const yTicks = ticksOf(panel.y, Math.max(2, Math.ceil(rows / 3)));
  const longest = yTicks.reduce((most, { text }) => Math.max(most, [...text].length), 0);
  const gutter = Math.min(Math.floor(width / 3), longest + 1);
  const plot = { left: gutter + 1, top: head, columns: Math.max(4, width - gutter - 2), rows };
  cells.write(0, 0, panel.y.label, undefined);
  if (panel.title !== "") {
    const left = plot.left + Math.max(0, Math.floor((plot.columns - [...panel.title].length) / 2));
    cells.write(Math.max(left, [...panel.y.label].length + 2), 0, panel.title);
  }
  const field = drawDots(panel, legend, plot, form);
  for (const mark of panel.marks)
    if (mark.kind === "boxes") drawBoxes(cells, mark.boxes, panel, plot, form, isColoured);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < plot.columns; x += 1) {
      const { character, colour } = field(x, y);
      if (character === " ") continue;
      const [left, top] = [plot.left + x, plot.top + y];
      const below = cells.at(left, top);
      // An interval that lies over its bar leaves the bar's end to be seen.
      if (below === " ") cells.put(left, top, character, colour);
      else cells.put(left, top, below === "█" ? "▒" : "=", colour);
    }
  }
  if (form !== "ascii") drawMarkers(cells, panel, plot);
  for (const mark of panel.marks) {
    if (mark.kind !== "labels") continue;
    for (const { x, y, text } of mark.labels) {
      const left = plot.left + Math.round(placeOn(panel.x, x) * (plot.columns - 1)) + 1;
      const top = plot.top + rows - 1 - Math.round(placeOn(panel.y, y) * (rows - 1));
      cells.write(left, top, text);
    }
  }
  drawFrame(cells, panel, plot, yTicks, form);
  return cells;
}

interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

/** More would hide what they stand on. */
const mostMarkers = 60;
const markerSigns: Readonly<Record<Marker, string>> = {
  circle: "•",
  square: "■",
  triangle: "▲",
  diamond: "◆",
  cross: "×",
  plus: "+",
};

/** What a legend shows for dots of this look. */
export const dotSign = ({ marker, isFaint }: Look): string => (isFaint ? "·" : markerSigns[marker]);

/** A few dots that are something of their own, such as changes of best, are signs of their own. */
function drawMarkers(cells: Cells, panel: Panel, plot: PlotArea): void {
  for (const mark of panel.marks) {
    if (mark.kind !== "dots" || mark.look.isFaint || mark.look.marker === "circle") continue;
    if (mark.xs.length > mostMarkers) continue;
    mark.xs.forEach((value, i) => {
      const x = Math.round(placeOn(panel.x, value) * (plot.columns - 1));
      const y = plot.rows - 1 - Math.round(placeOn(panel.y, mark.ys[i] ?? Number.NaN) * (plot.rows - 1));
      if (!(x >= 0 && x < plot.columns && y >= 0 && y < plot.rows)) return;
      cells.put(plot.left + x, plot.top + y, markerSigns[mark.look.marker], ansiOf(mark.look.colour));
    });
  }
}

/** Everything that is dots, in one field; a function that says what a cell shows. */
function drawDots(
  panel: Panel,
  legend: readonly LegendEntry[],
  plot: PlotArea,
  form: DotForm,
): (x: number, y: number) => { character: string; colour: AnsiColour } {
  const field = new DotField(plot.columns, plot.rows, form);
  const owners = new Map<number, Owner>();
  const at = (axis: Axis, value: number, steps: number): number => Math.round(placeOn(axis, value) * (steps - 1));
  const column = (x: number): number => at(panel.x, x, field.columns);
  const row = (y: number): number => field.rows - 1 - at(panel.y, y, field.rows);
  // In front: what the legend names first; then the others of the panel, bands and pale lines last.
  const behind = legend.length + 1;
  const owner = (look: Look, kind: "line" | "band" | "rule"): number => {
    const number =
      kind === "line" && !look.isFaint
        ? ownerOf(look, legend)
        : behind + ownerOf(look, legend) + (kind === "rule" ? 200 : kind === "band" ? 100 : 50);
    const letter = kind === "rule" ? "|" : kind === "band" ? ":" : letterOf(look, legend);
    owners.set(number, { colour: kind === "line" || kind === "band" ? ansiOf(look.colour) : 90, letter });
    return number;
  };
  const stroke = (x0: number, y0: number, x1: number, y1: number, who: number): void => {
    // A stroke to far outside of the panel has no end in reasonable time.
    if (Math.min(x0, x1) > field.columns || Math.max(x0, x1) < 0 || Math.abs(y1 - y0) > 50 * field.rows) return;
    const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let i = 0; i <= steps; i += 1) {
      field.set(Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), who);
    }
  };
  const line = (xs: readonly number[], ys: readonly number[], who: number, isStep: boolean): void => {
    let last: { x: number; y: number } | undefined;
    xs.forEach((value, i) => {
      const here = { x: column(value), y: row(ys[i] ?? Number.NaN) };
      if (!Number.isFinite(here.x) || !Number.isFinite(here.y)) {
        last = undefined;
        return;
      }
      if (last && isStep) {
        stroke(last.x, last.y, here.x, last.y, who);
        stroke(here.x, last.y, here.x, here.y, who);
      } else if (last) stroke(last.x, last.y, here.x, here.y, who);
      else field.set(here.x, here.y, who);
      last = here;
    });
  };
  for (const mark of panel.marks) {
    switch (mark.kind) {
      case "line":
        line(mark.xs, mark.ys, owner(mark.look, "line"), mark.isStep);
        break;
      case "dots": {
        const who = owner(mark.look, "line");
        mark.xs.forEach((x, i) => {
          const [c, r] = [column(x), row(mark.ys[i] ?? Number.NaN)];
          if (Number.isFinite(c) && Number.isFinite(r)) field.set(c, r, who);
        });
        break;
      }
      case "band":
        band(field, mark, column, row, owner(mark.look, "band"));
        break;
      case "intervals": {
        const who = owner(mark.look, "line");
        mark.at.forEach((place, i) => {
          const [low, high] = [mark.low[i] ?? Number.NaN, mark.high[i] ?? Number.NaN];
          const ends = mark.isUpright
            ? [column(place), row(low), column(place), row(high)]
            : [column(low), row(place), column(high), row(place)];
          const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = ends;
          if (ends.every(Number.isFinite)) stroke(x0, y0, x1, y1, who);
        });
        break;
      }
      case "rules": {
        const who = owner(mark.look, "rule");
        for (const x of mark.xs) {
          const c = column(x);
          if (!Number.isFinite(c)) continue;
          for (let r = 0; r < field.rows; r += mark.look.isFaint ? 3 : 1) field.set(c, r, who);
        }
        break;
      }
      case "paths":
        for (const { xs, ys, share } of mark.paths) {
          const who = 100 - Math.min(99, Math.max(0, Math.floor(share * 100)));
          owners.set(who, {
            colour: ansiOfShare(share),
            letter: share > 0.75 ? "#" : share > 0.5 ? "+" : share > 0.25 ? ":" : ".",
          });
          line(xs, ys, who, false);
        }
        break;
      case "boxes":
      case "labels":
        break;
      default: {
        const never: never = mark;
        return never;
      }
    }
  }
  return (x, y) => {
    const who = field.owner(x, y);
    const known = owners.get(who);
    const own = field.character(x, y);
    const character = form === "ascii" && own !== " " ? (known?.letter ?? own) : own;
    return { character, colour: known?.colour };
  };
}

/** Every second dot, so that a curve inside can still be seen. */
function band(
  field: DotField,
  mark: Extract<Mark, { kind: "band" }>,
  column: (x: number) => number,
  row: (y: number) => number,
  who: number,
): void {
  let last: { x: number; top: number; foot: number } | undefined;
  mark.xs.forEach((x, i) => {
    const here = { x: column(x), top: row(mark.high[i] ?? Number.NaN), foot: row(mark.low[i] ?? Number.NaN) };
    if (![here.x, here.top, here.foot].every(Number.isFinite)) {
      last = undefined;
      return;
    }
    const from = last ?? here;
    const span = Math.max(1, here.x - from.x);
    for (let c = Math.max(0, from.x); c <= Math.min(field.columns - 1, here.x); c += 1) {
      const share = mark.isStep ? (c === here.x ? 1 : 0) : (c - from.x) / span;
      const top = Math.round(from.top + (here.top - from.top) * share);
      const foot = Math.round(from.foot + (here.foot - from.foot) * share);
      for (let r = Math.max(0, top); r <= Math.min(field.rows - 1, foot); r += 1) {
        if (r % 2 === 0 && (r / 2 + c) % 2 === 0) field.set(c, r, who);
      }
    }
    last = here;
  });
}

function drawBoxes(
  cells: Cells,
  boxes: readonly Box[],
  { x, y }: Panel,
  plot: PlotArea,
  form: DotForm,
  isColoured: boolean,
): void {
  const across = (value: number): number => plot.left + Math.min(1, Math.max(0, placeOn(x, value))) * plot.columns;
  const down = (value: number): number => plot.top + (1 - Math.min(1, Math.max(0, placeOn(y, value)))) * plot.rows;
  for (const box of boxes) {
    const [left, right] = [Math.round(across(box.x1)), Math.round(across(box.x2))];
    const [head, end] = [down(box.y2), down(box.y1)];
    // What is less than two rows high stands in the row of its name.
    const isLow = end - head < 2;
    const top = isLow ? Math.floor((head + end) / 2) : Math.round(head);
    const foot = isLow ? top + 1 : Math.round(end);
    const { character, colour } = filling(box, form, isColoured);
    for (let row = top; row < Math.max(top + 1, foot); row += 1) {
      // A gap between neighbours of the same look, where there is room for one.
      const stop = right - left > 3 && box.share === null ? right - 1 : Math.max(left + 1, right);
      for (let column = left; column < stop; column += 1) cells.put(column, row, character, colour);
    }
    if (box.share === null) continue;
    const room = right - left;
    const lines = box.text.split("\n").slice(0, Math.max(1, foot - top));
    const first = Math.floor((top + Math.max(top, foot - 1) - (lines.length - 1)) / 2);
    lines.forEach((text, i) => {
      if (text.length <= room) cells.write(left + Math.floor((room - text.length) / 2), first + i, text);
    });
  }
}

function filling(box: Box, form: DotForm, isColoured: boolean): { character: string; colour: AnsiColour } {
  if (box.share !== null) {
    const shade = form === "ascii" ? shades.ascii : shades.block;
    const i = Math.min(shade.length - 1, 1 + Math.floor(box.share * (shade.length - 1)));
    return { character: shade[i] ?? "#", colour: ansiOfShare(box.share) };
  }
  if (form === "ascii" || !isColoured) return { character: box.letter, colour: ansiOf(box.colour) };
  return { character: "█", colour: ansiOf(box.colour) };
}

function drawFrame(
  cells: Cells,
  panel: Panel,
  plot: PlotArea,
  yTicks: readonly { at: number; text: string }[],
  form: DotForm,
): void {
  const lines =
    form === "ascii"
      ? { side: "|", tick: "+", foot: "-", corner: "+" }
      : { side: "│", tick: "┤", foot: "─", corner: "└" };
  const foot = plot.top + plot.rows;
  for (let row = plot.top; row < foot; row += 1) cells.put(plot.left - 1, row, lines.side);
  cells.put(plot.left - 1, foot, lines.corner);
  for (let column = plot.left; column < plot.left + plot.columns; column += 1) cells.put(column, foot, lines.foot);
  const taken = new Set<number>();
  for (const { at, text } of yTicks) {
    const row = plot.top + Math.min(plot.rows - 1, Math.floor((1 - placeOn(panel.y, at)) * plot.rows));
    if (taken.has(row)) continue;
    taken.add(row);
    cells.put(plot.left - 1, row, lines.tick);
    const kept = [...text].slice(0, plot.left - 2).join("");
    cells.write(plot.left - 2 - [...kept].length, row, kept);
  }
  for (let wanted = Math.max(2, Math.floor(plot.columns / 8)); wanted >= 2; wanted -= 1) {
    const ticks = ticksOf(panel.x, wanted);
    const room = ticks.reduce((sum, { text }) => sum + [...text].length + 2, 0);
    if (room > plot.columns && wanted > 2 && !panel.x.ticks) continue;
    for (const { at, text } of ticks) {
      const column = plot.left + Math.round(placeOn(panel.x, at) * (plot.columns - 1));
      const length = [...text].length;
      const start = Math.max(0, Math.min(cells.width - length, column - Math.floor(length / 2)));
      if (cells.writeIfFree(start, foot + 1, text)) cells.put(column, foot, form === "ascii" ? "+" : "┴");
    }
    break;
  }
  const { label } = panel.x;
  const start = plot.left + Math.floor((plot.columns - [...label].length) / 2);
  if (label !== "") cells.write(Math.max(0, start), foot + 2, label);
}
