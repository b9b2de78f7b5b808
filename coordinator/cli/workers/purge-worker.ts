import type { WorkerId } from "../../../shared/domain/names.ts";
import { consentOf } from "../../operator/consent.ts";
import { newOrderId } from "../../operator/give-order.ts";
import { type JsonOption, ordering, type Session } from "../../operator/session.ts";
import { giveAll, type NamedOrder } from "../control/control.ts";
import { checkWords, namedWorkers } from "../control/control-targets.ts";

export interface PurgeOptions extends JsonOption {
  readonly yes?: boolean | undefined;
  readonly all?: boolean | undefined;
}

/** `nexus purge worker mal`: deletes what a benched or revoked worker has stored. */
export async function purgeWorker(
  session: Session,
  words: readonly string[],
  { all = false, yes, ...options }: PurgeOptions,
): Promise<void> {
  const { flags } = session.scope;
  checkWords(words, (each, state) => namedWorkers(each, state, flags));
  await ordering(session, async (reader) => {
    const workers = namedWorkers(words, reader.state, flags);
    const effects = workers.map((worker) => effectOf(worker, all));
    if (!(await consentOf(yes, session)(effects.join("\n")))) return;
    const orders = workers.map(
      (worker): NamedOrder => ({ name: worker, order: { kind: "purge", op: newOrderId(), worker, all } }),
    );
    await giveAll(reader, orders, options);
  });
}

const effectOf = (worker: WorkerId, all: boolean): string =>
  all
    ? `deletes all that worker ${worker} has stored: its results still count, but the curves, consoles and files of its runs are gone`
    : `deletes what worker ${worker} has stored, except for the curves and files of runs whose results count (these too: --all)`;
