import { basename } from "node:path";
import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { widthOf } from "../../words/cell-width.ts";
import { duration } from "../../words/duration.ts";
import { clip } from "../../words/narrow.ts";
import { estimateText, named } from "../../words/progress.ts";
import { jobStatus, noJobText } from "../../words/status-words.ts";
import { timeLeftText } from "../../words/time-left.ts";
import { type WorkerState, workerCounts } from "../../words/why/worker-rows.ts";
import { screenNames } from "../keys.ts";
import { type Line, lineWidth, type Span, type Style, span } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { outlookLine } from "./outlook-line.ts";
import { settingsWithin } from "./settings-text.ts";

/** A piece of a header line. If not all fit, those with the highest number go first. */
interface Piece {
  readonly spans: readonly Span[];
  readonly priority: number;
}

/** Characters that the best configuration gets before anything else stands beside it. */
const leastConfiguration = 24;
/** The fewest characters in which a configuration can be told from others. */
const leastSettings = 12;

const piece = (priority: number, text: string, style: Style = "plain"): Piece => ({
  spans: text === "" ? [] : [span(text, style)],
  priority,
});

/** How many lines the header has, whatever happens. */
export const headerHeight = 3;

/** The lines on every screen: how the search stands, what leads, and what is to be expected or is wrong. */
export function headerLines(model: ViewModel, width: number): Line[] {
  const { options, search } = model;
  const { table } = search;
  if (!table) {
    const isAlone = !search.isAway && search.isLeaderSilent;
    const workspace = piece(0, `workspace ${options.workspace}`, "bold");
    const missing = piece(0, isAlone ? "NO COORDINATOR" : awayText(search), "bad");
    return [
      joined([workspace, ...plainTextMark(model), workersPiece(model, 1), missing], width),
      joined(
        [piece(0, isAlone ? startText(model) : "", "bad"), piece(1, noJobText(search.state), "dim"), ...marks(model)],
        width,
      ),
      [],
    ];
  }
  return [searchLine(model, table, width), bestLine(model, table, width), outlookLine(model, table, width)];
}

const plainTextMark = ({ options }: ViewModel): Piece[] =>
  options.isPlainText ? [piece(0, "NOT ENCRYPTED", "bad")] : [];

const stateStyles: Readonly<Record<string, Style>> = {
  searching: "good",
  completed: "bold",
  held: "bold",
  cancelled: "bad",
};

/** Pieces never move to the other line: a piece that jumps cannot be read. */
function searchLine(model: ViewModel, table: RunTable, width: number): Line {
  const { search } = model;
  const { outcomes, submitted } = table;
  const { infeasible } = table.runSets.totals;
  const state = jobStatus(table.state).toUpperCase();
  const failed = outcomes.failed + outcomes["timed out"];
  const name = clip(basename(submitted.file).replace(/\.ya?ml$/, ""), 24);
  return joined(
    [
      piece(0, table.job, "bold"),
      piece(6, name),
      piece(6, placeText(search), "dim"),
      isUnled(search, table) ? piece(0, "NO COORDINATOR", "bad") : piece(0, state, stateStyles[table.state] ?? "warn"),
      ...plainTextMark(model),
      piece(0, `runs ${table.ended}/${submitted.settings.totalRuns}`),
      piece(1, `${table.running} running`),
      piece(5, table.waiting.size > 0 ? `${table.waiting.size} queued` : "", "warn"),
      piece(2, infeasible > 0 ? `${infeasible} infeasible` : "", "warn"),
      piece(4, outcomes.pruned > 0 ? `${outcomes.pruned} pruned` : ""),
      piece(2, table.rejected.size > 0 ? `${table.rejected.size} rejected` : "", "warn"),
      piece(2, failed > 0 ? `${failed} failed` : "", "bad"),
      piece(4, table.lost > 0 ? `${table.lost} retried` : "", "warn"),
      workersPiece(model, 3),
      piece(0, awayText(search), "bad"),
      ...times(search, table),
    ],
    width,
  );
}

/** `job 2 of 7`; "" if it is the only one. */
function placeText({ jobPlace }: LiveSearch): string {
  return jobPlace && jobPlace.of > 1 ? `job ${jobPlace.at} of ${jobPlace.of}` : "";
}

/** The time so far and, while someone leads, the time left and the rate of reports. */
function times(search: LiveSearch, table: RunTable): Piece[] {
  const { wall } = search;
  const elapsed = piece(12, duration((table.endedAt ?? wall) - table.submitted.at));
  if (table.isOver || isUnled(search, table) || search.isAway) return [elapsed];
  const { timeLeft: left } = search;
  const perSecond = table.running === 0 ? 0 : search.reports.perSecond(search.now);
  const digits = perSecond === 0 || perSecond >= 10 ? 0 : 1;
  return [
    elapsed,
    piece(3, left === undefined ? "" : `ETA ${timeLeftText(left)}`),
    piece(13, `${perSecond.toFixed(digits)} reports/s`),
  ];
}

/** Whether nobody leads a search that should go on. While the broker is away, that cannot be known. */
const isUnled = (search: LiveSearch, table: RunTable): boolean =>
  !table.isOver && !search.isAway && search.isLeaderSilent;

const awayText = ({ isAway }: LiveSearch): string =>
  isAway ? "BROKER AWAY: waiting for it; workers that still run go on" : "";

/** Without a broker it is not known whether there is a coordinator. */
const startText = ({ options, search }: ViewModel): string =>
  `${search.isAway ? "if it stays away: " : "start one: "}nexus-coord${options.flags}`;

const countedStates: readonly WorkerState[] = [
  "busy",
  "idle",
  "owner active",
  "not lending",
  "paused",
  "draining",
  "benched",
  "lost",
];

function workersPiece({ search, options }: ViewModel, priority: number): Piece {
  const rows = search.workers();
  if (rows.length === 0) {
    const how = options.joining ? `; ${screenNames.indexOf("Workers")} says how` : "";
    return piece(priority, `no worker has joined${how}`);
  }
  const counts = workerCounts(rows);
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

/** The best configuration, estimate and lead, shortened to fit, then the best run. If nobody leads, what to type is first. */
function bestLine(model: ViewModel, table: RunTable, width: number): Line {
  const { leader, lead } = model.search;
  const start = isUnled(model.search, table) || model.search.isAway ? [piece(0, startText(model), "bad")] : [];
  const always = marks(model).filter(({ spans }) => spans.length > 0);
  if (!leader) return joined([...start, piece(1, "best  none yet", "dim"), ...always], width);
  const heads = [
    [
      `best  `,
      `${named(table)}${estimateText(table.goal, leader, " ± ")}`,
      ` (n=${leader.completed})`,
      lead ? `  lead for ${runsText(lead)}` : "",
    ],
    [
      `best `,
      `${named(table)}${estimateText(table.goal, leader, " ±")}`,
      ` n=${leader.completed}`,
      lead ? `  led ${lead.runs}` : "",
    ],
  ].map(([word = "", estimate = "", count = "", led = ""]): readonly Span[] => [
    span(word, "dim"),
    span(estimate, "bold"),
    span(`${count}${led}`),
  ]);
  const room = (head: readonly Span[]): number => width - lineWidth(head) - 2 - total(start) - total(always);
  const { configuration } = leader.runSet;
  const whole = widthOf(settingsWithin(table, configuration, Number.POSITIVE_INFINITY));
  const head = heads.find((each) => room(each) >= Math.max(whole, leastConfiguration)) ?? heads.at(-1) ?? [];
  const settings = settingsWithin(table, configuration, Math.max(leastSettings, room(head)));
  const kept = [...start, { spans: head, priority: 1 }, piece(2, settings, "accent")];
  // The best run stands beside the configuration, because it belongs to it.
  return joined([...kept, piece(3, leader.bestRun ?? ""), ...always], width);
}

const runsText = ({ runs }: { readonly runs: number }): string => counted(runs, "run");
/** Characters of pieces, each with the two blanks before it. */
const total = (pieces: readonly Piece[]): number => pieces.reduce((sum, { spans }) => sum + lineWidth(spans) + 2, 0);

function marks(model: ViewModel): Piece[] {
  return [
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
