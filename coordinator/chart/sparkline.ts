import type { Point } from "./braille.ts";
import { DotField, type DotForm } from "./dots.ts";

/** Levels of a cell, the lowest first. */
const levels: Readonly<Record<Exclude<DotForm, "braille">, string>> = { block: "▁▂▃▄▅▆▇█", ascii: "_.-=+*#" };

/** One row of `width` characters, scaled from the lowest value to the highest. A value holds until the next point. */
export function sparkline(points: readonly Point[], width: number, form: DotForm): string {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || width < 1) return "";
  const ys = points.map(({ y }) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const across = form === "braille" ? 2 * width : width;
  const rows = form === "braille" ? 4 : levels[form].length;
  let at = 0;
  const heights = Array.from({ length: across }, (_, i) => {
    const x = across === 1 ? last.x : first.x + ((last.x - first.x) * i) / (across - 1);
    while (at + 1 < points.length && (points[at + 1]?.x ?? 0) <= x) at += 1;
    const share = high > low ? ((points[at]?.y ?? low) - low) / (high - low) : 0.5;
    return Math.round(share * (rows - 1));
  });
  if (form !== "braille") return heights.map((height) => levels[form][height] ?? " ").join("");
  const field = new DotField(width, 1, form);
  heights.forEach((height, i) => {
    const before = heights[i - 1] ?? height;
    // A step is a stroke, so that the line does not break.
    for (let row = Math.min(height, before); row <= Math.max(height, before); row += 1) field.set(i, rows - 1 - row, 0);
  });
  return Array.from({ length: width }, (_, i) => field.character(i, 0)).join("");
}
