import { counted } from "../../../shared/domain/counted.ts";
import type { OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Purger } from "../reign/ports.ts";
import type { PurgeOutcome } from "../reign/purges-under-way.ts";
import type { Decision, Reign } from "../reign/reign.ts";
import { accepted } from "./order-answers.ts";

/** The command that asks repeats its question after three seconds. */
const answerWithinMs = 2500;
const retryMs = 10_000;

/** Something that is deleted from the store: what a worker stored (purge-worker.ts), or a job (delete-job.ts). */
export interface Deletion {
  /** "worker mal", "job1" */
  readonly name: string;
  /** The record that ends it, once that many messages of EV are gone. */
  over(messages: number): Decision;
  /** May be restarted, even by another leader. `mustLead` throws once somebody else leads; it is called before each step. */
  carryOut(reign: Reign, purger: Purger, mustLead: () => void): Promise<PurgeOutcome>;
}

/**
 * Begins a deletion behind those under way. The clock (`resumePurges`) begins it again until its end is in the journal.
 *
 * @param stored  resolves when this reign's record of the beginning is stored; left out: it began earlier
 */
export function begin(
  reign: Reign,
  purger: Purger,
  deletion: Deletion,
  stored?: Promise<unknown>,
): Promise<PurgeOutcome> {
  return reign.purges.start(deletion.name, async () => {
    await stored;
    try {
      return await carryOut(reign, purger, deletion, stored !== undefined);
    } catch (error) {
      await reign.ports.clock.pause(retryMs);
      throw error;
    }
  });
}

async function carryOut(reign: Reign, purger: Purger, deletion: Deletion, isFirst: boolean): Promise<PurgeOutcome> {
  const mustLead = (): void => {
    if (!reign.ports.leads()) throw new Error("another coordinator leads");
  };
  const accounted = reign.state.purges.messages;
  const { messages: deleted, pieces } = await deletion.carryOut(reign, purger, mustLead);
  // Nobody counted what an earlier try at it deleted.
  const messages = isFirst ? deleted : Math.max(deleted, (await purger.missing()) - accounted);
  mustLead();
  await reign.record(deletion.over(messages));
  reign.ports.log.info({ messages, pieces }, `what ${deletion.name} had stored was deleted`);
  return { messages, pieces };
}

/** Which deletion an answer is about. */
interface Asked extends Pick<Deletion, "name"> {
  /** The worker or the job. */
  readonly about: string;
  /** Whether the journal has its beginning and not its end. */
  readonly isOpen: boolean;
}

/** The answer to the order, or to its repetition. */
export async function purgeAnswer(reign: Reign, { name, about, isOpen }: Asked, said = ""): Promise<OrderAnswer> {
  const running = reign.purges.of(name);
  const goesOn = (why: string): string =>
    `${said}the coordinator goes on with it by itself (${why}); nexus view events ${about} says when it is over`;
  // An earlier leader, or this one, failed to finish it, and the clock has not restarted it yet.
  if (!running) return accepted(reign, about, isOpen ? goesOn("it begins anew") : "it was deleted");
  const late = reign.ports.clock.pause(answerWithinMs).then(() => undefined);
  try {
    const outcome = await Promise.race([running, late]);
    return accepted(reign, about, outcome ? said + outcomeText(outcome) : goesOn("it takes a while"));
  } catch (error) {
    return accepted(reign, about, goesOn(String(error)));
  }
}

const outcomeText = ({ messages, pieces }: PurgeOutcome): string =>
  `${counted(messages, "message")} and ${counted(pieces, "piece")} of states and files deleted`;
