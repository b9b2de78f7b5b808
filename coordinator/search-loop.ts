import { settingsOf } from "../shared/domain/hyperparameter.ts";
import type { JobName, WorkerId } from "../shared/domain/names.ts";
import type { RunTable } from "../shared/domain/run-table.ts";
import { choiceRng, trialSeed } from "../shared/domain/seeds.ts";
import { lastAttempt, type Trial } from "../shared/domain/trial.ts";
import type { Answer, Assignment, Claim, Refusal } from "../shared/wire/messages.ts";
import { fairly, obstacle, openJobs, whyNothing } from "./fitting.ts";
import { stopExhausted } from "./job-end.ts";
import type { Reign } from "./reign.ts";
import { requeue } from "./requeue.ts";

/** How long a worker that found nothing waits before it asks again unasked; `ctl.all` usually wakes it sooner. */
const retryMs = 15_000;

/** A claim: lost trials first, else ask the search; journal; answer. Undefined: no answer, the worker asks again. */
export async function answerClaim(reign: Reign, worker: WorkerId, claim: Claim): Promise<Answer | undefined> {
  // Before an older process's trials are taken from it: a result that it left may have been delivered just now.
  await reign.evidenceJudged(claim.lastResultSeq);
  if (reign.evidenceSeq < claim.lastResultSeq) return undefined;
  const refusal = admit(reign, worker, claim);
  if (refusal) return refusal;
  const answered = reign.state.workers.get(worker)?.claims.get(claim.claimId);
  if (answered) return answerAgain(reign, worker, claim, answered);

  const fitting = openJobs(reign).filter((table) => obstacle(table, worker, claim) === null);
  for (const table of fairly(fitting)) {
    const lost = table.waiting.values().next();
    if (!lost.done) {
      const trial = trialOf(table, lost.value);
      const attempt = lastAttempt(trial).attempt + 1;
      return assign(reign, table, trial.n, attempt, worker, claim, {
        run: trial.run,
        configuration: trial.configuration,
        seed: trial.seed,
        why: `attempt ${attempt}: ${trial.reason}`,
      });
    }
    if (!table.hasRoom) continue;
    const n = table.trials.length + 1;
    const choice = reign.searchOf(table).choose(viewOf(table), n, choiceRng(table.submitted.seed, n));
    if (!choice) {
      stopExhausted(reign, table);
      continue;
    }
    return assign(reign, table, n, 1, worker, claim, {
      run: table.nextRunName(worker, reign.state.nextRun),
      configuration: choice.configuration,
      seed: trialSeed(table.submitted.seed, n),
      why: choice.why,
    });
  }
  return { kind: "wait", term: reign.term, reason: whyNothing(reign, worker, claim), retryMs };
}

/** Refuses who may not work, and retires a worker's older process: its leases are lost at once, uncharged. */
function admit(reign: Reign, worker: WorkerId, claim: Claim): Refusal | undefined {
  const record = reign.state.workers.get(worker);
  const refuse = (reason: string): Refusal => ({ kind: "refused", term: reign.term, reason });
  if (record?.state === "revoked") return refuse(`${worker} was revoked: ${record.reason}`);
  if (record?.state === "benched") {
    return refuse(`${worker} is benched: ${record.reason}\n  once it is mended, type: nexus admit ${worker}`);
  }
  const known = reign.presence.get(worker);
  const retired = record?.retiredBoots.has(claim.bootId) || known?.retired.has(claim.bootId);
  if (retired) return refuse(twoProcesses(worker));
  if (known?.bootId !== claim.bootId) loseOlder(reign, worker, claim.bootId);
  const older = known && known.bootId !== claim.bootId ? [known.bootId] : [];
  reign.presence.set(worker, {
    bootId: claim.bootId,
    retired: new Set([...(known?.retired ?? []), ...older]),
    heardAt: reign.ports.clock.monotonic(),
    slots: claim.slots,
    targets: claim.targets,
    opportunistic: claim.opportunistic,
  });
  return undefined;
}

export const twoProcesses = (worker: WorkerId): string =>
  `another process works as ${worker} since this one started; a worker's name may be used once at a time\n` +
  `  stop one of them, or start this one with a name of its own: nexus-worker --name ${worker}-b`;

function loseOlder(reign: Reign, worker: WorkerId, bootId: string): void {
  for (const lease of reign.leases.heldBy(worker)) {
    if (lease.bootId === bootId) continue;
    const table = reign.state.jobs.get(lease.job);
    const trial = table?.trial(lease.n);
    if (trial?.status !== "running" || !table) continue;
    requeue(reign, table, trial, { outcome: "lost", charged: false, reason: `${worker} started anew`, ev: 0 });
  }
}

/** The same claim gets the same answer; a trial that has moved on meanwhile is not given out again. */
async function answerAgain(
  reign: Reign,
  worker: WorkerId,
  claim: Claim,
  answered: { job: JobName; n: number; attempt: number },
): Promise<Answer | undefined> {
  const table = reign.state.jobs.get(answered.job);
  const trial = table?.trial(answered.n);
  const last = trial && lastAttempt(trial);
  const still =
    trial?.status === "running" &&
    last?.worker === worker &&
    last.bootId === claim.bootId &&
    last.claimId === claim.claimId;
  if (!table || !trial || !still) {
    return {
      kind: "wait",
      term: reign.term,
      reason: "that question was answered before, and its trial has moved on",
      retryMs: 0,
    };
  }
  return storedThen(reign, () => {
    reign.grant(table, trial);
    return assignment(reign, table, trial);
  });
}

async function assign(
  reign: Reign,
  table: RunTable,
  n: number,
  attempt: number,
  worker: WorkerId,
  claim: Pick<Claim, "claimId" | "bootId">,
  what: Pick<Trial, "run" | "configuration" | "seed" | "why">,
): Promise<Answer | undefined> {
  const { claimId, bootId } = claim;
  const at = reign.ports.clock.wall();
  const stored = reign.record({ type: "assigned", job: table.job, n, attempt, worker, claimId, bootId, ...what, at });
  const trial = trialOf(table, n);
  reign.grant(table, trial);
  await stored;
  if (!reign.ports.leads()) return undefined;
  return assignment(reign, table, trial);
}

/** A trial whose old holder is back before anyone else took it: the same worker goes on, under a new attempt number. */
export async function assignAgain(reign: Reign, table: RunTable, trial: Trial): Promise<void> {
  const { attempt, worker, bootId, claimId } = lastAttempt(trial);
  const { run, configuration, seed } = trial;
  const why = `${worker} is back before anyone else took it`;
  await assign(reign, table, trial.n, attempt + 1, worker, { claimId, bootId }, { run, configuration, seed, why });
}

/** Waits for everything recorded so far to be stored: what is answered must not rest on a record that may yet be refused. */
async function storedThen(reign: Reign, answer: () => Assignment): Promise<Answer | undefined> {
  await reign.ports.flushed();
  return reign.ports.leads() ? answer() : undefined;
}

function assignment(reign: Reign, table: RunTable, trial: Trial): Assignment {
  return {
    kind: "assigned",
    term: reign.term,
    job: table.job,
    run: trial.run,
    n: trial.n,
    attempt: lastAttempt(trial).attempt,
    seed: trial.seed,
    settings: settingsOf(table.submitted.hyperparameters, trial.configuration),
    leaseMs: reign.leaseMs,
  };
}

function viewOf(table: RunTable): Parameters<ReturnType<Reign["searchOf"]>["choose"]>[0] {
  return {
    hyperparameters: table.submitted.hyperparameters,
    runSets: table.runSets,
    isExcluded: (configuration) => table.runSets.isExcluded(configuration),
  };
}

function trialOf(table: RunTable, n: number): Trial {
  const trial = table.trial(n);
  if (!trial) throw new RangeError(`${table.job} has no trial ${n}`);
  return trial;
}
