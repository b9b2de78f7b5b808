import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { EventLine } from "../../live/event-list.ts";
import type { LiveSearch } from "../../live/live-search.ts";
import type { WorkerRow } from "../../words/why/worker-rows.ts";
import type { ScreenName } from "../keys.ts";
import { eventsList } from "./events-list.ts";
import { jobList } from "./jobs-list.ts";
import type { AnyList, ListView } from "./list-view.ts";
import { type NeighbourRow, neighbourList } from "./neighbours-list.ts";
import { type ProspectRow, plansByModel, prospectList } from "./prospects-list.ts";
import { runList, type ShownRun } from "./runs-list.ts";
import { type StandingRow, standingsList } from "./standings-list.ts";
import { workerList } from "./workers-list.ts";

/** The list of each screen. Charts have none: there, keys move in the standings. */
export interface Lists {
  readonly jobs: ListView<RunTable>;
  readonly standings: ListView<StandingRow>;
  readonly runs: ListView<ShownRun>;
  readonly workers: ListView<WorkerRow>;
  readonly neighbourhood: ListView<NeighbourRow>;
  /** In place of the neighbourhood where the search plans by the model. */
  readonly prospects: ListView<ProspectRow>;
  readonly events: ListView<EventLine>;
  /** Drops selections and filters: another job is shown. */
  forget(): void;
  of(screen: ScreenName): AnyList;
}

export interface ListOptions {
  readonly workspace: string;
  readonly flags: string;
  /** Whether the events are those of all jobs. */
  readonly isOfAllJobs: () => boolean;
}

export function createLists(search: LiveSearch, { workspace, flags, isOfAllJobs }: ListOptions): Lists {
  const jobs = jobList(search, flags);
  const standings = standingsList(search);
  const runs = runList(search, workspace);
  const workers = workerList(search, workspace);
  const neighbourhood = neighbourList(search);
  const prospects = prospectList(search);
  const events = eventsList(search, isOfAllJobs);
  const byScreen: Readonly<Record<ScreenName, AnyList>> = {
    Jobs: jobs,
    Standings: standings,
    Runs: runs,
    Workers: workers,
    Curves: standings,
    Neighbourhood: neighbourhood,
    Events: events,
    Best: standings,
  };
  return {
    jobs,
    standings,
    runs,
    workers,
    neighbourhood,
    prospects,
    events,
    of: (screen) =>
      screen === "Neighbourhood" && search.table && plansByModel(search.table) ? prospects : byScreen[screen],
    forget: () => {
      for (const list of [standings, runs, neighbourhood, prospects]) list.forget();
    },
  };
}
