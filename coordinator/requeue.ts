import type { Lost } from "../shared/domain/events.ts";
import type { RunTable } from "../shared/domain/run-table.ts";
import { lastAttempt, type Trial } from "../shared/domain/trial.ts";
import { closeIfDone } from "./job-end.ts";
import type { Reign } from "./reign.ts";

/** Takes a trial from its holder: the next free slot gets it, unless it has been lost too often. */
export function requeue(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  how: Pick<Lost, "outcome" | "charged" | "reason" | "ev">,
): void {
  const { job } = table;
  const { n } = trial;
  const { attempt, worker } = lastAttempt(trial);
  const at = reign.ports.clock.wall();
  reign.forget(job, n);
  reign.ports.log.warn({ job, run: trial.run, worker, attempt, charged: how.charged }, `${how.outcome}: ${how.reason}`);
  const losses = trial.charged + 1;
  if (how.charged && losses > table.submitted.settings.retries) {
    const reason = `lost ${losses} times, last: ${how.reason}`;
    void reign.record({ type: "ended", job, n, attempt, worker, outcome: "failed", reason, ev: how.ev, at });
  } else {
    void reign.record({ type: "lost", job, n, attempt, worker, ...how, at });
    reign.wake();
  }
  closeIfDone(reign, table);
}
