import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { holderOf, isNewestStay, isOpen, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { LendingSaid } from "../../../shared/wire/lending.ts";
import type { Holding, Renewal, Renewed } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { checkpointSeconds } from "./checkpoints.ts";
import { admit, assignAgain, limitsOf, served, skewOf, twoProcesses } from "./search-loop.ts";

type Verdict = Renewed["verdicts"][number];

/** A worker says what it holds; each trial may go on, possibly under a new attempt number, or has to stop. */
export async function answerRenewal(reign: Reign, worker: WorkerId, renewal: Renewal): Promise<Renewed | undefined> {
  hearWhatItTakes(reign, worker, renewal);
  const known = reign.presence.get(worker);
  const record = reign.state.workers.get(worker);
  const retired = record?.retiredBoots.has(renewal.bootId) || known?.retired.has(renewal.bootId);
  if (known && known.bootId === renewal.bootId) {
    known.heardAt = reign.ports.clock.monotonic();
    known.skewMs = skewOf(renewal.sentAt, reign.ports.clock.wall());
    known.lending = lendingSaid(renewal);
    if (known.lending.lending !== "open") known.refusal = null;
    known.machine = renewal.machine ?? known.machine;
    known.left = renewal.leaving === true && renewal.held.length === 0;
  }
  const verdicts: Verdict[] = [];
  for (const held of renewal.held) {
    verdicts.push(retired ? stop(held, twoProcesses(worker)) : await judge(reign, worker, renewal.bootId, held));
  }
  await reign.ports.flushed();
  if (!reign.ports.leads()) return undefined;
  const held = reign.onlyResults ? { holdReports: true } : {};
  return { kind: "renewed", term: reign.term, leaseMs: reign.leaseMs, verdicts, ...held };
}

/**
 * A worker that claims nothing says in its renewals what it takes: its owner does not lend, or its slots are busy and this leader is
 * new. A process that holds runs may be older than one that was heard since, and does not take its place.
 */
function hearWhatItTakes(reign: Reign, worker: WorkerId, { bootId, held, takes }: Renewal): void {
  const known = reign.presence.get(worker);
  if (!takes || (held.length > 0 && known && known.bootId !== bootId)) return;
  // As for a claim: without the pools that its invitation does not give it; a worker that has none of these gets no run.
  const targets = served(takes.targets, reign.state.workers.get(worker)?.pools ?? []);
  admit(reign, worker, { ...takes, targets: targets.length > 0 ? targets : takes.targets, bootId }, null);
}

const lendingSaid = ({
  lending = "open",
  lendingWhy = "",
  lendingUntil = "",
  lendingMs = 0,
}: Renewal): LendingSaid => ({ lending, lendingWhy, lendingUntil, lendingMs });

async function judge(reign: Reign, worker: WorkerId, bootId: string, held: Holding): Promise<Verdict> {
  const { job, n, attempt } = held;
  const table = reign.state.jobs.get(job);
  const trial = table?.trial(n);
  if (!table || !trial) return stop(held, `${job} has no trial ${n}`);
  if (!isOpen(trial)) return stop(held, `has ended: ${trial.status}`);
  const record = reign.state.workers.get(worker);
  if (record?.state === "benched") return stop(held, `${worker} is benched: ${record.reason}`);
  if (record?.state === "revoked") return stop(held, `${worker} was revoked: ${record.reason}`);
  const last = lastAttempt(trial);
  const own = last.worker === worker && last.bootId === bootId;
  if (trial.status === "waiting") {
    // The number may be an older one of the same stay: the answer that granted the trial again was lost.
    if (!own || !isNewestStay(trial, attempt)) return stop(held, "waits for another worker");
    if (record?.duty === "stopped") return stop(held, `${worker} was ${record.dutyReason}`);
    reign.progress(job, n, held.iters);
    return goOn(reign, table, trial, held, await assignAgain(reign, table, trial));
  }
  if (!own) return stop(held, `moved to ${holderOf(trial)?.worker ?? "another worker"}`);
  if (!reign.leases.renew(job, n, last.attempt, bootId, reign.ports.clock.monotonic())) reign.grant(table, n);
  reign.progress(job, n, held.iters);
  if (record?.duty === "stopped")
    return verdictOn(held, "handback", `${worker} was ${record.dutyReason}`, { newAttempt: last.attempt });
  return goOn(reign, table, trial, held, last.attempt);
}

/** A paused run keeps its holder and its lease; it is only frozen. */
function goOn(reign: Reign, table: RunTable, trial: Trial, held: Holding, newAttempt: number): Verdict {
  const isPaused = trial.order === "paused";
  const reason = isPaused ? `paused by an operator; to let it go on: nexus resume ${trial.run}` : "";
  const limits = limitsOf(table);
  const more = { newAttempt, limits, checkpointSeconds: checkpointSeconds(reign, table) };
  return verdictOn(held, isPaused ? "pause" : "continue", reason, more);
}

const stop = (held: Holding, reason: string): Verdict => verdictOn(held, "stop", reason);

function verdictOn(
  { job, n, attempt }: Holding,
  verdict: Verdict["verdict"],
  reason: string,
  more: Partial<Verdict> = {},
): Verdict {
  return { job, n, attempt, verdict, newAttempt: attempt, reason, limits: null, checkpointSeconds: 0, ...more };
}
