import { basename } from "node:path";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { told } from "../../../shared/domain/goal.ts";
import type { Standing } from "../../../shared/domain/model/standings.ts";
import { progressBar } from "../../chart/progress-bar.ts";
import { JobLooks } from "../../live/job-looks.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { duration } from "../../words/duration.ts";
import { estimateText, named } from "../../words/progress.ts";
import { timeLeftText } from "../../words/time-left.ts";
import { changeText, type Weight, type Why } from "../../words/why/why.ts";
import type { Style } from "../terminal/styled.ts";
import { column, type ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

/** Characters of the progress bar, and of the one where room is short. */
const barWidth = 12;
const shortBarWidth = 8;

/** Every job of the workspace: those that are not over first, the newest of them first. */
export function jobList(search: LiveSearch, flags: string): ListView<RunTable> {
  const columns = columnsFor(search, flags);
  return new ListView<RunTable>({
    total: () => search.state.jobs.size,
    rows: (most) => {
      const newest = [...search.state.jobs.values()].reverse();
      return [...newest.filter(({ isOver }) => !isOver), ...newest.filter(({ isOver }) => isOver)].slice(0, most);
    },
    keyOf: ({ job }) => job,
    columns: () => columns,
  });
}

const weightStyles: Readonly<Record<Weight, Style>> = {
  stuck: "bad",
  sick: "bad",
  waits: "warn",
  idle: "plain",
  runs: "good",
  over: "plain",
};

function columnsFor(search: LiveSearch, flags: string): readonly ScreenColumn<RunTable>[] {
  const looks = new JobLooks(search);
  const whyOf = (table: RunTable): Why => looks.of(table).why;
  const failed = ({ outcomes }: RunTable): number | undefined => outcomes.failed + outcomes["timed out"] || undefined;
  return [
    column("job", "text", 0, ({ job }) => job, {
      about: "the job; * marks the one that all screens show",
      text: ({ job }) => (job === search.job ? `${job} *` : job),
      style: ({ job }) => (job === search.job ? "bold" : "plain"),
    }),
    column("spec", "text", 7, ({ submitted }) => basename(submitted.file).replace(/\.ya?ml$/, ""), {
      about: "the file that it was submitted from",
    }),
    column("state", "text", 0, (table) => whyOf(table).state, {
      about: "running, waiting for a worker, paused, completed, ...",
      style: (table) => weightStyles[whyOf(table).weight],
    }),
    // A text, so that all bars begin in one column.
    column("progress", "text", 0, shareOf, {
      about: "runs that have ended, of all that it will have",
      best: "high",
      text: (table) => progressText(table, barWidth),
      brief: (table) => progressText(table, shortBarWidth),
    }),
    column("best", "measure", 3, (table) => bestIn(table, looks.bestOf(table)), {
      about:
        "hpmax that a new run of its best configuration is expected to reach, with one standard deviation; " +
        "a loss under its own name, where lower is better",
      // Some jobs maximise and others minimise.
      rank: (table) => looks.bestOf(table)?.estimate,
      text: (table) => bestText(table, looks.bestOf(table), " ± "),
      brief: (table) => bestText(table, looks.bestOf(table), ""),
    }),
    column("slots", "count", 5, (table) => looks.of(table).slots, {
      about: "slots that its runs have, and those it could have: of workers that are there and may take its runs",
      text: (table) => {
        const { slots, slotsAllowed } = looks.of(table);
        return table.isOver ? "" : slotsAllowed === undefined ? String(slots) : `${slots}/${slotsAllowed}`;
      },
    }),
    column("ETA", "measure", 3, (table) => looks.of(table).left?.high, {
      about: "time left, as in the first line",
      best: "low",
      text: (table) => {
        const { left } = looks.of(table);
        return left === undefined ? "" : timeLeftText(left);
      },
    }),
    column("failed", "count", 6, failed, {
      about: "runs that failed or timed out",
      isHiddenEmpty: true,
      best: "low",
      style: () => "bad",
    }),
    column("age", "measure", 8, ({ submitted }) => search.wall - submitted.at, {
      about: "time since it was submitted",
      best: "low",
      text: ({ submitted }) => duration(search.wall - submitted.at),
    }),
    column("by", "text", 9, ({ submitted }) => submitted.by, { about: "who submitted it" }),
    column("why", "text", 2, (table) => whyText(whyOf(table), flags), {
      about: "why it waits or is in its state, and what to type",
      isHiddenEmpty: true,
      isFilling: true,
    }),
  ];
}

const shareOf = ({ ended, submitted }: RunTable): number => ended / submitted.settings.totalRuns;

const progressText = (table: RunTable, width: number): string =>
  `${progressBar(shareOf(table), width)} ${table.ended}/${table.submitted.settings.totalRuns}`;

const bestIn = ({ goal }: RunTable, best: Standing | null | undefined): number | undefined =>
  best ? told(goal, best.estimate) : undefined;

/** With its standard deviation, unless there is no room for it. */
function bestText(table: RunTable, best: Standing | null | undefined, plusMinus: string): string {
  if (!best) return best === undefined ? "..." : "";
  const [estimate = "", spread = ""] = estimateText(table.goal, best, "|").split("|");
  return `${named(table)}${estimate}${plusMinus === "" || spread === "" ? "" : `${plusMinus}${spread}`}`;
}

/** Why it waits or stands, with what to type; a job that runs needs no words. A worker's command is on the workers' screen. */
function whyText(why: Why, flags: string): string | undefined {
  if (why.weight === "runs") return undefined;
  const isTypedElsewhere = why.commands.some((each) => each.startsWith("nexus-worker"));
  const change = why.weight === "over" || isTypedElsewhere ? "" : changeText(why, flags);
  return [why.why, change].filter((part) => part !== "").join("; ") || undefined;
}
