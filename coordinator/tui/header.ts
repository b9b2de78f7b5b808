import { basename } from "node:path";
import type { RunTable } from "../../shared/domain/run-table.ts";
import { duration, estimateText, millisecondsLeft } from "../progress.ts";
import { settingsWithin } from "./settings-text.ts";
import { clip, type Line, type Span, type Style, span } from "./styled.ts";
import type { ViewModel } from "./view-model.ts";
import { type WorkerState, workerCounts } from "./worker-rows.ts";

/** A piece of a header line; of those that do not all fit, the highest number goes first. */
interface Piece {
  readonly spans: readonly Span[];
  readonly priority: number;
}

/** So much room the best configuration gets before other things stand beside it. */
const leastConfiguration = 24;
const bestRunPriority = 4;

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
  const { line, left } = bestLine(model, table, width);
  return [searchLine(model, table, left, width), line];
}

const stateStyles: Readonly<Record<string, Style>> = {
  searching: "good",
  completed: "bold",
  held: "bold",
  cancelled: "bad",
};

/** `more` is what the line below has no room for. */
function searchLine(model: ViewModel, table: RunTable, more: readonly Piece[], width: number): Line {
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
      ...more.map(({ spans, priority }) => ({ spans, priority: priority + 10 })),
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

/**
 * The best configuration, its estimate, and how long it has led: that much is on every screen, shortened where it must be. Other
 * things stand beside it where there is room, or in the line above.
 */
function bestLine(model: ViewModel, table: RunTable, width: number): { readonly line: Line; readonly left: Piece[] } {
  const { wall, leader, lead } = model;
  const timeLeft = millisecondsLeft(table, wall);
  const perSecond = model.reports.perSecond(model.now);
  const further = [
    piece(1, duration((table.endedAt ?? wall) - table.submitted.at)),
    piece(2, timeLeft === undefined ? "" : `ETA ${duration(timeLeft)}`),
    piece(3, table.isOver ? "" : `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} reports/s`),
    // Beside the configuration it says whose it is; alone in the line above it would say nothing.
    piece(bestRunPriority, leader?.bestRun ?? ""),
  ].filter(({ spans }) => spans.length > 0);
  const always = marks(model).filter(({ spans }) => spans.length > 0);
  if (!leader) {
    return { line: joined([piece(0, "best  none yet", "dim"), ...further, ...always], width), left: [] };
  }
  const heads = [
    [`best  `, estimateText(leader, " ± "), ` (n=${leader.completed})`, lead ? `  lead for ${runsText(lead)}` : ""],
    [`best `, estimateText(leader, " ±"), ` n=${leader.completed}`, lead ? `  led ${lead.runs}` : ""],
  ].map(([word = "", estimate = "", count = "", led = ""]): readonly Span[] => [
    span(word, "dim"),
    span(estimate, "bold"),
    span(`${count}${led}`),
  ]);
  const room = (head: readonly Span[]): number => width - lengthOf(head) - 2 - total(always);
  const { configuration } = leader.runSet;
  const whole = settingsWithin(table, configuration, Number.POSITIVE_INFINITY).length;
  const head = heads.find((each) => room(each) >= Math.max(whole, leastConfiguration)) ?? heads.at(-1) ?? [];
  const settings = span(settingsWithin(table, configuration, room(head)), "accent");
  const kept = [{ spans: head, priority: 0 }, { spans: [settings], priority: 0 }, ...always];
  const left: Piece[] = [];
  const beside: Piece[] = [];
  for (const each of further) {
    if (total([...kept, ...beside, each]) <= width + 2) beside.push(each);
    else if (each.priority < bestRunPriority) left.push(each);
  }
  return { line: joined([...kept.slice(0, 2), ...beside, ...always], width), left };
}

const runsText = ({ runs }: { readonly runs: number }): string => `${runs} run${runs === 1 ? "" : "s"}`;
const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + text.length, 0);
/** Characters of pieces, each with the blanks before it. */
const total = (pieces: readonly Piece[]): number => pieces.reduce((sum, { spans }) => sum + lengthOf(spans) + 2, 0);

function marks(model: ViewModel): Piece[] {
  return [
    piece(0, model.away === "" && model.isLeaderSilent ? "NO WORD FROM A COORDINATOR" : "", "bad"),
    piece(0, model.options.isReadonly ? "READ-ONLY" : "", "warn"),
    piece(0, model.slowFrames > 0 ? `slow: ${model.slowFrames} frames/s` : "", "warn"),
  ];
}

function joined(all: readonly Piece[], width: number): Line {
  const kept = all.filter(({ spans }) => spans.length > 0);
  while (total(kept) > width + 2 && kept.length > 1) {
    const worst = kept.reduce((most, { priority }) => Math.max(most, priority), 0);
    if (worst === 0) break;
    kept.splice(
      kept.findLastIndex(({ priority }) => priority === worst),
      1,
    );
  }
  return kept.flatMap(({ spans }, i): readonly Span[] => (i === 0 ? spans : [span("  "), ...spans]));
}
