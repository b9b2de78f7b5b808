import { counted } from "../../../shared/domain/counted.ts";
import type { OpenPurge } from "../../../shared/domain/fold/purges.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Purger } from "../reign/ports.ts";
import type { PurgeOutcome } from "../reign/purges-under-way.ts";
import type { Reign } from "../reign/reign.ts";
import { accepted, notFound, type Operator, refused } from "./order-answers.ts";
import { evidenceToPurge, piecesToPurge } from "./what-to-purge.ts";

/** The command that asks repeats its question after three seconds. */
const answerWithinMs = 2500;
const retryMs = 10_000;

/**
 * `nexus purge worker NAME`: what a worker that was sent away has stored is deleted, to make room. The record that this begins comes
 * before anything is gone: by it, the gaps in EV are known for what they are wherever a store is checked. EV's last message stays, so
 * that a purge never looks like a lost end. A leader that dies meanwhile leaves the rest to the next one.
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
  // Another one may have begun while the broker was asked.
  if (reign.purges.of(worker)) return purgeAnswer(reign, worker, "it was under way already: ");
  const begun = { worker, before: Math.max(before, 1), all };
  const stored = reign.record({ type: "worker-purged", ...begun, messages: null, ...who });
  // At once: the clock must not begin it a second time.
  const outcome = start(reign, purger, { ...begun, by: who.by }, stored);
  outcome.catch(() => undefined); // purgeAnswer says it
  await stored;
  return purgeAnswer(reign, worker);
}

/** The answer to the order, or to its repetition. */
export async function purgeAnswer(reign: Reign, worker: WorkerId, said = ""): Promise<OrderAnswer> {
  const running = reign.purges.of(worker);
  if (!running) return accepted(reign, worker, "it was deleted");
  const late = reign.ports.clock.pause(answerWithinMs).then(() => undefined);
  try {
    const outcome = await Promise.race([running, late]);
    return accepted(reign, worker, said + (outcome ? outcomeText(outcome) : goesOn(worker, "it takes a while")));
  } catch (error) {
    return accepted(reign, worker, said + goesOn(worker, String(error)));
  }
}

const outcomeText = ({ messages, pieces }: PurgeOutcome): string =>
  `${counted(messages, "message")} and ${counted(pieces, "piece")} of states and files deleted`;

const goesOn = (worker: WorkerId, why: string): string =>
  `the coordinator goes on with it by itself (${why}); nexus view events ${worker} says when it is over`;

/** Goes on with what an earlier leader began, and with what failed. Called by the clock. */
export function resumePurges(reign: Reign): void {
  const { open } = reign.state.purges;
  const { purger } = reign.ports;
  if (open.length === 0 || !purger) return;
  for (const each of open) {
    if (reign.purges.of(each.worker)) continue;
    start(reign, purger, each).catch((error: unknown) => {
      reign.ports.log.warn({ worker: each.worker }, `what it stored is not deleted yet: ${String(error)}`);
    });
  }
}

/** @param stored  resolves when this reign's own record that it begins is stored; left out: it began earlier */
function start(reign: Reign, purger: Purger, purge: OpenPurge, stored?: Promise<unknown>): Promise<PurgeOutcome> {
  return reign.purges.start(purge.worker, async () => {
    await stored;
    try {
      return await carryOut(reign, purger, purge, stored !== undefined);
    } catch (error) {
      await reign.ports.clock.pause(retryMs);
      throw error;
    }
  });
}

async function carryOut(
  reign: Reign,
  purger: Purger,
  { worker, before, all, by }: OpenPurge,
  isFirst: boolean,
): Promise<PurgeOutcome> {
  const accounted = reign.state.purges.messages;
  let deleted = 0;
  let pieces = 0;
  const found = await purger.evidence(`ev.${worker}.>`);
  for (const pattern of evidenceToPurge(reign.state, worker, all, found)) {
    mustLead(reign);
    deleted += await purger.purgeEvidence(pattern, before);
  }
  for (const pattern of piecesToPurge(reign.state, worker, all, await purger.pieces(`ck.${worker}.>`))) {
    mustLead(reign);
    pieces += await purger.purgePieces(pattern);
  }
  // What an earlier attempt at it deleted, nobody counted.
  const messages = isFirst ? deleted : Math.max(deleted, (await purger.missing()) - accounted);
  mustLead(reign);
  await reign.record({ type: "worker-purged", worker, before, all, messages, by, op: "" });
  reign.ports.log.info({ worker, messages, pieces, by }, "what a worker had stored was deleted");
  return { messages, pieces };
}

function mustLead({ ports }: Reign): void {
  if (!ports.leads()) throw new Error("another coordinator leads");
}
