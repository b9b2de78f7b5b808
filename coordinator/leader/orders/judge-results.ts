import { counted } from "../../../shared/domain/counted.ts";
import type { ResultsVerdict } from "../../../shared/domain/fold/events.ts";
import { hasResult } from "../../../shared/domain/fold/rejection.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isOpen, resultBy, type Trial } from "../../../shared/domain/fold/trial.ts";
import { isSentAway } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { accepted, isAnswer, type Operator, refused, tableOr, unchanged } from "./order-answers.ts";

/** Trial numbers in one record. */
const mostTogether = 100_000;
/** Runs that an answer explains one by one. */
const mostNamed = 5;

/**
 * reject, accept. A rejected result stays in the journal and counts as ended, but in no estimate: the search chooses as if it had
 * never come, so its configuration may be tried again. A job that is over stays over.
 */
export async function recordJudgement(
  reign: Reign,
  who: Operator,
  { kind, job, trials: numbers, worker, reason }: Extract<Order, { kind: "reject" | "accept" }>,
): Promise<OrderAnswer> {
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (worker !== null && !reign.state.workers.has(worker)) {
    return {
      ...refused(reign, `there is no worker ${worker}; to see what there is: nexus list workers`),
      code: "not found",
    };
  }
  const verdict = kind === "reject" ? "rejected" : "accepted";
  const named = worker === null ? [...new Set(numbers)] : resultsOf(table, worker);
  const concerned = named.filter((n) => isConcerned(table.trials.glance(n), verdict));
  const others = worker === null ? explained(table, named, verdict) : { missing: [], already: [] };
  if (concerned.length === 0) {
    if (others.missing.length > 0) return refused(reign, others.missing.join("\n"));
    return unchanged(
      reign,
      job,
      worker === null ? alreadyText(others.already, verdict) : noneText(table, worker, verdict),
    );
  }
  const pruned = verdict === "rejected" ? prunedSince(table, concerned) : [];
  for (let from = 0; from < concerned.length; from += mostTogether) {
    const trials = concerned.slice(from, from + mostTogether);
    const record = { type: "results-judged", job, trials, verdict, reason, ...who } as const;
    void reign.record(worker === null ? record : { ...record, worker });
  }
  await reign.ports.flushed();
  const whose = worker === null ? "" : ` from ${worker}`;
  const parts = [`${counted(concerned.length, "result")}${whose} ${verdict}, ${standing(table)}`];
  if (others.already.length > 0) parts.push(alreadyText(others.already, verdict));
  if (verdict === "rejected" && worker !== null) parts.push(stillToCome(reign, worker));
  if (pruned.length > 0) parts.push(prunedText(table, pruned));
  return accepted(reign, job, [...parts, ...others.missing].join("; "));
}

/** Runs that the coordinator has pruned since the first of these results came: they may have been measured by it. */
export function prunedSince(table: Pick<RunTable, "trials" | "outcomes">, trials: readonly number[]): string[] {
  let since = Number.POSITIVE_INFINITY;
  for (const n of trials) since = Math.min(since, table.trials.glance(n)?.endedAt ?? 0);
  const runs: string[] = [];
  for (let n = 1; n <= table.trials.length && table.outcomes.pruned > runs.length; n += 1) {
    const trial = table.trials.glance(n);
    if (trial?.status === "pruned" && trial.prunedBy === "rule" && trial.endedAt >= since) runs.push(trial.run);
  }
  return runs;
}

function prunedText({ job, submitted }: RunTable, runs: readonly string[]): string {
  const more = runs.length - mostNamed;
  const names = runs.slice(0, mostNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
  const stay = `${names}, pruned since the first of them came, ${runs.length === 1 ? "stays" : "stay"} pruned`;
  const { totalRuns } = submitted.settings;
  return `${stay}; for as many runs more: nexus edit ${job} --total-runs ${totalRuns + runs.length}`;
}

const isConcerned = (trial: Trial | undefined, verdict: ResultsVerdict): boolean =>
  trial !== undefined && hasResult(trial) && (trial.status === "rejected") === (verdict === "accepted");

/** The trials whose results this worker sent. */
function resultsOf(table: RunTable, worker: WorkerId): number[] {
  const found: number[] = [];
  for (let n = 1; n <= table.trials.length; n += 1) {
    const trial = table.trials.glance(n);
    if (trial && hasResult(trial) && resultBy(trial) === worker) found.push(n);
  }
  return found;
}

/** Why an order changes nothing about some of the runs that it names. */
function explained(
  table: RunTable,
  numbers: readonly number[],
  verdict: ResultsVerdict,
): { readonly missing: string[]; readonly already: string[] } {
  const missing: string[] = [];
  let more = 0;
  const already: string[] = [];
  for (const n of numbers) {
    const trial = table.trials.glance(n);
    if (trial && hasResult(trial)) {
      if (!isConcerned(trial, verdict)) already.push(trial.run);
    } else if (missing.length < mostNamed) missing.push(whyNone(table, n, trial));
    else more += 1;
  }
  if (more > 0) missing.push(`and ${more} more without a result`);
  return { missing, already };
}

function whyNone({ job }: RunTable, n: number, trial: Trial | undefined): string {
  if (!trial) return `${job} has no trial ${n}`;
  if (!isOpen(trial)) return `${trial.run} ended without a result: ${trial.status}`;
  return `${trial.run} has no result yet: it is ${trial.status}; to end it: nexus cancel ${trial.run}`;
}

/** `run1.1, run1.2 were rejected already` */
function alreadyText(runs: readonly string[], verdict: ResultsVerdict): string {
  const more = runs.length - mostNamed;
  const names = runs.slice(0, mostNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
  if (verdict === "accepted") return `${names} ${runs.length === 1 ? "is" : "are"} not rejected`;
  return `${names} ${runs.length === 1 ? "was" : "were"} rejected already`;
}

const noneText = ({ job }: RunTable, worker: WorkerId, verdict: ResultsVerdict): string =>
  verdict === "rejected"
    ? `${worker} has no result in ${job} that counts`
    : `no result of ${worker} in ${job} is rejected`;

/** How many results count now, and that the job does nothing by itself. */
function standing({ job, completions, rejected, isOver, state }: RunTable): string {
  const counts = `${counted(completions.length, "result of", "results of")} ${job} ${completions.length === 1 ? "counts" : "count"}`;
  if (rejected.size === 0) return counts;
  const again = isOver ? "" : state === "stopping" ? `; to let the search go on: nexus resume ${job}` : "";
  return `${counts}, ${rejected.size} rejected; their places in total_runs stay taken${again}`;
}

/** What becomes of later results: an order is only about those that have come. */
function stillToCome(reign: Reign, worker: WorkerId): string {
  const record = reign.state.workers.get(worker);
  if (record?.state === "revoked") return `${worker} is revoked`;
  if (record && isSentAway(record)) return `${worker} is benched: it gets no more runs`;
  if (record?.state === "benched")
    return `results of runs that ${worker} began before it was benched will count; to end that: nexus workers revoke ${worker}`;
  return `results that ${worker} has yet to send will count; to give it no more runs: nexus bench ${worker}`;
}
