import { counted } from "../../../shared/domain/counted.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import { told } from "../../../shared/domain/goal.ts";
import { settingText } from "../../../shared/domain/hyperparameter.ts";
import { estimateOf } from "../../../shared/domain/model/standings.ts";
import type { RunSet } from "../../../shared/domain/run-sets/run-set.ts";
import { timeOfDay } from "../../../shared/time/time-of-day.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { cutTo, paddedEnd } from "../../words/cell-width.ts";
import { duration } from "../../words/duration.ts";
import { clip, narrow } from "../../words/narrow.ts";
import { resultDigits } from "../../words/number-format.ts";
import { settingsWithNames } from "../../words/progress.ts";
import { childStatus, reasonOf, runStatus } from "../../words/status-words.ts";
import { clickable, type Line, plain, type Span, span } from "../terminal/styled.ts";
import { wrapped } from "../terminal/wrap.ts";
import { type Page, runSetsOf, type ViewModel } from "../view-model.ts";
import { type CurveGroup, chartLines, drawnRuns } from "./curves-screen.ts";
import { cellText, partText } from "./table-view.ts";

/** The page that Enter opened, over everything but the header and the help. */
export function pageLines(model: ViewModel, page: Page, width: number, height: number): Line[] {
  const { table } = model.search;
  if (!table) return [plain("  this job no longer exists")];
  if (page.kind === "run set") return runSetPage(model, table, page, width, height);
  const trial = table.trial(page.n);
  return trial ? runPage(model, table, trial, width, height) : [plain(`  there is no trial ${page.n}`)];
}

/** A page of one or two run sets: what is known of each, their runs, and a chart in the remaining height. */
function runSetPage(
  model: ViewModel,
  table: RunTable,
  page: Extract<Page, { kind: "run set" }>,
  width: number,
  height: number,
): Line[] {
  const keys = runSetsOf(page);
  const sets = keys.flatMap((key) => table.runSets.get(key) ?? []);
  if (sets.length < keys.length) return [plain("  this run set no longer exists")];
  const isPair = sets.length > 1;
  const trials = model.runsOn(page);
  const listRoom = Math.max(3, Math.min(trials.length, Math.floor((height - 4) / 2)));
  const at = Math.max(0, Math.min(model.pageScroll, trials.length - 1));
  const top = Math.max(0, Math.min(at - listRoom + 1, trials.length - listRoom));
  const ofFirst = model.search.runsOf(page.key).length;
  const list = trials.slice(top, top + listRoom).map((trial, i): Line => {
    const isSelected = top + i === at;
    const step = isPair ? `${top + i < ofFirst ? "down" : "up"}  ` : "";
    const text = `${isSelected ? ">" : " "} ${trial.run.padEnd(12)} ${runStatus(trial).padEnd(10)} ${resultText(table, trial).padStart(10)} ${String(model.search.itersOf(trial) ?? "").padStart(9)}  ${step.padEnd(isPair ? 6 : 0)}${clip(trial.attempts.at(-1)?.worker ?? "", 30)}`;
    return clickable([span(text, isSelected ? "selected" : "plain")], { kind: "page row", at: top + i });
  });
  const head: Line[] = [
    ...sets.flatMap((runSet, i) => {
      const title = isPair ? [" Down     ", " Up       "][i] : " Run set  ";
      const name: Line = [span(title ?? "", "heading"), span(configurationText(table, runSet.configuration), "bold")];
      return [...wrapped(name, width, 10), ...wrapped(plain(`          ${factsOf(table, runSet)}`), width, 10)];
    }),
    [
      span(
        `  run          status     ${clip(table.goal.name, 10).padStart(10)}     iters  ${isPair ? "step  " : ""}node   `,
        "heading",
      ),
      span(partText({ from: top + 1, to: top + list.length, of: trials.length }), "dim"),
    ],
    ...list,
  ];
  const room = height - head.length;
  if (room < 5) return head;
  const groups = sets.map(({ key }, i): CurveGroup => {
    const drawn = drawnRuns(model.search, key);
    const step = isPair ? `step ${["down", "up"][i]}, ` : "";
    const style = i === 0 ? "accent" : "good";
    return {
      label: `${step}${counted(drawn.length, "run")}`,
      mark: isPair ? (["down", "up"][i] ?? "") : "",
      style,
      trials: drawn,
    };
  });
  return [...head, ...chartLines(model, groups, width, room)];
}

function factsOf(table: RunTable, runSet: RunSet): string {
  const { goal } = table;
  const facts =
    runSet.completed > 0
      ? `${estimateText(table, runSet)}mean ${resultDigits(goal, runSet.mean)} of ${runSet.completed}`
      : "no run has completed";
  return `${facts}; ${runSet.failed} failed, ${runSet.inFlight} in flight`;
}

/** As the standings have it, from whose row one comes: an infeasible run set has no estimate. "" if no run counts yet. */
function estimateText({ goal, model, runSets }: RunTable, runSet: RunSet): string {
  if (!runSet.isFeasible) return "infeasible, ";
  if (model.now === null) return "";
  const { estimate, stDev } = estimateOf(model.now, runSets, runSet);
  return `estimated ${goal.name} ${resultDigits(goal, estimate)}${stDev === null ? "" : ` ± ${stDev.toPrecision(2)}`}, `;
}

const resultText = ({ goal }: RunTable, { hpmax }: Trial): string => (hpmax === null ? "" : resultDigits(goal, hpmax));

function configurationText(table: RunTable, configuration: readonly number[]): string {
  const settings = settingsWithNames(table, configuration).map(({ name, value }) => `${name}=${settingText(value)}`);
  return narrow(settings.join(" ")) || "the only configuration";
}

function runPage(model: ViewModel, table: RunTable, trial: Trial, width: number, height: number): Line[] {
  const head: Line[] = [
    ...wrapped(
      [span(` ${trial.run}  `, "heading"), span(configurationText(table, trial.configuration), "bold")],
      width,
      trial.run.length + 3,
    ),
    ...wrapped(stateLine(model.search, table, trial), width),
    ...metricsLine(table, trial).flatMap((line) => wrapped(line, width, 2)),
    ...chosenLines(model, trial, width),
    [span(" attempt  node                    started   how it ended", "heading")],
    ...attemptLines(model.search, table, trial, Math.max(1, Math.min(4, height - 14))).flatMap((line) =>
      wrapped(line, width, 10),
    ),
  ];
  const room = height - head.length;
  if (room < 4) return head;
  const chartRoom = room < 14 ? Math.floor(room / 2) : Math.floor(room * 0.55);
  const group = {
    label: `${trial.run} stage ${model.search.curves.of(trial.n)?.stage ?? 1}`,
    mark: "",
    style: "accent",
    trials: [trial],
  } as const;
  // One report is no curve; what the run printed has more use for the room.
  const isPoint = !isOpen(trial) && model.search.curves.of(trial.n)?.length === 1;
  const chart = chartRoom < 5 || isPoint ? [] : chartLines(model, [group], width, chartRoom);
  return [...head, ...chart, ...consoleLines(model, trial, width, room - chart.length)];
}

/** Why its configuration was tried, even after it has ended. */
function chosenLines({ search, options }: ViewModel, trial: Trial, width: number): Line[] {
  const why = search.whyChosen(trial);
  if (why === "") return [];
  const text = why ?? `long ago; nexus view run ${trial.run}${options.flags} says why`;
  return wrapped([span(` chosen: ${narrow(text)}`, "dim")], width, 9);
}

function stateLine(search: LiveSearch, table: RunTable, trial: Trial): Line {
  const { goal } = table;
  const facts: string[] = [`trial ${trial.n}`, runStatus(trial)];
  if (trial.order !== "") facts.push(`ordered: ${trial.order}`);
  if (trial.hpmax !== null) facts.push(`${goal.name} ${cellText(told(goal, trial.hpmax))}`);
  if (trial.rejected) facts.push(`${goal.name} was ${cellText(told(goal, trial.rejected.hpmax))}`);
  const iters = search.itersOf(trial);
  if (iters !== undefined) facts.push(counted(iters, "iteration"));
  const seconds = search.leaseSecondsOf(trial);
  if (seconds !== undefined) facts.push(`lease ${seconds}s`);
  facts.push(`seed ${trial.seed}`);
  if (trial.late > 0) facts.push(`${counted(trial.late, "late result")}, not counted`);
  const reason = reasonOf(table, trial);
  const frozen = search.frozen(trial);
  if (frozen !== "") facts.push(frozen);
  if (reason !== "") facts.push(reason);
  return plain(` ${narrow(facts.join("  "))}`);
}

function metricsLine(table: RunTable, trial: Trial): Line[] {
  const spans: Span[] = trial.metrics.flatMap((value, i) =>
    Number.isNaN(value) ? [] : [span(`  ${narrow(table.columns[i] ?? "")} `, "dim"), span(cellText(value))],
  );
  return spans.length === 0 ? [] : [spans];
}

/** The trial's attempts, newest last. */
function attemptLines(search: LiveSearch, { job }: RunTable, trial: Trial, most: number): Line[] {
  const holder = holderOf(trial);
  return trial.attempts.slice(-most).map((part, i, shown): Line => {
    const isLast = i === shown.length - 1;
    const end =
      part === holder ? "holds it" : part.end !== "" ? part.end : isOpen(trial) ? "" : childStatus(trial.status);
    // When a lost attempt ended is known only if that was seen.
    const own = search.notes.endOf({ job, n: trial.n, attempt: part.attempt });
    const until = part === holder ? search.wall : (own ?? (isLast && trial.endedAt > 0 ? trial.endedAt : undefined));
    const after = until === undefined ? "" : `${part === holder ? " for" : " after"} ${duration(until - part.at)}`;
    return plain(
      ` ${String(part.attempt).padStart(7)}  ${paddedEnd(clip(part.worker, 22), 22)}  ${timeOfDay(part.at)}  ${narrow(end)}${after}`,
    );
  });
}

/** The end of what the run printed. */
function consoleLines(model: ViewModel, trial: Trial, width: number, height: number): Line[] {
  if (height < 2) return [];
  const text = model.search.consoleOf(trial);
  const title: Line = [span(" console", "heading"), span("  (up and down scroll)", "dim")];
  if (text === "") {
    const why = isOpen(trial) ? "it arrives when the run ends" : "the run sent none";
    return [title, [span(`   ${why}`, "dim")]];
  }
  const lines = consolePieces(text, width - 3);
  const room = height - 1;
  // Only here is it known how far the console can scroll.
  model.pageScroll = Math.max(0, Math.min(model.pageScroll, lines.length - room));
  const end = lines.length - model.pageScroll;
  return [title, ...lines.slice(Math.max(0, end - room), end).map((line) => plain(`   ${line}`))];
}

let lastConsole = { text: "", width: 0, lines: [""] };

/** What a program printed, wrapped as a terminal wraps it: the end of a long line often says most. */
function consolePieces(text: string, width: number): readonly string[] {
  if (lastConsole.text !== text || lastConsole.width !== width) {
    const lines = text.trimEnd().split("\n");
    lastConsole = {
      text,
      width,
      lines: lines.flatMap((line) => pieces(narrow(line.replaceAll("\t", "    ")), Math.max(2, width))),
    };
  }
  return lastConsole.lines;
}

function pieces(line: string, width: number): string[] {
  const found: string[] = [];
  let left = line;
  do {
    const piece = cutTo(left, width);
    found.push(piece);
    left = left.slice(piece.length);
  } while (left !== "");
  return found;
}
