import { counted } from "../../../shared/domain/counted.ts";
import type { InviteRecord } from "../../../shared/domain/fold/invites.ts";
import type { WorkerRecord } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { orderSentence } from "../../../shared/domain/order-sentence.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { endInvite } from "./invite-orders.ts";
import { accepted, isAnswer, notFound, type Operator, refused, unchanged } from "./order-answers.ts";

type OrderOf<Kind extends Order["kind"]> = Extract<Order, { kind: Kind }>;

/**
 * `nexus workers revoke NAME`: the worker's key opens nothing any more, and its runs go elsewhere, uncharged. The
 * invitation that it came by ends too, or it could come back under another name. The answer waits until the broker has
 * cut it off.
 */
export async function revoke(reign: Reign, who: Operator, order: OrderOf<"revoke">): Promise<OrderAnswer> {
  const record = recordOr(reign, order.worker);
  if (isAnswer(record)) return record;
  const { id } = record;
  if (record.state === "revoked") {
    await reign.ports.publishUsers();
    return unchanged(reign, id, `it was revoked already: ${record.reason}`);
  }
  const { reason: typed = "" } = order;
  const reason = typed.trim() === "" ? orderSentence("revoked", who.by) : typed.trim();
  const held = reign.leases.heldBy(id).length;
  void reign.record({ type: "worker-state", worker: id, state: "revoked", reason, ...who });
  const invite = reign.state.invites.get(record.invite);
  const ended = invite?.ended === "" ? invite : undefined;
  if (ended) endInvite(reign, ended, `${id}, which had joined with it, was revoked by ${who.by}`);
  await reign.ports.flushed();
  await reign.ports.publishUsers();
  const moved = held === 0 ? "" : `; ${counted(held, "run goes", "runs go")} to other workers`;
  // A broker that others run knows it by a user that is not ours to remove.
  const cut =
    record.publicKey === ""
      ? "it gets no runs any more; its user at the broker is its administrator's to remove"
      : "cut off, and its key opens nothing any more";
  return accepted(reign, id, `${cut}${moved}${ended ? inviteText(ended) : ""}`);
}

const inviteText = ({ id, line }: InviteRecord): string =>
  line === ""
    ? `; the invitation that it came by, ${id}, is withdrawn`
    : `; the line that ${line} showed is withdrawn, and a new one is shown`;

/** `nexus workers forget NAME`: a worker that will not come back leaves every list. Its results stay. */
export async function forget(reign: Reign, who: Operator, order: OrderOf<"forget">): Promise<OrderAnswer> {
  const record = recordOr(reign, order.worker);
  if (isAnswer(record)) return record;
  const { id, state } = record;
  const held = reign.leases.heldBy(id).length;
  if (held > 0) {
    return refused(
      reign,
      `${id} holds ${counted(held, "run")}\n  to take them from it for good: nexus workers revoke ${id}; then forget it`,
    );
  }
  const silentMs = reign.ports.clock.monotonic() - (reign.presence.get(id)?.heardAt ?? Number.NEGATIVE_INFINITY);
  if (state !== "revoked" && silentMs < reign.leaseMs) {
    return refused(
      reign,
      `${id} was heard of ${Math.round(silentMs / 1000)} s ago, so it is still there\n  end it, and ask again in ${Math.ceil(reign.leaseMs / 1000)} s; or throw it out: nexus workers revoke ${id}`,
    );
  }
  await reign.record({ type: "worker-forgotten", worker: id, ...who });
  await reign.ports.publishUsers();
  return accepted(reign, id, "forgotten: its name and its key are free again, and its results stay");
}

const recordOr = (reign: Reign, worker: WorkerId): WorkerRecord | OrderAnswer =>
  reign.state.workers.get(worker) ?? notFound(reign, `worker ${worker}`, "workers");
