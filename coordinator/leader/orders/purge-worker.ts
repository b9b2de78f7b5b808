import type { OpenPurge } from "../../../shared/domain/fold/purges.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { begin, type Deletion, purgeAnswer } from "./carry-out-purge.ts";
import { notFound, type Operator, refused } from "./order-answers.ts";
import { evidenceToPurge, piecesToPurge } from "./what-to-purge.ts";

/**
 * `nexus purge worker NAME`: deletes what a worker that was sent away has stored, to make room. The record of the
 * beginning is stored before anything is deleted: wherever a store is checked, it explains the gaps in EV. EV's last
 * message stays, so that a purge never looks like a lost end. A leader that dies meanwhile leaves the rest to the next.
 */
export async function purge(
  reign: Reign,
  who: Operator,
  { worker, all }: Extract<Order, { kind: "purge" }>,
): Promise<OrderAnswer> {
  const record = reign.state.workers.get(worker);
  if (!record) return notFound(reign, `worker ${worker}`, "workers");
  if (record.state === "admitted")
    return refused(
      reign,
      `${worker} works here, and would go on storing: bench it first (nexus bench ${worker}), or throw it out (nexus workers revoke ${worker})`,
    );
  const { purger } = reign.ports;
  if (!purger) return refused(reign, "this coordinator cannot delete what one worker has stored");
  const before = await reign.ports.lastEvidence();
  // Another purge of this worker may have begun while the broker was asked.
  if (reign.purges.of(nameOf(worker))) return workerPurgeAnswer(reign, worker, "it was under way already: ");
  const begun = { worker, before: Math.max(before, 1), all };
  const stored = reign.record({ type: "worker-purged", ...begun, messages: null, ...who });
  // At once: the clock must not begin it a second time.
  const outcome = begin(reign, purger, workerPurge({ ...begun, by: who.by }), stored);
  outcome.catch(() => undefined); // purgeAnswer says it
  await stored;
  return workerPurgeAnswer(reign, worker);
}

const nameOf = (worker: WorkerId): string => `worker ${worker}`;

export const workerPurgeAnswer = (reign: Reign, worker: WorkerId, said = ""): Promise<OrderAnswer> => {
  const isOpen = reign.state.purges.open.some((each) => each.worker === worker);
  return purgeAnswer(reign, { name: nameOf(worker), about: worker, isOpen }, said);
};

export const workerPurge = ({ worker, before, all, by }: OpenPurge): Deletion => ({
  name: nameOf(worker),
  over: (messages) => ({ type: "worker-purged", worker, before, all, messages, by, op: "" }),
  async carryOut(reign, purger, mustLead) {
    let messages = 0;
    let pieces = 0;
    const found = await purger.evidence(`ev.${worker}.>`);
    for (const pattern of evidenceToPurge(reign.state, worker, all, found)) {
      mustLead();
      messages += await purger.purgeEvidence(pattern, before);
    }
    for (const pattern of piecesToPurge(reign.state, worker, all, await purger.pieces(`ck.${worker}.>`))) {
      mustLead();
      pieces += await purger.purgePieces(pattern);
    }
    return { messages, pieces };
  },
});
