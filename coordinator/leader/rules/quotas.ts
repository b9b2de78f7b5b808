import { ownDecision } from "../../../shared/domain/fold/events.ts";
import { isWorkerId, type WorkerId } from "../../../shared/domain/names.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import type { StoredMessage } from "../../../shared/ports.ts";
import type { Reign } from "../reign/reign.ts";

/**
 * Quotas: what one worker may ask and store (reign/quotas.ts), so that the others' questions are answered and their
 * results have room. A question beyond its quota is dropped before anything of it is read. What is stored cannot be
 * refused any more, so a worker that stores too much is cut off, as is one that goes on asking far too much. It is
 * benched with the reason, which stands in the journal and in `nexus list workers`, and the broker closes its
 * connection; `nexus admit` lets it in again.
 */

/** Whether a question may be read and answered now. If so, `reign.quotas.answered` must follow. */
export function mayAsk(reign: Reign, worker: WorkerId, bytes: number): boolean {
  const { quotas, ports } = reign;
  const now = ports.clock.monotonic();
  const earned = (): number => earning(reign, worker);
  const earnedBytes = (): number => earning(reign, worker) * quotas.limits.earnedBytes;
  if (!quotas.asks.take(worker, now, 1, earned) || !quotas.askedBytes.take(worker, now, bytes, earnedBytes)) {
    if (!quotas.unanswered.take(worker, now)) {
      cutOff(reign, worker, "it asked far more than its runs and slots can");
    }
    return false;
  }
  return quotas.mayWait(worker);
}

/** Counts a stored message against its sender's quotas, by the time at which the broker stored it. */
export function countEvidence(reign: Reign, { subject, data, storedAt }: StoredMessage): void {
  const worker = subject.slice(3, subject.indexOf(".", 3));
  if (!isWorkerId(worker)) return;
  const { quotas, ports } = reign;
  const at = storedAt ?? ports.clock.monotonic();
  if (!quotas.messages.take(worker, at, 1, () => earning(reign, worker))) {
    cutOff(reign, worker, "it stored far more messages than its runs can");
  } else if (!quotas.bytes.take(worker, at, subject.length + data.length)) {
    const { atOnce, perSecond } = quotas.limits.bytes;
    cutOff(reign, worker, `it stored more than ${sizeText(atOnce)}, where ${sizeText(perSecond)} a second are allowed`);
  } else if (reign.onlyResults && !isEnd(subject) && !quotas.besideResults.take(worker, at, data.length)) {
    cutOff(reign, worker, "it goes on storing other messages in the room that is kept for results", "fills");
  }
}

/** Whether the message ends an attempt. */
const isEnd = (subject: string): boolean => /\.(result|failed|released)$/.test(subject);

/** What a worker earns a second by the runs that it holds. */
const earning = (reign: Reign, worker: WorkerId): number => heldBy(reign, worker) * reign.quotas.limits.earnedBySecond;

export function heldBy({ state }: Reign, worker: WorkerId): number {
  let held = 0;
  for (const { holding } of state.jobs.values()) held += holding.get(worker) ?? 0;
  return held;
}

/**
 * Benches a worker and has the broker close its connection. The invitation that it came by ends too, or it could come back under
 * another name.
 *
 * @param what  `fills`: it only sends or stores much, so it may be an honest worker with large states: its invitation
 *   ends only with the second such worker
 */
export function cutOff(reign: Reign, worker: WorkerId, reason: string, what: "floods" | "fills" = "floods"): void {
  const { state, ports } = reign;
  const record = state.workers.get(worker);
  if (record?.isCutOff || record?.state === "revoked") return;
  const invite = state.invites.get(record?.invite ?? "");
  const isFirst = ![...state.workers.values()].some((each) => each.isCutOff && each.invite === invite?.id);
  const ends = invite?.ended === "" && !(what === "fills" && isFirst) ? invite.id : undefined;
  ports.log.warn({ worker, invite: ends }, `cut off: ${reason}`);
  if (ends !== undefined) {
    const why = `${worker}, which had joined with it, was cut off: ${reason}`;
    void reign.record({ type: "invite-ended", invite: ends, reason: why, ...ownDecision });
  }
  const whole = ends === undefined ? reason : `${reason}; the invitation that it came by, ${ends}, is withdrawn`;
  void reign.record({ type: "worker-state", worker, state: "benched", reason: whole, cutOff: true, ...ownDecision });
}

/** Makes the broker let in just the workers that may connect now, and calls `then` once it does. */
export function publishUsers({ ports }: Reign, then: () => void = () => undefined): void {
  ports.publishUsers().then(then, (error: unknown) => {
    ports.log.error(`the broker's list of workers could not be written: ${String(error)}`);
  });
}
