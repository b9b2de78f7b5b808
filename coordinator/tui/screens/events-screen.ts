import { counted } from "../../../shared/domain/counted.ts";
import { timeOfDay } from "../../../shared/time/time-of-day.ts";
import type { EventLine } from "../../live/event-list.ts";
import { clip } from "../../words/narrow.ts";
import { clickable, type Line, span } from "../terminal/styled.ts";
import type { ViewModel } from "../view-model.ts";
import { listOrWord } from "./list-screens.ts";

/** Newest last. Until someone moves in it, the end is shown. */
export function eventsLines(model: ViewModel, width: number, height: number, isFocused: boolean): Line[] {
  const list = model.lists.events;
  if (list.rows.length === 0) return listOrWord(list, "event", "nothing has happened yet", width, height, isFocused);
  const isLive = list.selectedKey === null;
  const { rows, selected } = isLive ? { rows: list.end(height), selected: -1 } : list.visible(height);
  const jobWidth = model.hasEventsOfAll ? rows.reduce((most, { job }) => Math.max(most, job?.length ?? 0), 0) : 0;
  return rows.map((row, i): Line => {
    const isSelected = isFocused && i === selected;
    const mark = row.level === "trouble" ? "!" : " ";
    const job = jobWidth === 0 ? "" : `${(row.job ?? "").padEnd(jobWidth)}  `;
    const times = timesText(row);
    const text = `${clip(row.text, width - 13 - times.length - job.length)}${times}`;
    const hit = { kind: "row", key: list.keyOf(row) } as const;
    if (isSelected) return clickable([span(`> ${timeOfDay(row.at)} ${mark} ${job}${text}`, "selected")], hit);
    return clickable(
      [
        span(`  ${timeOfDay(row.at)} `, "dim"),
        span(`${mark} `, row.level === "trouble" ? "bad" : "plain"),
        span(job, "accent"),
        span(text, row.level === "trouble" ? "warn" : "plain"),
      ],
      hit,
    );
  });
}

/** ` (x37 on 3 workers)` */
function timesText({ count, workers }: EventLine): string {
  if (count === 1) return "";
  return workers.size > 1 ? ` (x${count} on ${counted(workers.size, "worker")})` : ` (x${count})`;
}

/** The most workers that are named. */
const mostNames = 8;

/** Everything about a line, for one that is opened. */
export function eventInFull({ at, since, text, count, workers, job }: EventLine): string {
  const head = `${timeOfDay(at)}  ${job === null || text.startsWith(`${job} `) ? "" : `${job}: `}${text}`;
  if (count === 1) return head;
  const names = [...workers].slice(0, mostNames).join(", ");
  const more = workers.size > mostNames ? ` and ${workers.size - mostNames} more` : "";
  return `${head}\n${count} times since ${timeOfDay(since)}${names === "" ? "" : `, on ${names}${more}`}`;
}
