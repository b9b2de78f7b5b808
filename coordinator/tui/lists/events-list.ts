import { timeOfDay } from "../../../shared/time/time-of-day.ts";
import type { EventLine } from "../../live/event-list.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { column } from "./columns.ts";
import { ListView } from "./list-view.ts";

const columns = [
  column<EventLine>("time", "text", 0, ({ at }) => timeOfDay(at), {
    about: "time of day on this machine; of several, of the newest",
  }),
  column<EventLine>("level", "text", 0, ({ level }) => level, { about: "info or trouble" }),
  column<EventLine>("job", "text", 0, ({ job }) => job ?? undefined, { about: "the job that it concerns" }),
  column<EventLine>("times", "count", 0, ({ count }) => count, {
    about: "how many events of one cause the line stands for",
  }),
  column<EventLine>("text", "text", 0, ({ text }) => text, { about: "what happened" }),
];

/** What happened, newest last: to the shown job and in the workspace, or to all jobs. */
export function eventsList(search: LiveSearch, isOfAllJobs: () => boolean): ListView<EventLine> {
  return new ListView<EventLine>({
    rows: () => {
      const { job, events } = search;
      return job === null || isOfAllJobs() ? events.lines.slice() : events.of(job);
    },
    keyOf: ({ id }) => String(id),
    nameOf: () => "the event",
    columns: () => columns,
  });
}
