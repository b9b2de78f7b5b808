import { type Lost, lossOutcomes } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { Lease } from "../../../shared/domain/lease.ts";
import type { Reign } from "../reign/reign.ts";

/**
 * Takes a trial from its holder: the next free slot gets it, unless it has been lost too often.
 *
 * @param console  the last output of its console
 */
export function requeue(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  how: Pick<Lost, "cause" | "charged" | "reason" | "ev">,
  console = "",
): void {
  const { job } = table;
  const { n } = trial;
  const { attempt, worker } = lastAttempt(trial);
  reign.losses += 1;
  const outcome = lossOutcomes[how.cause];
  reign.ports.log.warn({ job, run: trial.run, worker, attempt, charged: how.charged }, `${outcome}: ${how.reason}`);
  const losses = trial.charged + 1;
  if (how.charged && losses > table.submitted.settings.retries) {
    const reason = `lost ${losses} times, last: ${how.reason}`;
    const ended = { type: "ended", job, n, attempt, worker, outcome: "failed", reason, ev: how.ev } as const;
    void reign.record({ ...ended, ...lastLines(table, console) });
  } else {
    void reign.record({ type: "lost", job, n, attempt, worker, outcome, ...how });
  }
}

/** The same for a leased trial, if its holder still has it; returns whether it had. */
export function requeueLeased(
  reign: Reign,
  { job, n, attempt }: Lease,
  how: (trial: Trial) => Pick<Lost, "cause" | "charged" | "reason">,
): boolean {
  const table = reign.state.jobs.get(job);
  const trial = table?.trial(n);
  if (!table || trial?.status !== "running" || lastAttempt(trial).attempt !== attempt) return false;
  requeue(reign, table, trial, { ...how(trial), ev: 0 });
  return true;
}

const mostConsole = 1500;
/** The journal keeps the consoles of this many failures of a job; those of later ones are only in the evidence. */
const mostConsoles = 1000;

/** The last lines of a console, for the record of a failure; whole lines where possible. */
export function lastLines(table: RunTable, console: string): { readonly console?: string } {
  if (console === "" || table.outcomes.failed >= mostConsoles) return {};
  if (console.length <= mostConsole) return { console };
  const end = console.slice(-mostConsole);
  return { console: end.slice(end.indexOf("\n") + 1) };
}
