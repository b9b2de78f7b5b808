import { type Goal, told, toldEnds } from "../../../shared/domain/goal.ts";
import { chartRows, type Point, type Series } from "../../chart/braille.ts";
import { sparkline } from "../../chart/sparkline.ts";
import type { Findings } from "../../live/findings.ts";
import { isEvaluable } from "../../live/findings.ts";
import { narrow } from "../../words/narrow.ts";
import { offersOf } from "../../words/offers.ts";
import { noJobText } from "../../words/status-words.ts";
import { verdictLines } from "../../words/verdict-text.ts";
import { shownGoal } from "../lists/columns.ts";
import { type Line, plain, type Style, span } from "../terminal/styled.ts";
import { wrapped, wrappedCommand } from "../terminal/wrap.ts";
import type { ViewModel } from "../view-model.ts";

/** Lines; a lower pane has no room for words below the chart. */
const wordsHeight = 14;
const leastChart = 6;

/** The best so far after each completed run, as `nexus plot summary` draws it, and below it what may be concluded. */
export function bestLines(model: ViewModel, width: number, height: number): Line[] {
  const { findings, table } = model.search;
  if (!table) return [plain(`  ${noJobText(model.search.state)}`)];
  if (!findings) {
    const why = isEvaluable(table)
      ? "looking back at the search..."
      : table.runSets.best() === null
        ? "no best yet: no run has completed"
        : "there is only one configuration, so nothing to compare";
    return [plain(`  ${why}`)];
  }
  const words = height >= wordsHeight ? conclusion(model, findings, width).slice(0, height - leastChart) : [];
  return [...chartOf(model, findings, width, height - words.length), ...words];
}

/** The search's path as a line of characters for the header; "" before the first result. */
export const bestSparkline = ({ search, options }: ViewModel, width: number): string =>
  search.findings ? sparkline(heldPoints(search.findings, shownGoal(search)), width, options.graph) : "";

/** The points at which the best changed, with its estimate; the last is held to the newest run. */
function heldPoints({ rows, completed }: Findings, goal: Goal): Point[] {
  const points = rows.map(({ ended, estHpmax, sd }) => ({ x: ended, y: told(goal, estHpmax), spread: sd ?? 0 }));
  const last = points.at(-1);
  return last && last.x < completed ? [...points, { ...last, x: completed }] : points;
}

/** Turns points into steps: a best stays until another takes its place. */
const steps = (points: readonly Point[]): Point[] =>
  points.flatMap((point, i) => {
    const before = points[i - 1];
    return before ? [{ ...before, x: point.x }, point] : [point];
  });

/** The charts drawn last: at one size they change only with the findings, which come every few seconds. */
const drawn = new WeakMap<Findings, { readonly of: string; readonly lines: Line[] }>();

function chartOf(model: ViewModel, findings: Findings, width: number, height: number): Line[] {
  const of = `${width} ${height} ${model.options.graph}`;
  const known = drawn.get(findings);
  if (known?.of === of) return known.lines;
  const lines = drawChart(model, findings, width, height);
  drawn.set(findings, { of, lines });
  return lines;
}

function drawChart(model: ViewModel, findings: Findings, width: number, height: number): Line[] {
  const { rows, completed, leader } = findings;
  const goal = shownGoal(model.search);
  const held = heldPoints(findings, goal);
  const dots = findings.dots.map(({ x, y }) => ({ x, y: told(goal, y) }));
  const shown: readonly { readonly series: Series; readonly style: Style }[] = [
    { series: { points: steps(held) }, style: "accent" },
    { series: { points: dots, isScatter: true }, style: "dim" },
  ];
  const xRange = { low: 1, high: Math.max(2, completed) };
  const chart = chartRows(
    shown.map(({ series }) => series),
    {
      width,
      height: height - 1,
      form: model.options.graph,
      xName: "runs",
      isWhole: true,
      xRange,
      yRange: toldEnds(goal, yRangeOf(findings)),
    },
  );
  if (chart.length === 0) return [plain("  no room for a chart")];
  const changes = `${rows.length - 1} ${rows.length === 2 ? "change" : "changes"} of the lead`;
  const other = rows.at(-1)?.key === leader ? "" : "; it names another than the standings";
  const what = goal.isLow ? `${goal.name}: ` : "";
  const legends = [
    `${what}XT's estimate of the best so far ± 1 sd; ${changes}${other}`,
    `${what}XT's estimate of the best so far ± 1 sd; ${changes}`,
    `best ${goal.name} so far ± 1 sd; ${changes}`,
    `best so far ± 1 sd; ${changes}`,
    `best ± 1 sd; ${changes}`,
    `± 1 sd; ${changes}`,
  ].map((text) => `  ── ${text}`);
  return [
    [span(legends.find(({ length }) => length <= width) ?? "", "accent")],
    ...chart.map((row): Line => row.map(({ text, series: at }) => span(text, shown[at]?.style ?? "plain"))),
  ];
}

/** Range of hpmax: of the best with its band, and of the runs but the lowest twentieth, which may flatten the rest. */
function yRangeOf({ dots, rows }: Findings): { readonly low: number; readonly high: number } {
  const ys = dots.map(({ y }) => y).toSorted((a, b) => a - b);
  const low = Math.min(
    ...rows.map(({ estHpmax, sd }) => estHpmax - (sd ?? 0)),
    ys[Math.floor(ys.length / 20)] ?? Infinity,
  );
  const high = Math.max(...rows.map(({ estHpmax, sd }) => estHpmax + (sd ?? 0)), ys.at(-1) ?? -Infinity);
  return { low, high };
}

/** The verdict, and what a search that is over can be followed by. */
function conclusion(model: ViewModel, findings: Findings, width: number): Line[] {
  const { table } = model.search;
  if (!table) return [];
  const verdict = verdictLines(findings.verdict, table.submitted.hyperparameters, table.goal, table.isOver);
  return [
    plain(""),
    ...verdict.flatMap((line, i) => wrapped([span(`  ${narrow(line)}`, i === 0 ? "bold" : "plain")], width, 4)),
    ...offerLines(model, width),
  ];
}

/** A command a line, ready to be copied; nothing while the search goes on. */
export function offerLines({ search: { table }, options }: ViewModel, width: number): Line[] {
  const offers = table ? offersOf(table, options.flags) : [];
  const room = Math.max(...offers.map(({ what }) => what.length), 0);
  return offers.flatMap(({ what, command }): Line[] => {
    const title = `  ${what.padEnd(room)}  `;
    if (title.length + command.length <= width) return [[span(title), span(command, "accent")]];
    return [plain(`  ${what}:`), ...wrappedCommand(command, width).map((line): Line => [span(line, "accent")])];
  });
}
