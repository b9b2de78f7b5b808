import { counted } from "../../../shared/domain/counted.ts";
import type { LegendEntry, Look } from "../figure.ts";
import { faintLook, grey, lookOf, mostNamed } from "../palette.ts";
import { type CurveOptions, filledIn, type Line } from "./curve-lines.ts";
import { titleAt } from "./panels.ts";

/** Lines with the same identity look alike: the runs of a group, or otherwise just the line itself. */
export const identity = (line: Line, { aggregate, groupBy }: CurveOptions): string =>
  aggregate === "none" && groupBy !== "run" ? `${line.group}\n${line.col}` : lineKey(line);
const lineKey = (line: Line): string => `${line.curves[0]?.run}\n${line.group}\n${line.col}`;

/**
 * The look of every line, by its identity. If each panel has one line, all look the same. If there are too many, those with the
 * highest hpmax get looks of their own and the others are pale.
 */
export function looksOf(
  lines: readonly Line[],
  panels: ReadonlyMap<string, readonly Line[]>,
  options: CurveOptions,
): Map<string, Look> {
  const looks = new Map<string, Look>();
  if ([...panels.values()].every((among) => new Set(among.map((line) => identity(line, options))).size === 1)) {
    for (const line of lines) looks.set(identity(line, options), lookOf(0, options.colours));
    return looks;
  }
  // A group looks the same in every panel.
  const byCol = !options.breakOn.includes("col");
  const told = (line: Line): string => (byCol ? identity(line, options) : identity({ ...line, col: "" }, options));
  const ranks = new Map<string, number>();
  for (const line of lines) {
    const rank = Number.isFinite(line.rank) ? line.rank : Number.NEGATIVE_INFINITY;
    ranks.set(told(line), Math.max(ranks.get(told(line)) ?? Number.NEGATIVE_INFINITY, rank));
  }
  const ranked = ranks.size <= mostNamed ? [...ranks] : [...ranks].sort((a, b) => b[1] - a[1] || 0);
  const places = new Map(ranked.slice(0, mostNamed).map(([key], i) => [key, i]));
  for (const line of lines) {
    const place = places.get(told(line));
    looks.set(identity(line, options), place === undefined ? faintLook(grey) : lookOf(place, options.colours));
  }
  return looks;
}

export function legendOf(
  lines: readonly Line[],
  looks: ReadonlyMap<string, Look>,
  options: CurveOptions,
): LegendEntry[] {
  const entries: { line: Line; look: Look }[] = [];
  const seen = new Set<string>();
  const byCol = !options.breakOn.includes("col") && new Set(lines.map(({ col }) => col)).size > 1;
  let pale = 0;
  for (const line of lines) {
    const look = looks.get(identity(line, options));
    if (!look) continue;
    if (options.breakOn.includes("run") || (options.breakOn.includes("group") && !byCol)) continue;
    const label = labelOf(line, options, byCol);
    const key = byCol ? `${label}\n${line.col}` : label;
    if (seen.has(key)) continue;
    seen.add(key);
    if (look.isFaint) pale += 1;
    else entries.push({ line, look });
  }
  if (pale > 0) entries.sort((a, b) => b.line.rank - a.line.rank);
  const swatch = options.plotType === "scatter" ? "dot" : entries.length > 1 ? "marked line" : "line";
  const legend: LegendEntry[] = entries.map(({ line, look }, i) => {
    const label = titleAt(options.legendTitles, i);
    return { label: label === undefined ? labelOf(line, options, byCol) : filledIn(label, line), look, swatch };
  });
  if (pale > 0) legend.push({ label: `and ${pale} more`, look: faintLook(grey), swatch });
  return legend;
}

function labelOf(line: Line, { aggregate, groupBy }: CurveOptions, withCol: boolean): string {
  const name = aggregate === "none" && groupBy === "run" ? (line.curves[0]?.run ?? "") : line.group;
  const col = withCol ? ` ${line.col}` : "";
  const of = aggregate === "none" ? "" : ` (${aggregate} of ${counted(line.curves.length, "run")})`;
  return `${name}${col}${of}`;
}
