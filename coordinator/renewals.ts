import type { WorkerId } from "../shared/domain/names.ts";
import { holderOf, isOpen, lastAttempt } from "../shared/domain/trial.ts";
import type { HeldTrial, Renewal, Renewed } from "../shared/wire/messages.ts";
import type { Reign } from "./reign.ts";
import { assignAgain, twoProcesses } from "./search-loop.ts";

type RenewedVerdict = Renewed["verdicts"][number];

/** A worker says what it holds; each trial's answer is go on (possibly under a new attempt number) or stop. */
export async function answerRenewal(reign: Reign, worker: WorkerId, renewal: Renewal): Promise<Renewed | undefined> {
  const known = reign.presence.get(worker);
  const record = reign.state.workers.get(worker);
  const retired = record?.retiredBoots.has(renewal.bootId) || known?.retired.has(renewal.bootId);
  if (known && known.bootId === renewal.bootId) known.heardAt = reign.ports.clock.monotonic();
  const verdicts: RenewedVerdict[] = [];
  for (const held of renewal.held) {
    verdicts.push(retired ? stop(held, twoProcesses(worker)) : await judge(reign, worker, renewal.bootId, held));
  }
  await reign.ports.flushed();
  if (!reign.ports.leads()) return undefined;
  return { kind: "renewed", term: reign.term, leaseMs: reign.leaseMs, verdicts };
}

async function judge(reign: Reign, worker: WorkerId, bootId: string, held: HeldTrial): Promise<RenewedVerdict> {
  const { job, n, attempt } = held;
  const table = reign.state.jobs.get(job);
  const trial = table?.trial(n);
  if (!table || !trial) return stop(held, `${job} has no trial ${n}`);
  if (!isOpen(trial)) return stop(held, `${trial.run} has ended: ${trial.status}`);
  if (table.state === "cancelled") return stop(held, `${job} was cancelled`);
  const last = lastAttempt(trial);
  const own = last.worker === worker && last.bootId === bootId;
  if (trial.status === "waiting") {
    if (!own || last.attempt !== attempt) return stop(held, `${trial.run} waits for another worker`);
    await assignAgain(reign, table, trial);
    reign.progress(job, n, held.iters);
    return goOn(held, lastAttempt(trial).attempt);
  }
  if (!own) return stop(held, `${trial.run} moved to ${holderOf(trial)?.worker ?? "another worker"}`);
  if (!reign.leases.renew(job, n, last.attempt, bootId, reign.ports.clock.monotonic())) reign.grant(table, trial);
  reign.progress(job, n, held.iters);
  return goOn(held, last.attempt);
}

const goOn = (held: HeldTrial, newAttempt: number): RenewedVerdict => verdictOn(held, "continue", newAttempt, "");
const stop = (held: HeldTrial, reason: string): RenewedVerdict => verdictOn(held, "stop", held.attempt, reason);

function verdictOn(held: HeldTrial, verdict: "continue" | "stop", newAttempt: number, reason: string): RenewedVerdict {
  const { job, n, attempt } = held;
  return { job, n, attempt, verdict, newAttempt, reason };
}
