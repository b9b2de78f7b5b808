import { openJobs } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt } from "../../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Reign } from "../reign/reign.ts";
import { mayWork, othersTake } from "./others.ts";
import { pauseWords } from "./pause-words.ts";

/**
 * A job that fails from its start: most likely its program is at fault, and a newcomer waits for its first result. So
 * it pauses after a few failures, as long as nothing has completed. But failures on one machine alone prove nothing if
 * others may try: then that machine gets no more of the job. If another one completes a run, the machine is benched and
 * its failures are taken back (bench.ts); if another one fails too, the job pauses.
 */

/** Characters of what the last run said and printed. */
const mostCause = 900;
const mostPrinted = 500;
const linesPrinted = 3;

/** Why the job pauses now; undefined: it goes on. */
export function startFailing(reign: Reign, table: RunTable): ReturnType<typeof pauseWords> | undefined {
  if (!isStartFull(table) || !table.hasRoom) return undefined;
  const alone = onlyOne(table);
  const isOfOne = alone !== undefined && (mayOthersTry(reign, table, alone) || isOneUnheard(reign, alone));
  return isOfOne ? undefined : wordsOf(table);
}

/** Why a worker gets nothing more of a job at its start; undefined: it may. */
export function whyHeldBack(reign: Reign, table: RunTable, worker: WorkerId): string | undefined {
  if (!isStartFull(table) || onlyOne(table) !== worker) return undefined;
  const failed = `the first ${table.failingRow.size} runs of ${table.job} have all failed on ${worker}`;
  if (mayOthersTry(reign, table, worker)) return `${failed}; other workers try it now`;
  return isOneUnheard(reign, worker) ? `${failed}; whether other workers may try it is not known yet` : undefined;
}

function isStartFull({ completions, rejected, failingRow, submitted }: RunTable): boolean {
  if (completions.length > 0 || rejected.size > 0) return false;
  const { maxFailuresAtStart, maxFailuresInARow, stopWhen } = submitted.settings;
  if (maxFailuresAtStart === null || maxFailuresInARow === null || stopWhen?.name === "failures_in_a_row") return false;
  return failingRow.size >= maxFailuresAtStart;
}

/** The only worker on which the runs of the row have failed; undefined if there are several. */
function onlyOne(table: RunTable): WorkerId | undefined {
  const workers = new Set<WorkerId>();
  for (const n of table.failingRow) {
    const trial = table.trial(n);
    if (trial) workers.add(lastAttempt(trial).worker);
    if (workers.size > 1) return undefined;
  }
  return [...workers][0];
}

/** Whether another worker has a run of the job, or is connected and may get one. */
function mayOthersTry(reign: Reign, table: RunTable, worker: WorkerId): boolean {
  for (const holder of table.holding.keys()) if (holder !== worker) return true;
  return othersTake(reign, table, worker);
}

/** Whether a new leader has yet to hear another worker that holds runs of any job: it may take this one's too. */
function isOneUnheard(reign: Reign, worker: WorkerId): boolean {
  if (reign.ports.clock.monotonic() - reign.beganAt >= 2 * reign.leaseMs) return false;
  for (const { holding } of openJobs(reign.state)) {
    for (const id of holding.keys()) if (id !== worker && !reign.presence.has(id) && mayWork(reign, id)) return true;
  }
  return false;
}

function wordsOf(table: RunTable): ReturnType<typeof pauseWords> {
  const { job, failingRow, submitted } = table;
  const count = failingRow.size;
  const failed = count === 1 ? "the first run has failed" : `${count} runs have failed`;
  const last = table.trial([...failingRow].at(-1) ?? 0);
  const [cause = ""] = last?.reason.split("\n", 1) ?? [];
  const lines = (last?.console ?? "").split("\n").filter((line) => line.trim() !== "");
  // The cause may quote some of these lines.
  const unsaid = lines.slice(-linesPrinted).filter((line) => !cause.includes(line.trim()));
  const printed = unsaid.join(" | ").slice(-mostPrinted);
  const details = [
    ...(last ? [`${last.run} was the last${cause === "" ? "" : `: ${cause.slice(0, mostCause)}`}`] : []),
    ...(printed === "" ? [] : [`the last that it printed: ${printed}`]),
    ...(last ? [`to see all that it printed: nexus view console ${last.run}`] : []),
    `to try one run on your machine: nexus check ${/^[\w./-]+$/.test(submitted.file) ? submitted.file : "SPEC"}`,
  ];
  return pauseWords(job, `${failed}, and none has completed yet (max_failures_at_start)`, details, "when fixed");
}
