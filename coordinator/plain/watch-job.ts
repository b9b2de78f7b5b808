import { followJournal } from "../../shared/broker/store/journal-reader.ts";
import { pause } from "../../shared/deadline.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../shared/domain/names.ts";
import { type JournalCorruptError, NotFoundError } from "../../shared/errors.ts";
import type { Bus } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import { decodeStatus, type Status } from "../../shared/wire/messages.ts";
import { status as statusSubject } from "../../shared/wire/subjects.ts";
import { type WaitingWords, whyWaiting } from "../words/waiting.ts";
import type { PlainView } from "./plain-view.ts";

/** How often the connection is looked at. */
const lookMs = 1000;
/** The client reconnects by itself; an absence shorter than this is not worth a word. */
const awayMs = 3000;
/** The leader tells its status about once a second, a large swarm's more seldom. */
const statusLastsMs = 10_000;

export interface WatchOptions {
  /** Ends the watching; the job goes on. */
  readonly signal: AbortSignal;
  /** For what a person may type when nothing runs. */
  readonly words: WaitingWords;
  /** It has just been submitted: what has happened of it by the time of the first look is news as well. */
  readonly isNew?: boolean;
  /** Hears of the state once the journal has been read to its end, before anything is shown. */
  readonly onCaughtUp?: (state: WorkspaceState, table: RunTable) => void;
}

/**
 * Shows a job until nothing of it will run any more, or the signal aborts.
 *
 * @returns the job's table; `isOver` says whether it has ended
 * @throws NotFoundError when there is no such job, JournalCorruptError when the journal cannot be read
 */
export async function watchJob(bus: Bus, job: JobName, view: PlainView, options: WatchOptions): Promise<RunTable> {
  const { signal, words, isNew = false, onCaughtUp = () => undefined } = options;
  const end = new AbortController();
  const stop = (): void => end.abort();
  signal.addEventListener("abort", stop, { once: true });
  let isLive = false;
  const early: JournalEvent[] = [];
  let corrupt: JournalCorruptError | undefined;
  const onEvent = (event: JournalEvent, state: WorkspaceState): void => {
    if ("job" in event && event.job !== job) return;
    // What happened before we looked is in the table; only news is told.
    if (!isLive) {
      if (isNew && "job" in event) early.push(event);
      return;
    }
    const table = state.jobs.get(job);
    view.event(event, table);
    if (table?.isOver) stop();
  };
  let status: { readonly heard: Status; readonly at: number } | undefined;
  const stopHearing = bus.subscribe(statusSubject, (_, bytes) => {
    try {
      status = { heard: decodeStatus(bytes), at: performance.now() };
    } catch (error) {
      // Of a newer leader perhaps: without it the view says less, and shows the search all the same.
      if (!(error instanceof BadMessage)) throw error;
    }
  });
  const follower = await followJournal(bus, onEvent, (error) => {
    corrupt = error;
    stop();
  });
  try {
    const table = follower.state.jobs.get(job);
    if (!table) throw new NotFoundError(`there is no ${job}\n  to see what there is: nexus list jobs`);
    onCaughtUp(follower.state, table);
    for (const event of early.splice(0)) view.event(event, table);
    isLive = true;
    if (table.isOver || signal.aborted) stop();
    else view.show(table);
    let lastSeenAt = performance.now();
    const beganAt = lastSeenAt;
    while (!end.signal.aborted) {
      await pause(lookMs, end.signal);
      if (bus.isConnected()) lastSeenAt = performance.now();
      const isAway = performance.now() - lastSeenAt > awayMs;
      view.away(isAway ? "the broker does not answer; waiting for it (the workers go on training)" : "");
      const now = performance.now();
      const isFresh = status !== undefined && now - status.at < statusLastsMs;
      // Whoever has just begun to listen has heard nothing yet.
      if (isFresh || now - beganAt > statusLastsMs) {
        view.waiting(isAway ? null : whyWaiting(table, follower.state, isFresh ? status?.heard : undefined, words));
      }
    }
    if (corrupt) throw corrupt;
    if (table.isOver) view.finish(table);
    return table;
  } finally {
    signal.removeEventListener("abort", stop);
    view.stop();
    stopHearing();
    await follower.stop();
  }
}
