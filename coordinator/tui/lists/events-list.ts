import type { EventLine } from "../../live/event-list.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import { timeOfDay } from "../../words/event-words.ts";
import type { ScreenColumn } from "./columns.ts";
import { ListView } from "./list-view.ts";

export function eventList(search: LiveSearch): ListView<EventLine> {
  return new ListView<EventLine>({
    rows: () => search.events.lines.slice(),
    keyOf: ({ id }) => String(id),
    columns: () => columns,
  });
}

const columns: readonly ScreenColumn<EventLine>[] = [
  { name: "time", kind: "text", priority: 0, value: ({ at }) => timeOfDay(at) },
  { name: "level", kind: "text", priority: 0, value: ({ level }) => level },
  { name: "text", kind: "text", priority: 0, value: ({ text }) => text },
];
