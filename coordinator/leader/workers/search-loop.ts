import { inUse, obstacle, openJobs, whyNothing } from "../../../shared/domain/fitting.ts";
import type { Assigned } from "../../../shared/domain/fold/events.ts";
import { retire } from "../../../shared/domain/fold/retired-boots.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { whyOnce } from "../../../shared/domain/fold/search-view.ts";
import { holderOf, lastAttempt, type Trial } from "../../../shared/domain/fold/trial.ts";
import { settingsOf } from "../../../shared/domain/hyperparameter.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import { isTried } from "../../../shared/domain/search/no-repeats.ts";
import type { Choice } from "../../../shared/domain/search/search.ts";
import { trialSeed } from "../../../shared/domain/seeds.ts";
import type { LendingSaid } from "../../../shared/wire/lending.ts";
import type { Answer, Assignment, Claim, Refusal, Takes, Wait } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { checkpointLimit } from "../rules/checkpoint-limit.ts";
import { whyHeldBack } from "../rules/first-failures.ts";
import { stopExhausted, stopIfReached } from "../rules/job-end.ts";
import { enoughText, hasEnough } from "../rules/open-runs.ts";
import { isOwn, takeOwn, whyNoChoice } from "../rules/own-search.ts";
import { makeRoom } from "../rules/refine-ranges.ts";
import { requeueLeased } from "../rules/requeue.ts";
import { checkpointSeconds, whyTooLarge } from "./checkpoints.ts";

/**
 * Claims. A claim has an id, and names the result that its slot has on its way. It is answered once that result is judged, so
 * each choice uses it. A repeated claim gets the same answer, even from the next leader, because the id is in the journal (512
 * per worker).
 *
 * Slots that were sent away are remembered. `wake` calls all of them in one message; `wakeFor` calls four for each waiting
 * trial, again at every tick until it is taken. One waiting slot of a worker asks for all its slots. A claim with a new bootId
 * retires the older process: its leases are lost at once, uncharged, and it is told that its name is in use.
 */

/** Answers a claim: a lost trial, or else what the search chooses, once it is journalled. Undefined: the worker asks again. */
export async function answerClaim(reign: Reign, worker: WorkerId, claim: Claim): Promise<Answer | undefined> {
  const skewMs = skewOf(claim.sentAt, reign.ports.clock.wall());
  const pools = reign.state.workers.get(worker)?.pools ?? [];
  const targets = served(claim.targets, pools);
  const answer =
    pools.length > 0 && targets.length === 0
      ? (admit(reign, worker, claim, skewMs) ??
        said(reign, worker, refuse(reign, outsidePools(worker, claim.targets, pools))))
      : await decide(reign, worker, pools.length > 0 ? { ...claim, targets } : claim, skewMs);
  if (answer?.kind === "wait" || answer?.kind === "refused") reign.waiting.sentAway(worker);
  return answer;
}

/** The pools that a worker serves, without those that its invitation (`pools`; empty: all) does not give it. */
export const served = (targets: readonly string[], pools: readonly string[]): readonly string[] =>
  targets.length === 0 ? pools : targets.filter((target) => pools.includes(target));

const outsidePools = (worker: WorkerId, targets: readonly string[], pools: readonly string[]): string =>
  `${worker} serves ${targets.join(", ")}, but was invited for ${pools.join(", ")}; start it again: nexus-worker --target ${pools.join(",")}`;

async function decide(
  reign: Reign,
  worker: WorkerId,
  claim: Claim,
  skewMs: number | null,
): Promise<Answer | undefined> {
  // Done before an older process loses its trials: a result that it left may just have been delivered.
  if (!(await reign.evidence.hasJudged(claim.lastResultSeq))) return undefined;
  if (claim.after && !(await endJudged(reign, worker, claim.after))) return undefined;
  const refusal = admit(reign, worker, claim, skewMs);
  if (refusal) return refusal;
  const known = reign.presence.get(worker);
  if (known) known.refusal = null;
  const answered = reign.state.workers.get(worker)?.claims.get(claim.claimId);
  if (answered) return answerAgain(reign, worker, claim, answered);
  const ordered = offDuty(reign, worker);
  if (ordered) return ordered;

  const holder = { worker, claimId: claim.claimId, bootId: claim.bootId };
  const jobs = openJobs(reign.state);
  const taken = inUse(jobs, worker);
  /** Why jobs that fit give nothing now: held back, a checkpoint that is too large, or no choice yet. */
  const thinking: string[] = [];
  /** Jobs whose further runs are kept for others. */
  const kept: JobName[] = [];
  const fitting = jobs.filter((table) => obstacle(table, worker, claim, taken) === null);
  for (const table of reign.shares.inTurn(fitting, jobs)) {
    const heldBack = whyHeldBack(reign, table, worker);
    if (heldBack !== undefined) {
      thinking.push(heldBack);
      continue;
    }
    if (hasEnough(reign, table, worker, taken)) {
      kept.push(table.job);
      continue;
    }
    const trial = table.nextWaiting();
    const tooLarge = trial && whyTooLarge(trial, worker, claim);
    if (tooLarge) thinking.push(tooLarge);
    else if (trial)
      return assignNext(reign, table, trial, holder, `attempt ${trial.attempts.length + 1}: ${trial.reason}`);
    // A deadline may have passed since the clock last looked.
    stopIfReached(reign, table);
    if (!table.hasRoom) continue;
    const n = table.trials.length + 1;
    const once = whyOnce(table);
    const choice = chooseNext(reign, table, { worker, n, once });
    if (choice === undefined) thinking.push(whyNoChoice(reign, table));
    if (!choice) continue;
    const { configuration } = choice;
    const why = once === null ? choice.why : `${choice.why}; none runs twice: ${once}`;
    const run = table.parentRuns.nextRunName(worker, reign.state.nextRun);
    const seed = trialSeed(table.submitted.seed, n);
    return assign(reign, table, { n, attempt: 1, ...holder, run, configuration, seed, why });
  }
  if (kept.length > 0) thinking.unshift(enoughText(reign, worker, kept));
  return thinking.length > 0
    ? said(reign, worker, wait(reign, thinking.join("; ")))
    : wait(reign, whyNothing(reign.state, worker, claim));
}

/** Keeps for the status why the worker gets nothing, which the journal does not say. */
function said<Told extends Wait | Refusal>(reign: Reign, worker: WorkerId, told: Told): Told {
  const known = reign.presence.get(worker);
  if (known) known.refusal = told.reason;
  return told;
}

/**
 * What the search tries next; null if nothing is left, which ends the search; undefined if it has no choice yet.
 *
 * @param once  why no configuration runs twice; null if they may
 */
function chooseNext(
  reign: Reign,
  table: RunTable,
  { worker, n, once }: { readonly worker: WorkerId; readonly n: number; readonly once: string | null },
): Choice | null | undefined {
  for (;;) {
    const choice = isOwn(table) ? takeOwn(reign, table, worker, n) : reign.choices.next(table, n);
    if (choice === undefined) return undefined;
    if (choice && (once === null || !isTried(table.runSets.of(choice.configuration)))) return choice;
    // Between the marks of a range there are more settings.
    if (isOwn(table) || once === null || !makeRoom(reign, table)) break;
  }
  stopExhausted(reign, table, once);
  return null;
}

/**
 * Time after which a worker that found nothing asks again; usually it is woken sooner. It may wait a quarter longer; it is still
 * heard within the usual lease. Asking every 15 s made up half the cost of 1,000 idle workers (2026-11-28).
 */
const idleRetryMs = 22_000;
/** Characters of a reason; an answer may have 1,024, and a longer one cannot be read (shared/wire/asks.ts). */
const mostReason = 1000;
const wait = ({ term }: Reign, reason: string, retryMs = idleRetryMs): Wait => ({
  kind: "wait",
  term,
  reason: reason.slice(0, mostReason),
  retryMs,
});

const refuse = ({ term }: Reign, reason: string, leave = false): Refusal => ({
  kind: "refused",
  term,
  reason: reason.slice(0, mostReason),
  leave,
});

/** Waits for the end that the worker says is in flight. @returns whether it has been judged */
async function endJudged(reign: Reign, worker: WorkerId, after: NonNullable<Claim["after"]>): Promise<boolean> {
  const isAwaited = (): boolean => {
    const trial = reign.state.jobs.get(after.job)?.trial(after.n);
    const holder = trial && holderOf(trial);
    return holder?.worker === worker && holder.attempt === after.attempt;
  };
  if (isAwaited()) await reign.evidence.trialLeft(after.job, after.n);
  return !isAwaited();
}

/** A worker that claims is lending. */
const open: LendingSaid = { lending: "open", lendingWhy: "", lendingUntil: "", lendingMs: 0 };

/** Refuses workers that are barred, and retires a worker's older process, whose trials are lost at once. */
export function admit(
  reign: Reign,
  worker: WorkerId,
  claim: Takes & Pick<Claim, "bootId" | "machine">,
  skewMs: number | null,
): Refusal | Wait | undefined {
  const record = reign.state.workers.get(worker);
  if (record?.state === "revoked") return refuse(reign, `${worker} was revoked: ${record.reason}`);
  const known = reign.presence.get(worker);
  const heardAt = reign.ports.clock.monotonic();
  if (record?.state === "benched") {
    // It gets no run, but it is present.
    if (known?.bootId === claim.bootId) Object.assign(known, { heardAt, skewMs });
    return refuse(reign, `${worker} is benched: ${record.reason}\n  once it is mended, type: nexus admit ${worker}`);
  }
  const retired = record?.retiredBoots.has(claim.bootId) || known?.retired.has(claim.bootId);
  if (retired) return refuse(reign, twoProcesses(worker));
  if (known?.bootId === claim.bootId) {
    // A process says the same about itself in every message, but for its slots, which its owner may change.
    const { slots, unfit, machine = known.machine } = claim;
    Object.assign(known, { heardAt, skewMs, slots, unfit, lending: open, machine });
    return undefined;
  }
  if (!reign.quotas.starts.take(worker, heardAt))
    return said(reign, worker, wait(reign, startsTooOften(reign, worker)));
  const { bootId, slots, targets, opportunistic, noCode, version, gpus = 0, graceMs, fetches, unfit } = claim;
  loseOlder(reign, worker, bootId);
  const before = known?.retired ?? new Set<string>();
  if (known) retire(before, known.bootId);
  const takes = { bootId, slots, targets, opportunistic, noCode, version, gpus, graceMs, fetches, unfit };
  reign.presence.set(worker, {
    ...takes,
    retired: before,
    heardAt,
    skewMs,
    lending: open,
    refusal: null,
    machine: claim.machine ?? null,
  });
  return undefined;
}

/** The sender's wall clock minus ours; null if the sender does not say. Measured on arrival, before any waiting. */
export const skewOf = (sentAt: number | null | undefined, receivedAt: number): number | null =>
  sentAt !== null && sentAt !== undefined && Number.isFinite(sentAt) ? Math.round(sentAt - receivedAt) : null;

/** Answer for a worker that an operator paused, drained or stopped; undefined for all others. */
function offDuty(reign: Reign, worker: WorkerId): Wait | Refusal | undefined {
  const record = reign.state.workers.get(worker);
  if (!record || record.duty === "working") return undefined;
  const reason = `${worker} was ${record.dutyReason}; to let it take runs again: nexus resume ${worker}`;
  switch (record.duty) {
    case "paused":
      return wait(reign, reason);
    case "draining":
      return refuse(reign, reason, true);
    case "stopped":
      return refuse(reign, reason);
    default: {
      const never: never = record.duty;
      throw new RangeError(`unknown duty ${String(never)}`);
    }
  }
}

export const twoProcesses = (worker: WorkerId): string =>
  `another process works as ${worker} since this one started; a worker's name may be used once at a time\n` +
  `  stop one of them, or start this one with a name of its own: nexus-worker --name ${worker}-b`;

const startsTooOften = ({ quotas }: Reign, worker: WorkerId): string => {
  const { atOnce, perSecond } = quotas.limits.starts;
  return `${worker} has started ${atOnce} times within a short while; it may start ${Math.round(60 * perSecond)} times a minute`;
};

/** Restarts are uncharged, as owners usually cause them. But if a trial's last two workers restarted, it may crash them. */
const isSuspect = (trial: Trial): boolean => trial.attempts.at(-2)?.cause === "restarted";

function loseOlder(reign: Reign, worker: WorkerId, bootId: string): void {
  // Without runs it has no leases, and looking for them among ten thousand workers takes time.
  if (!openJobs(reign.state).some(({ holding }) => holding.has(worker))) return;
  for (const lease of reign.leases.heldBy(worker)) {
    if (lease.bootId === bootId) continue;
    const reason = `${worker} started anew`;
    requeueLeased(reign, lease, (trial) => ({ cause: "restarted", charged: isSuspect(trial), reason }));
  }
}

/** The same claim gets the same answer, unless its trial has moved on meanwhile. */
async function answerAgain(
  reign: Reign,
  worker: WorkerId,
  claim: Claim,
  answered: { job: JobName; n: number; attempt: number },
): Promise<Answer | undefined> {
  const table = reign.state.jobs.get(answered.job);
  const trial = table?.trial(answered.n);
  const holder = trial && holderOf(trial);
  const isStill = holder?.worker === worker && holder.bootId === claim.bootId && holder.claimId === claim.claimId;
  if (!table || !trial || !isStill) {
    return wait(reign, "that question was answered before, and its trial has moved on", 0);
  }
  // Done before anything is awaited: meanwhile the trial may move on, and another worker's attempt must not be renewed.
  reign.grant(table, trial.n);
  return storedThen(reign, reign.ports.flushed(), assignment(reign, table, trial));
}

async function assign(
  reign: Reign,
  table: RunTable,
  what: Omit<Assigned, "type" | "job" | "at">,
): Promise<Answer | undefined> {
  reign.shares.served(table, what.worker);
  const stored = reign.record({ type: "assigned", job: table.job, ...what });
  const trial = table.trial(what.n);
  if (!trial) throw new RangeError(`${table.job} has no trial ${what.n}`);
  return storedThen(reign, stored, assignment(reign, table, trial));
}

/** A trial that waits gets a new holder, under the next attempt number. */
const assignNext = (
  reign: Reign,
  table: RunTable,
  { n, run, configuration, seed, attempts }: Trial,
  holder: Pick<Assigned, "worker" | "claimId" | "bootId">,
  why: string,
): Promise<Answer | undefined> =>
  assign(reign, table, { n, attempt: attempts.length + 1, ...holder, run, configuration, seed, why });

/** The old holder of a lost trial is back in time and continues under a new attempt number, which is returned once stored. */
export async function assignAgain(reign: Reign, table: RunTable, trial: Trial): Promise<number> {
  const { attempt, worker, bootId, claimId } = lastAttempt(trial);
  await assignNext(reign, table, trial, { worker, claimId, bootId }, `${worker} is back before anyone else took it`);
  return attempt + 1;
}

/** Answers once the records that the answer rests on are stored: one of them may still be refused. */
async function storedThen(reign: Reign, stored: Promise<unknown>, answer: Assignment): Promise<Answer | undefined> {
  await stored;
  return reign.ports.leads() ? answer : undefined;
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
    resume: trial.checkpoint,
    checkpointSeconds: checkpointSeconds(reign, table),
    checkpointLimit: checkpointLimit(reign, table, lastAttempt(trial).worker),
    limits: limitsOf(table),
    ...(reign.onlyResults ? { holdReports: true } : {}),
  };
}

/** Limits that edits have changed; null: as in the spec's text. */
export function limitsOf({ edits, submitted: { settings } }: RunTable): Assignment["limits"] {
  const { maxRunSeconds, graceSeconds } = settings;
  return edits.length === 0 ? null : { maxRunSeconds, graceSeconds };
}
