import type { DotForm } from "../../chart/dots.ts";
import { type Box, type LegendEntry, type Panel, placeOn, type Tick } from "../figure.ts";
import { ticksOf } from "../ticks.ts";
import { type AnsiColour, Cells } from "./cells.ts";
import { drawDots } from "./terminal-dots.ts";
import { ansiOf, ansiOfShare, markerSigns } from "./terminal-looks.ts";

/** A panel as cells: y label on top, ticks on the left and below, x label at the bottom. */
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
      // Where an interval covers its bar, the end of the bar stays visible.
      if (below === " ") cells.put(left, top, character, colour);
      else cells.put(left, top, below === "█" ? "▒" : "=", colour);
    }
  }
  if (form !== "ascii") drawMarkers(cells, panel, plot);
  for (const mark of panel.marks) {
    if (mark.kind !== "labels") continue;
    for (const label of mark.labels) {
      const { x, y } = cellOf(panel, plot, label.x, label.y);
      cells.write(plot.left + x + 1, plot.top + y, label.text);
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

/** The cell of a point, which may lie outside the plot. */
const cellOf = ({ x, y }: Panel, { columns, rows }: PlotArea, atX: number, atY: number): { x: number; y: number } => ({
  x: Math.round(placeOn(x, atX) * (columns - 1)),
  y: rows - 1 - Math.round(placeOn(y, atY) * (rows - 1)),
});

/** More would hide the lines beneath them. */
const mostMarkers = 60;

/** Draws dots with a marker of their own, such as changes of the best, as signs if they are few. */
function drawMarkers(cells: Cells, panel: Panel, plot: PlotArea): void {
  for (const mark of panel.marks) {
    if (mark.kind !== "dots" || mark.look.isFaint || mark.look.marker === "circle") continue;
    if (mark.xs.length > mostMarkers) continue;
    mark.xs.forEach((value, i) => {
      const { x, y } = cellOf(panel, plot, value, mark.ys[i] ?? Number.NaN);
      if (!(x >= 0 && x < plot.columns && y >= 0 && y < plot.rows)) return;
      cells.put(plot.left + x, plot.top + y, markerSigns[mark.look.marker], ansiOf(mark.look.colour));
    });
  }
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
    // A box less than two rows high goes into the row of its name.
    const isLow = end - head < 2;
    const top = isLow ? Math.floor((head + end) / 2) : Math.round(head);
    const foot = isLow ? top + 1 : Math.round(end);
    const { character, colour } = filling(box, form, isColoured);
    for (let row = top; row < Math.max(top + 1, foot); row += 1) {
      // Leaves a gap between neighbours if there is room for one.
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

const shades = { block: " ░▒▓█", ascii: " .:+#" } as const;

function filling(box: Box, form: DotForm, isColoured: boolean): { character: string; colour: AnsiColour } {
  if (box.share !== null) {
    const shade = form === "ascii" ? shades.ascii : shades.block;
    const i = Math.min(shade.length - 1, 1 + Math.floor(box.share * (shade.length - 1)));
    return { character: shade[i] ?? "#", colour: ansiOfShare(box.share) };
  }
  if (form === "ascii" || !isColoured) return { character: box.letter, colour: ansiOf(box.colour) };
  return { character: "█", colour: ansiOf(box.colour) };
}

function drawFrame(cells: Cells, panel: Panel, plot: PlotArea, yTicks: readonly Tick[], form: DotForm): void {
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
