import type { WorkerId } from "../../../shared/domain/names.ts";
import { UsageError } from "../../../shared/errors.ts";
import { consentOf } from "../../operator/consent.ts";
import { newOrderId } from "../../operator/give-order.ts";
import { type JsonOption, ordering, type Session } from "../../operator/session.ts";
import { effectOf } from "../../words/order-effects.ts";
import { heldByWorker } from "../../words/silence.ts";
import { giveAll, type NamedOrder } from "../control/control.ts";
import { checkWords, namedWorkers } from "../control/control-targets.ts";

export interface ThrowOutOptions extends JsonOption {
  readonly yes?: boolean | undefined;
  readonly reason?: string | undefined;
}

const mostReason = 500;

/** `nexus workers revoke lab-pc`, `nexus workers forget lab-*`. */
export async function throwOut(
  session: Session,
  kind: "revoke" | "forget",
  words: readonly string[],
  { reason = "", ...options }: ThrowOutOptions,
): Promise<void> {
  const { flags } = session.scope;
  checkWords(words, (each, state) => namedWorkers(each, state, flags));
  if (reason.length > mostReason)
    throw new UsageError(`--reason has ${reason.length} characters; expected at most ${mostReason}`);
  await ordering(session, async (reader) => {
    const { state } = reader;
    const workers = namedWorkers(words, state, flags);
    const held = heldByWorker(state);
    const effects = workers.map((worker) => effectOf(kind, { kind: "worker", worker, held: held.get(worker) ?? 0 }));
    if (!(await consentOf(options.yes, session)(effects.join("\n")))) return;
    const orders = workers.map((worker): NamedOrder => ({ name: worker, order: orderFor(kind, worker, reason) }));
    await giveAll(reader, orders, options);
  });
}

const orderFor = (kind: "revoke" | "forget", worker: WorkerId, reason: string): NamedOrder["order"] =>
  kind === "revoke" ? { kind, op: newOrderId(), worker, reason } : { kind, op: newOrderId(), worker };
