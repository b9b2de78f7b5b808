import { basename } from "node:path";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { duration, estimateText, millisecondsLeft, settingsWithNames, settingText } from "../progress.ts";
import { clip, type Line, type Span, type Style, span } from "./styled.ts";
import type { ViewModel } from "./view-model.ts";
import { type WorkerState, workerCounts } from "./worker-rows.ts";

/** A piece of a header line; of those that do not all fit, the highest number goes first. */
interface Piece {
  readonly spans: readonly Span[];
  readonly priority: number;
  /** A piece of one span that may be cut to this many characters. */
  readonly least?: number;
}

/** Of the best configuration so much is always there, however narrow the screen. */
const leastConfiguration = 24;

const piece = (priority: number, text: string, style: Style = "plain"): Piece => ({
  spans: text === "" ? [] : [span(text, style)],
  priority,
});

/** Two lines that are always there: how the search stands, and what leads. */
export function headerLines(model: ViewModel, width: number): Line[] {
  const { table, options } = model;
  if (!table) {
    return [
      joined(
        [piece(0, `workspace ${options.workspace}`, "bold"), workersPiece(model, 1), piece(0, model.away, "bad")],
        width,
      ),
      joined([piece(0, "no job yet", "dim"), ...marks(model)], width),
    ];
  }
  return [searchLine(model, table, width), bestLine(model, table, width)];
}

const stateStyles: Readonly<Record<string, Style>> = {
  searching: "good",
  completed: "bold",
  held: "bold",
  cancelled: "bad",
};

function searchLine(model: ViewModel, table: RunTable, width: number): Line {
  const { outcomes, submitted } = table;
  const state = table.state === "completed" ? "DONE" : table.state.toUpperCase();
  const failed = outcomes.failed + outcomes["timed out"];
  const name = clip(basename(submitted.file).replace(/\.ya?ml$/, ""), 24);
  return joined(
    [
      piece(0, table.job, "bold"),
      piece(6, name),
      piece(0, state, stateStyles[table.state] ?? "warn"),
      piece(0, `runs ${table.ended}/${submitted.settings.totalRuns}`),
      piece(1, `${table.running} running`),
      piece(5, table.waiting.size > 0 ? `${table.waiting.size} queued` : "", "warn"),
      piece(2, failed > 0 ? `${failed} failed` : "", "bad"),
      piece(4, table.lost > 0 ? `${table.lost} retried` : "", "warn"),
      workersPiece(model, 3),
      piece(0, model.away, "bad"),
    ],
    width,
  );
}

const countedStates: readonly WorkerState[] = ["busy", "idle", "owner active", "paused", "draining", "benched", "lost"];

function workersPiece(model: ViewModel, priority: number): Piece {
  const counts = workerCounts(model.workers());
  const spans: Span[] = [span("workers")];
  for (const state of countedStates) {
    const count = counts.get(state) ?? 0;
    if (count === 0 && state !== "busy") continue;
    const word = state === "owner active" ? "owner" : state;
    spans.push(
      span(` ${count} ${word}`, state === "lost" || state === "benched" ? "bad" : state === "busy" ? "good" : "plain"),
    );
  }
  return { spans, priority };
}

function bestLine(model: ViewModel, table: RunTable, width: number): Line {
  const { wall } = model;
  const { leader, lead } = model;
  const left = millisecondsLeft(table, wall);
  const perSecond = model.reports.perSecond(model.now);
  const best: Piece[] = leader
    ? [
        {
          spans: [span("best  ", "dim"), span(estimateText(leader, " ± "), "bold"), span(` (n=${leader.completed})`)],
          priority: 0,
        },
        piece(1, lead ? `lead for ${lead.runs} run${lead.runs === 1 ? "" : "s"}` : ""),
        {
          spans: [span(settingsText(table, leader.runSet.configuration), "accent")],
          priority: 0,
          least: leastConfiguration,
        },
        piece(6, leader.bestRun ?? ""),
      ]
    : [piece(0, "best  none yet", "dim")];
  return joined(
    [
      ...best,
      piece(5, table.isOver ? "" : `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} reports/s`),
      piece(2, duration((table.endedAt ?? wall) - table.submitted.at)),
      piece(3, left === undefined ? "" : `ETA ${duration(left)}`),
      ...marks(model),
    ],
    width,
  );
}

function marks(model: ViewModel): Piece[] {
  return [
    piece(0, model.away === "" && model.isLeaderSilent ? "NO WORD FROM A COORDINATOR" : "", "bad"),
    piece(0, model.options.isReadonly ? "READ-ONLY" : "", "warn"),
    piece(0, model.slowFrames > 0 ? `slow: ${model.slowFrames} frames/s` : "", "warn"),
  ];
}

function joined(all: readonly Piece[], width: number): Line {
  const kept = all.filter(({ spans }) => spans.length > 0);
  const lengthOf = ({ spans }: Piece): number => spans.reduce((sum, { text }) => sum + text.length, 0);
  const leastOf = (each: Piece): number => Math.min(lengthOf(each), each.least ?? Number.POSITIVE_INFINITY);
  const total = (): number => kept.reduce((sum, each) => sum + leastOf(each) + 2, -2);
  while (total() > width && kept.length > 1) {
    const worst = kept.reduce((most, { priority }) => Math.max(most, priority), 0);
    if (worst === 0) break;
    kept.splice(
      kept.findLastIndex(({ priority }) => priority === worst),
      1,
    );
  }
  const room = Math.max(0, width - total());
  return kept.flatMap((each, i): readonly Span[] => {
    const { spans, least } = each;
    const shown =
      least === undefined ? spans : spans.map(({ text, style }) => span(clip(text, leastOf(each) + room), style));
    return i === 0 ? shown : [span("  "), ...shown];
  });
}

function settingsText(table: RunTable, configuration: readonly number[]): string {
  return settingsWithNames(table, configuration)
    .map(({ name, value }) => `${name}=${settingText(value)}`)
    .join(" ");
}
