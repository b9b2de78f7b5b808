import type { OpenDeletion } from "../../../shared/domain/fold/purges.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { JobName } from "../../../shared/domain/names.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import { chunksOfJob, evidenceOfJob } from "../../../shared/wire/subjects.ts";
import type { Purger } from "../reign/ports.ts";
import type { Reign } from "../reign/reign.ts";
import { begin, type Deletion, purgeAnswer } from "./carry-out-purge.ts";
import { isAnswer, type Operator, refused, tableOr } from "./order-answers.ts";

/**
 * `nexus delete job1`: deletes a job that is over, with all that belongs to it. The record of the beginning takes the
 * job from every fold. It is stored before anything is deleted, so that the gaps in EV are known for what they are.
 * Then the broker deletes what the job's runs have stored, and the pieces of what it brought along that no other job
 * has. A leader that dies meanwhile leaves the rest to the next one.
 */
export async function deleteJob(
  reign: Reign,
  who: Operator,
  { job }: Extract<Order, { kind: "delete" }>,
): Promise<OrderAnswer> {
  const early = unfit(reign, job);
  if (early) return early;
  const { purger } = reign.ports;
  if (!purger) return refused(reign, "this coordinator cannot delete jobs");
  const before = await endOfEvidence(reign, purger);
  // Meanwhile it may have been deleted, or opened again.
  const late = unfit(reign, job);
  if (late) return late;
  const stored = reign.record({ type: "job-deleted", job, before, messages: null, ...who });
  const begun = reign.state.purges.deleting.find((each) => each.job === job);
  if (!begun) throw new RangeError(`the deletion of ${job} did not begin`);
  // At once: the clock must not begin it a second time.
  const outcome = begin(reign, purger, jobDeletion(begun), stored);
  outcome.catch(() => undefined); // purgeAnswer says it
  await stored;
  return jobDeletionAnswer(reign, job);
}

/** Why a job cannot be deleted; undefined if it can. */
function unfit(reign: Reign, job: JobName): OrderAnswer | undefined {
  const table = tableOr(reign, job);
  if (isAnswer(table)) return table;
  if (table.state === "held")
    return refused(reign, `${job} holds its nodes; to let them go, so that it can be deleted: nexus release ${job}`);
  return table.isOver ? undefined : refused(reign, notOver(table));
}

function notOver({ job, state, open }: RunTable): string {
  const runs = open === 0 ? "" : `, with ${open === 1 ? "a run" : `${open} runs`} open`;
  const ends =
    state === "stopping" || state === "cancelling"
      ? `it ends by itself; to end it now: nexus cancel ${job}`
      : `end it first: nexus stop ${job} (its runs finish), or nexus cancel ${job} (they end now)`;
  return `${job} is not over: it is ${state}${runs}; only a job that is over can be deleted; ${ends}`;
}

/** Gives EV a last message that is not the job's. A full store takes none; then the last one stays, whoever sent it. */
async function endOfEvidence(reign: Reign, purger: Purger): Promise<number> {
  try {
    return await purger.end();
  } catch (error) {
    reign.ports.log.warn(`EV keeps its last message, whatever is deleted: ${String(error)}`);
    return Math.max(1, await reign.ports.lastEvidence());
  }
}

export const jobDeletionAnswer = (reign: Reign, job: JobName): Promise<OrderAnswer> =>
  purgeAnswer(reign, { name: job, about: job, isOpen: reign.state.purges.deleting.some((each) => each.job === job) });

export const jobDeletion = ({ job, before, by, bundles }: OpenDeletion): Deletion => ({
  name: job,
  over: (messages) => ({ type: "job-deleted", job, before, messages, by, op: "" }),
  async carryOut(reign, purger, mustLead) {
    mustLead();
    const messages = await purger.purgeEvidence(evidenceOfJob(job), before);
    mustLead();
    const pieces = await purger.purgePieces(chunksOfJob(job));
    mustLead();
    return { messages, pieces: pieces + (await reign.bundles.forget(bundles)) };
  },
});
