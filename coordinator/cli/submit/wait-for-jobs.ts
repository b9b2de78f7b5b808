import { followJournal } from "../../../shared/broker/store/journal-reader.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import { printable } from "../../../shared/domain/printable.ts";
import type { JournalCorruptError } from "../../../shared/errors.ts";
import type { Bus } from "../../../shared/ports.ts";
import { pause } from "../../../shared/time/deadline.ts";
import { duration } from "../../words/duration.ts";
import { jobStatus } from "../../words/status-words.ts";

/** Where progress goes: on a terminal one line that is rewritten, elsewhere a new line at most every 30 s. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const lookMs = 200;
const lineEveryMs = 30_000;
/** The client reconnects by itself; a shorter interruption is not mentioned. */
const awayMs = 3000;

/** Whether none of them will produce anything more; a deleted one is over too. */
export const areOver = ({ jobs, deleted }: WorkspaceState, names: readonly JobName[]): boolean =>
  names.every((name) => deleted.has(name) || jobs.get(name)?.isOver);

/**
 * Waits until all jobs are over or deleted, or the signal aborts; the jobs continue either way.
 *
 * @param flags  as `Scope.flags`
 * @returns the state of the workspace then
 */
export async function waitForJobs(
  bus: Bus,
  jobs: readonly JobName[],
  progress: ProgressStream,
  signal: AbortSignal,
  flags: string,
): Promise<WorkspaceState> {
  let corrupt: JournalCorruptError | undefined;
  const follower = await followJournal(
    bus,
    () => undefined,
    (error) => {
      corrupt = error;
    },
  );
  const { state } = follower;
  const startedAt = performance.now();
  let shown = "";
  let shownAt = Number.NEGATIVE_INFINITY;
  let lastSeenAt = startedAt;
  try {
    while (!signal.aborted && !areOver(state, jobs)) {
      if (corrupt) throw corrupt;
      const now = performance.now();
      if (bus.isConnected()) lastSeenAt = now;
      const counts = countsLine(state, jobs, now - lastSeenAt > awayMs, flags);
      if (progress.isTTY) {
        const line = `${counts}  ${duration(now - startedAt)}`.slice(0, Math.max(1, (progress.columns ?? 80) - 1));
        if (line !== shown) progress.write(`\r\x1b[K${line}`);
        shown = line;
      } else if (counts !== shown && now - shownAt > lineEveryMs) {
        progress.write(`${counts}  ${duration(now - startedAt)}\n`);
        shown = counts;
        shownAt = now;
      }
      await pause(lookMs, signal);
    }
    if (corrupt) throw corrupt;
    return state;
  } finally {
    if (progress.isTTY && shown !== "") progress.write("\r\x1b[K");
    await follower.stop();
  }
}

/**
 * `job289 12/20, 4 running  job290 0/20, waiting for a worker`.
 *
 * @param flags  as `Scope.flags`, for the command that resumes a paused job
 */
export function countsLine(state: WorkspaceState, jobs: readonly JobName[], isAway: boolean, flags: string): string {
  if (isAway) return "the broker does not answer; waiting for it (workers that still run go on)";
  return jobs
    .map((job) => {
      const table = state.jobs.get(job);
      if (!table) return `${job} ${state.deleted.has(job) ? "deleted" : "submitted"}`;
      const { ended, running, submitted } = table;
      const doing =
        table.state !== "searching"
          ? stateText(table, flags)
          : running > 0
            ? `${running} running`
            : "waiting for a worker";
      return `${job} ${ended}/${submitted.settings.totalRuns}, ${doing}`;
    })
    .join("  ");
}

/** The command comes first: a terminal may cut the reason. */
function stateText({ job, state, isOver, pauseWords, reason }: RunTable, flags: string): string {
  const why = printable(pauseWords?.rule ?? reason);
  const command = state === "paused" ? ` (to go on: nexus resume ${job}${flags})` : "";
  return `${jobStatus(state)}${command}${isOver || why === "" ? "" : `: ${why}`}`;
}
