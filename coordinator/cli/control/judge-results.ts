import { counted } from "../../../shared/domain/counted.ts";
import type { ResultsVerdict } from "../../../shared/domain/fold/events.ts";
import { hasResult } from "../../../shared/domain/fold/rejection.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { resultBy, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { NotFoundError, UsageError } from "../../../shared/errors.ts";
import { mostJudged, mostReason } from "../../../shared/wire/messages.ts";
import { consentOf } from "../../operator/consent.ts";
import { newOrderId } from "../../operator/give-order.ts";
import { type JsonOption, ordering, type Printing, type Session } from "../../operator/session.ts";
import { namedJob } from "../../runs/named-job.ts";
import { selectRuns } from "../../runs/run-list.ts";
import { giveAll, type NamedOrder } from "./control.ts";
import { checkWords, namedWorkers } from "./control-targets.ts";

export interface JudgeOptions extends JsonOption {
  readonly worker?: string | undefined;
  readonly job?: string | undefined;
  readonly reason?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** Results of one job that an order is about. */
interface Judged {
  readonly table: RunTable;
  /** Null: the runs in `trials`. */
  readonly worker: WorkerId | null;
  readonly trials: readonly number[];
  /** How many of them the order changes, as far as is known here. */
  readonly count: number;
}

/** `nexus reject run1.7`, `nexus reject --worker mal [--job job3]`, and `nexus accept` with the same words. */
export async function judgeResults(
  session: Session,
  kind: "reject" | "accept",
  words: readonly string[],
  options: JudgeOptions,
): Promise<void> {
  const { flags } = session.scope;
  const { name: workspace } = session.scope.paths;
  const { worker, job, reason = "" } = options;
  checkOptions(kind, words, options);
  if (worker === undefined) checkWords(words, (each, state) => selectRuns(each, state, workspace, flags));
  else checkWords([worker], (each, state) => namedWorkers(each, state, flags));
  const verdict = kind === "reject" ? "rejected" : "accepted";
  await ordering(session, async (reader) => {
    const { state } = reader;
    const judged =
      worker === undefined
        ? ofRuns(words, reader, verdict)
        : ofWorkers(
            namedWorkers([worker], state, flags),
            job === undefined ? undefined : namedJob(job, state, workspace, flags),
            state,
            verdict,
          );
    if (judged.length === 0) throw new NotFoundError(nothing(words, options, verdict));
    const count = judged.reduce((sum, each) => sum + each.count, 0);
    const consent = consentOf(options.yes, session);
    if (kind === "reject" && count > 1 && !(await consent(effectText(judged, count)))) return;
    const orders = judged.flatMap((each): NamedOrder[] =>
      inParts(each.trials).map((trials) => ({
        name: each.table.job,
        order: { kind, op: newOrderId(), job: each.table.job, trials, worker: each.worker, reason },
      })),
    );
    await giveAll(reader, orders, options);
  });
}

function checkOptions(kind: string, words: readonly string[], { worker, job, reason = "" }: JudgeOptions): void {
  const example = `for example: nexus ${kind} run1.7, or nexus ${kind} --worker lab-pc`;
  if (words.length === 0 && worker === undefined) throw new UsageError(`whose results? ${example}`);
  if (words.length > 0 && worker !== undefined)
    throw new UsageError(`runs and --worker do not go together; ${example}`);
  if (job !== undefined && worker === undefined) throw new UsageError(`--job goes with --worker; ${example}`);
  if (reason.length > mostReason)
    throw new UsageError(`--reason has ${reason.length} characters; expected at most ${mostReason}`);
}

function ofRuns(words: readonly string[], { state, workspace, flags }: Printing, verdict: ResultsVerdict): Judged[] {
  const byTable = new Map<RunTable, number[]>();
  // Imported runs belong to other searches: their number is 0.
  for (const { table, trial } of selectRuns(words, state, workspace, flags).rows) {
    if (!trial || trial.n === 0) continue;
    const there = byTable.get(table);
    if (there) there.push(trial.n);
    else byTable.set(table, [trial.n]);
  }
  return [...byTable].map(([table, trials]) => {
    const count = trials.filter((n) => isBefore(verdict, table.trials.glance(n))).length;
    return { table, worker: null, trials, count };
  });
}

/** Only the jobs in which there is something to change, but always a job that was named. */
function ofWorkers(
  workers: readonly WorkerId[],
  job: RunTable | undefined,
  state: WorkspaceState,
  verdict: ResultsVerdict,
): Judged[] {
  const tables = job === undefined ? [...state.jobs.values()] : [job];
  return workers.flatMap((worker) =>
    tables.flatMap((table): Judged[] => {
      const count = countOf(table, worker, verdict);
      return count === 0 && job === undefined ? [] : [{ table, worker, trials: [], count }];
    }),
  );
}

function countOf(table: RunTable, worker: WorkerId, verdict: ResultsVerdict): number {
  if (verdict === "rejected") return table.completedBy.get(worker) ?? 0;
  const trials = [...table.rejected].flatMap((n) => table.trials.glance(n) ?? []);
  return trials.filter((trial) => hasResult(trial) && resultBy(trial) === worker).length;
}

const isBefore = (verdict: ResultsVerdict, trial: Trial | undefined): boolean =>
  trial !== undefined && hasResult(trial) && (trial.status === "rejected") === (verdict === "accepted");

/** Splits trials into lists that each fit one order. The empty list, which goes with a worker, stays one list. */
function inParts(trials: readonly number[]): (readonly number[])[] {
  const parts = [trials.slice(0, mostJudged)];
  for (let from = mostJudged; from < trials.length; from += mostJudged)
    parts.push(trials.slice(from, from + mostJudged));
  return parts;
}

function effectText(judged: readonly Judged[], count: number): string {
  const each = judged.map(
    ({ table, worker, count: own }) => `${own}${worker === null ? "" : ` of ${worker}`} in ${table.job}`,
  );
  const shown = each.slice(0, 5).join(", ") + (each.length > 5 ? ", ..." : "");
  return `${counted(count, "result")} will count in no estimate (${shown}); nexus accept takes that back`;
}

function nothing(words: readonly string[], { worker }: JudgeOptions, verdict: ResultsVerdict): string {
  if (worker === undefined) return `${words.join(" ")}: these have no runs yet`;
  return verdict === "rejected" ? `${worker} has no result that counts` : `no result of ${worker} is rejected`;
}
