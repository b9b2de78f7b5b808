import type { Axis, Figure, FigureSize, LegendEntry, Marker, Ramp } from "../figure.ts";
import { rampColour } from "../palette.ts";
import { ticksOf } from "../ticks.ts";
import { dashArray, fontFamily, fontSize, panelSvg } from "./svg.ts";
import { shortened, textWidth, wrapped } from "./text-width.ts";

/** A pixel is 1/96 inch, so the smallest text is 6 points high on paper. */
const pixelsPerMm = 96 / 25.4;
const titleSize = 12;
const noteSize = 8;
const gap = 4;

/** What the figure asks for; otherwise one column of a paper, or two if panels are side by side. */
export function usualSize({ fit, columns }: Figure): FigureSize {
  if (fit) return fit.paper;
  return columns === 1 ? { widthMm: 90, panelHeightMm: 56 } : { widthMm: 180, panelHeightMm: columns === 2 ? 52 : 42 };
}

/**
 * A figure as an SVG file: title, legend, panels, ramp and notes, from top to bottom.
 *
 * @param metadata  written to the file's `<metadata>` as JSON
 */
export function figureSvg(figure: Figure, metadata: object, size: FigureSize = usualSize(figure)): string {
  const width = round(size.widthMm * pixelsPerMm);
  const parts: string[] = [];
  let top = gap;
  if (figure.title !== "") {
    for (const line of textLines(figure.title, (width - 2 * gap) / titleSize)) {
      parts.push(text(line, width / 2, top + titleSize, { size: titleSize, anchor: "middle", weight: "bold" }));
      top += titleSize * 1.25;
    }
    top += gap;
  }
  const legend = legendSvg(figure.legend, width, top);
  parts.push(...legend.parts);
  top = legend.bottom;
  const panelWidth = (width - gap) / figure.columns;
  const panelHeight = size.panelHeightMm * pixelsPerMm;
  for (let row = 0; row * figure.columns < figure.panels.length; row += 1) {
    const among = figure.panels.slice(row * figure.columns, (row + 1) * figure.columns);
    const titleRoom = among.some(({ title }) => title !== "") ? fontSize * 1.5 : 0;
    among.forEach((panel, i) => {
      const left = i * panelWidth;
      if (panel.title !== "") {
        const title = shortened(panel.title, (panelWidth - 10) / fontSize);
        parts.push(text(title, left + panelWidth / 2 + 12, top + fontSize, { anchor: "middle", weight: "bold" }));
      }
      const svg = panelSvg(panel, { width: round(panelWidth - gap), height: round(panelHeight) });
      parts.push(`<g transform="translate(${round(left)} ${round(top + titleRoom)})">${svg}</g>`);
    });
    top += titleRoom + panelHeight + gap;
  }
  if (figure.ramp) {
    parts.push(...rampSvg(figure.ramp, width, top));
    top += 11 + fontSize * 2.9;
  }
  for (const note of figure.notes) {
    for (const line of textLines(note, (width - 3 * gap) / noteSize)) {
      parts.push(text(line, 2 * gap, top + noteSize, { size: noteSize, colour: "#444" }));
      top += noteSize * 1.3;
    }
  }
  const height = Math.ceil(top + gap);
  const mm = (pixels: number): string => `${round(pixels / pixelsPerMm)}mm`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(width)}" height="${mm(height)}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="${fontFamily}" font-size="${fontSize}" fill="#000" color="#000" role="img">`,
    `<title>${escaped(figure.title || figure.kind)}</title>`,
    `<desc>${escaped(figure.notes.join("; "))}</desc>`,
    `<metadata>${escaped(JSON.stringify(metadata))}</metadata>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>\n",
  ]
    .join("\n")
    .replace(unseen, "");
}

/** Lines of at most `most` units; longer words are cut. */
const textLines = (text: string, most: number): string[] => wrapped(text, most).map((line) => shortened(line, most));

/** Swatches and labels, in as many lines as they need. */
function legendSvg(entries: readonly LegendEntry[], width: number, top: number): { parts: string[]; bottom: number } {
  const swatch = 22;
  const parts: string[] = [];
  let [left, line] = [2 * gap, top];
  for (const { label, look, swatch: kind } of entries) {
    const kept = shortened(label, (width - 5 * gap - swatch) / fontSize);
    const needs = swatch + 3 + textWidth(kept) * fontSize + 10;
    if (left > 2 * gap && left + needs > width) [left, line] = [2 * gap, line + fontSize * 1.4];
    const middle = line + fontSize * 0.65;
    if (kind === "box") {
      parts.push(`<rect x="${round(left + 6)}" y="${round(middle - 4)}" width="12" height="8" fill="${look.colour}"/>`);
    } else {
      if (kind !== "dot") {
        parts.push(
          `<line x1="${round(left)}" x2="${round(left + swatch)}" y1="${round(middle)}" y2="${round(middle)}" stroke="${look.colour}"` +
            ` stroke-width="${look.isFaint ? 0.8 : 1.5}" stroke-dasharray="${look.isFaint ? "none" : dashArray[look.dash]}"/>`,
        );
      }
      if (kind !== "line" && (!look.isFaint || kind === "dot"))
        parts.push(markerSvg(look.marker, left + swatch / 2, middle, look.colour));
    }
    parts.push(text(kept, left + swatch + 3, line + fontSize));
    left += needs;
  }
  return { parts, bottom: entries.length === 0 ? top : line + fontSize * 1.4 + gap };
}

function markerSvg(marker: Marker, x: number, y: number, colour: string): string {
  const r = 2.7;
  const stroke = (path: string): string => `<path d="${path}" stroke="${colour}" stroke-width="1.2" fill="none"/>`;
  const shape = (...points: readonly (readonly [number, number])[]): string =>
    `<polygon points="${points.map(([dx, dy]) => `${round(x + dx * r)},${round(y + dy * r)}`).join(" ")}" fill="${colour}"/>`;
  switch (marker) {
    case "circle":
      return `<circle cx="${round(x)}" cy="${round(y)}" r="${r}" fill="${colour}"/>`;
    case "square":
      return shape([-1, -1], [1, -1], [1, 1], [-1, 1]);
    case "triangle":
      return shape([0, -1.2], [1.1, 0.8], [-1.1, 0.8]);
    case "diamond":
      return shape([0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]);
    case "cross":
      return stroke(`M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`);
    case "plus":
      return stroke(`M${round(x - r)} ${round(y)}h${2 * r}m${-r} ${-r}v${2 * r}`);
    default: {
      const never: never = marker;
      return never;
    }
  }
}

function rampSvg(ramp: Ramp, width: number, top: number): string[] {
  const steps = 48;
  const length = Math.min(width * 0.6, 220);
  const left = (width - length) / 2;
  const parts = Array.from(
    { length: steps },
    (_, i) =>
      `<rect x="${round(left + (i * length) / steps)}" y="${round(top)}" width="${round(length / steps + 0.4)}" height="8" fill="${rampColour((i + 0.5) / steps)}"/>`,
  );
  const [from, to] = [Math.min(ramp.from, ramp.to), Math.max(ramp.from, ramp.to)];
  const axis: Axis = { ...ramp, from, to, scale: "linear", ticks: null, isWhole: false };
  for (const { at, text: label } of ticksOf(axis, 5)) {
    const x = left + ((at - ramp.from) / (ramp.to - ramp.from || 1)) * length;
    parts.push(
      `<line x1="${round(x)}" x2="${round(x)}" y1="${round(top + 8)}" y2="${round(top + 11)}" stroke="#000"/>`,
    );
    parts.push(text(label, x, top + 11 + fontSize, { anchor: "middle" }));
  }
  parts.push(text(ramp.label, width / 2, top + 11 + fontSize * 2.2, { anchor: "middle" }));
  return parts;
}

function text(
  words: string,
  x: number,
  y: number,
  look: { size?: number; anchor?: "start" | "middle"; weight?: "bold" | "normal"; colour?: string } = {},
): string {
  const { size = fontSize, anchor = "start", weight = "normal", colour = "#000" } = look;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}" fill="${colour}">${escaped(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/**
 * Characters that XML forbids, and those that terminals act on (control, direction).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

/** Escapes text for XML, and drops control characters, which XML does not allow. */
function escaped(words: string): string {
  return [...words]
    .filter((character) => character >= " " || character === "\n" || character === "\t")
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
