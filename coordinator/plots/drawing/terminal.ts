import type { DotForm } from "../../chart/dots.ts";
import type { Figure, LegendEntry } from "../figure.ts";
import { writeNumber } from "../ticks.ts";
import { Cells } from "./cells.ts";
import { ansiOf, dotSign, letterOf } from "./terminal-looks.ts";
import { panelCells } from "./terminal-panel.ts";
import { wrapped } from "./text-width.ts";

export interface TerminalLook {
  /** In characters. */
  readonly width: number;
  /** Rows for the whole figure; a figure takes more if its panels would be too low. */
  readonly height: number;
  /** Undefined: braille, or ASCII if several series have no colours to tell them apart. */
  readonly form: DotForm | undefined;
  readonly isColoured: boolean;
}

const lowestPanel = 9;
const narrowestPanel = 34;

export function figureText(figure: Figure, look: TerminalLook): string[] {
  const { width, isColoured } = look;
  const form = look.form ?? (!isColoured && hasSeries(figure) ? "ascii" : "braille");
  const head = [...titleLines(figure.title, width), ...legendLines(figure.legend, width, form, isColoured)];
  const foot = [...rampLine(figure), ...figure.notes].flatMap((line) => wrapped(line, width, lengthOf));
  const columns = Math.max(1, Math.min(figure.columns, Math.floor(width / narrowestPanel)));
  const rows = Math.ceil(figure.panels.length / columns);
  const room = Math.floor((look.height - head.length - foot.length - 1) / Math.max(1, rows));
  const { y } = figure.panels[0] ?? {};
  const { linesEach } = figure.fit ?? {};
  // Each named place needs a row.
  const needed = y?.ticks && y.ticks.length > 0 ? Math.ceil(y.to - y.from) * (linesEach ?? 1) + 4 : lowestPanel;
  const height = Math.max(lowestPanel, needed, linesEach === undefined ? room : 0);
  const panelWidth = Math.floor(width / columns);
  const lines = [...head];
  for (let row = 0; row < rows; row += 1) {
    const band = new Cells(width, height);
    figure.panels.slice(row * columns, (row + 1) * columns).forEach((panel, i) => {
      const size = { width: panelWidth - (columns > 1 ? 1 : 0), height };
      band.paste(panelCells(panel, figure.legend, size, form, isColoured), i * panelWidth, 0);
    });
    lines.push(...band.lines(isColoured));
  }
  return [...lines, ...foot];
}

/** Whether the legend names several lines, or several sets of dots, that differ by their looks alone. */
function hasSeries({ legend }: Figure): boolean {
  const [first, ...others] = legend.filter(({ look }) => !look.isFaint);
  return others.length > 0 && first?.swatch !== "box" && others.every(({ swatch }) => swatch === first?.swatch);
}

const lengthOf = (text: string): number => text.length;

function titleLines(title: string, width: number): string[] {
  return wrapped(title, width, lengthOf).map(
    (line) => " ".repeat(Math.max(0, Math.floor((width - line.length) / 2))) + line,
  );
}

function legendLines(legend: readonly LegendEntry[], width: number, form: DotForm, isColoured: boolean): string[] {
  const lines: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const entry of legend) {
    const sign = swatchText(entry, legend, form, isColoured);
    const colour = isColoured ? ansiOf(entry.look.colour) : undefined;
    const shown = colour === undefined ? sign : `\u001b[${colour}m${sign}\u001b[0m`;
    const own = sign.length + 1 + entry.label.length;
    if (length + 2 + own > width) {
      lines.push([]);
      length = -2;
    }
    lines.at(-1)?.push(`${shown} ${entry.label}`);
    length += 2 + own;
  }
  return lines.map((line) => line.join("  "));
}

/** The sign beside a legend's label; for boxes without colours, their letter. */
function swatchText(entry: LegendEntry, legend: readonly LegendEntry[], form: DotForm, isColoured: boolean): string {
  const { look, swatch } = entry;
  if (swatch === "box") return form !== "ascii" && isColoured ? "█" : (entry.letter ?? "#");
  const mark = form === "ascii" ? letterOf(look, legend) : swatch === "dot" ? dotSign(look) : "─";
  return swatch === "dot" ? mark : mark.repeat(2);
}

function rampLine({ ramp, panels }: Figure): string[] {
  if (!ramp) return [];
  const isShaded = panels.some(({ marks }) => marks.some(({ kind }) => kind === "boxes"));
  const more = isShaded ? "denser" : "brighter";
  return [
    `${ramp.label}: ${writeNumber(ramp.from)} to ${writeNumber(ramp.to)}, ${more} is ${ramp.from > ramp.to ? "less" : "more"}`,
  ];
}
