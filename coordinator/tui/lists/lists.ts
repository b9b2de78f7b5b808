import type { EventLine } from "../../live/event-list.ts";
import type { WorkerRow } from "../../live/worker-rows.ts";
import type { ScreenName } from "../keys.ts";
import { eventList } from "../screens/events-screen.ts";
import { type NeighbourRow, neighbourList } from "../screens/neighbourhood-screen.ts";
import { runList, type ShownRun } from "../screens/runs-screen.ts";
import { type StandingRow, standingsList } from "../screens/standings-screen.ts";
import { workerList } from "../screens/workers-screen.ts";
import type { ViewModel } from "../view-model.ts";
import type { AnyList, ListView } from "./list-view.ts";

/** The list of each screen; curves have none of their own and move in the standings. */
export interface Lists {
  readonly standings: ListView<StandingRow>;
  readonly runs: ListView<ShownRun>;
  readonly workers: ListView<WorkerRow>;
  readonly neighbourhood: ListView<NeighbourRow>;
  readonly events: ListView<EventLine>;
  /** Another job is shown: what was selected is not there. */
  forget(): void;
  of(screen: ScreenName): AnyList;
}

export function createLists(model: ViewModel): Lists {
  const lists = {
    standings: standingsList(model),
    runs: runList(model),
    workers: workerList(model),
    neighbourhood: neighbourList(model),
    events: eventList(model),
  };
  const of = (screen: ScreenName): AnyList => {
    switch (screen) {
      case "Standings":
      case "Curves":
        return lists.standings;
      case "Runs":
        return lists.runs;
      case "Workers":
        return lists.workers;
      case "Neighbourhood":
        return lists.neighbourhood;
      case "Events":
        return lists.events;
      default: {
        const never: never = screen;
        return never;
      }
    }
  };
  return {
    ...lists,
    of,
    forget: () => {
      for (const list of [lists.standings, lists.runs, lists.neighbourhood]) list.forget();
    },
  };
}
