import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { percent } from "../../../shared/domain/percent.ts";
import { timeOfDay } from "../../../shared/time/time-of-day.ts";
import { progressBar } from "../../chart/progress-bar.ts";
import type { Trouble } from "../../live/troubles.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { verdictWithin } from "../../words/verdict-text.ts";
import { type Line, type Span, span } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { bestSparkline } from "./best-screen.ts";

const barWidth = 10;
/** Characters of the curve of the best so far; the second on screens narrower than `wideFrom`. */
const curveWidth = 20;
const shortCurveWidth = 12;
const wideFrom = 100;

/** The third line of the header: how much is done, how the best has risen, and what is wrong or else what may be concluded. */
export function outlookLine(model: ViewModel, table: RunTable, width: number): Line {
  const bar = barSpans(table);
  const curve = bestSparkline(model, width >= wideFrom ? curveWidth : shortCurveWidth);
  const path = curve === "" ? bar : [...bar, span("  "), span(curve, "accent")];
  const [trouble] = model.troubles.all;
  const { findings } = model.search;
  if (!trouble) {
    const said = findings ? verdictWithin(findings.verdict, width - lengthOf(path) - 2, table.isOver) : "";
    return said === "" ? path : [...path, span("  "), span(said)];
  }
  const more = model.troubles.all.length - 1;
  // What is wrong may take the whole line rather than be cut.
  for (const before of [path, bar]) {
    const said = troubleSpans(trouble, more, width - lengthOf(before) - 2);
    if (said !== null) return [...before, span("  "), ...said];
  }
  return troubleSpans(trouble, more, width) ?? clipped(trouble, width);
}

function barSpans({ ended, submitted }: RunTable): Span[] {
  const all = Math.max(1, submitted.settings.totalRuns);
  const share = ended / all;
  // Rounded down: only all runs are 100%.
  const done = Math.floor((100 * Math.min(ended, all)) / all) / 100;
  return [span(progressBar(share, barWidth), "accent"), span(percent(done).padStart(5))];
}

/** What is wrong, since when, and which key goes there; less if there is no room. Null if not even the trouble fits. */
function troubleSpans(trouble: Trouble, more: number, room: number): Span[] | null {
  const since = trouble.since > 0 ? `, since ${timeOfDay(trouble.since)}` : "";
  const others = more > 0 ? ` (+${more} more)` : "";
  const key = `  ${trouble.isGrave ? "Enter" : "!"} goes there`;
  const text = `! ${narrow(trouble.text)}`;
  for (const [rest, hint] of [
    [`${since}${others}`, key],
    [`${since}${others}`, ""],
    [others, ""],
    ["", ""],
  ] as const) {
    if (text.length + rest.length + hint.length <= room)
      return [span(text, trouble.isGrave ? "bad" : "warn"), span(rest), span(hint, "dim")];
  }
  return null;
}

const clipped = (trouble: Trouble, width: number): Line => [
  span(clip(`! ${trouble.text}`, width), trouble.isGrave ? "bad" : "warn"),
];

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + text.length, 0);
