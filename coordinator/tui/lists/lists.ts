import type { EventLine } from "../../live/event-list.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import type { WorkerRow } from "../../live/worker-rows.ts";
import { timeOfDay } from "../../words/event-words.ts";
import type { ScreenName } from "../keys.ts";
import { column } from "./columns.ts";
import { type AnyList, ListView } from "./list-view.ts";
import { type NeighbourRow, neighbourList } from "./neighbours-list.ts";
import { runList, type ShownRun } from "./runs-list.ts";
import { type StandingRow, standingsList } from "./standings-list.ts";
import { workerList } from "./workers-list.ts";

/** The list of each screen. Curves have none: there, keys move in the standings. */
export interface Lists {
  readonly standings: ListView<StandingRow>;
  readonly runs: ListView<ShownRun>;
  readonly workers: ListView<WorkerRow>;
  readonly neighbourhood: ListView<NeighbourRow>;
  readonly events: ListView<EventLine>;
  /** Drops selections and filters: another job is shown. */
  forget(): void;
  of(screen: ScreenName): AnyList;
}

const eventColumns = [
  column<EventLine>("time", "text", 0, ({ at }) => timeOfDay(at)),
  column<EventLine>("level", "text", 0, ({ level }) => level),
  column<EventLine>("text", "text", 0, ({ text }) => text),
];

export function createLists(search: LiveSearch, workspace: string): Lists {
  const standings = standingsList(search);
  const runs = runList(search, workspace);
  const workers = workerList(search, workspace);
  const neighbourhood = neighbourList(search);
  const events = new ListView<EventLine>({
    rows: () => search.events.lines.slice(),
    keyOf: ({ id }) => String(id),
    nameOf: () => "the event",
    columns: () => eventColumns,
  });
  const byScreen: Readonly<Record<ScreenName, AnyList>> = {
    Standings: standings,
    Runs: runs,
    Workers: workers,
    Curves: standings,
    Neighbourhood: neighbourhood,
    Events: events,
  };
  return {
    standings,
    runs,
    workers,
    neighbourhood,
    events,
    of: (screen) => byScreen[screen],
    forget: () => {
      for (const list of [standings, runs, neighbourhood]) list.forget();
    },
  };
}
