import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../shared/domain/names.ts";
import type { JournalCorruptError } from "../../shared/errors.ts";
import type { Bus } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { Feed } from "../live/feed.ts";
import { LiveSearch } from "../live/live-search.ts";
import { noJob } from "../runs/named-job.ts";
import type { WaitingWords } from "../words/waiting.ts";
import type { PlainView } from "./plain-view.ts";

/** How often the view checks whether the broker is reachable and why nothing runs. */
const lookMs = 500;

export interface WatchOptions {
  /** Ends the view; the job goes on. */
  readonly signal: AbortSignal;
  /** For the commands that are shown when nothing runs. */
  readonly words: WaitingWords;
  /** Whether the job was just submitted: then its events before the first look are news too. */
  readonly isNew?: boolean;
  /** Called once the journal has been read to its end, before anything is shown. */
  readonly onCaughtUp?: (state: WorkspaceState, table: RunTable) => void;
}

/**
 * Shows a job until it is over or the signal aborts.
 *
 * @returns the job's table; `isOver` says whether it has ended
 * @throws NotFoundError if there is no such job, JournalCorruptError if the journal cannot be read
 */
export async function watchJob(bus: Bus, job: JobName, view: PlainView, options: WatchOptions): Promise<RunTable> {
  const { signal, words, isNew = false, onCaughtUp = () => undefined } = options;
  const end = new AbortController();
  const stop = (): void => end.abort();
  signal.addEventListener("abort", stop, { once: true });
  const now = (): number => performance.now();
  const search = new LiveSearch({ showsNewJobs: false });
  search.showJob(job);
  let isShown = false;
  const early: JournalEvent[] = [];
  search.listen({
    event: (event) => {
      const isOfJob = "job" in event && event.job === job;
      if ("job" in event && !isOfJob) return;
      if (isShown) {
        view.event(event, search.table);
        if (search.table?.isOver ?? true) stop(); // no table: the job was deleted
        // Earlier events are in the table; only news is shown.
      } else if (isOfJob && (isNew || search.isLive)) early.push(event);
    },
  });
  const feed = new Feed(search, { bus, now, changed: () => undefined });
  let corrupt: JournalCorruptError | undefined;
  try {
    await feed.start((error) => {
      corrupt = error;
      stop();
    });
    const { table } = search;
    if (!table) throw noJob(job, search.state, words.flags);
    onCaughtUp(search.state, table);
    for (const event of early.splice(0)) view.event(event, table);
    isShown = true;
    if (table.isOver || signal.aborted) stop();
    else view.show(search, words);
    while (!end.signal.aborted) {
      await pause(lookMs, end.signal);
      search.look(now());
      view.update();
    }
    if (corrupt) throw corrupt;
    if (table.isOver) view.finish(table);
    return table;
  } finally {
    signal.removeEventListener("abort", stop);
    view.stop();
    await feed.stop();
  }
}
