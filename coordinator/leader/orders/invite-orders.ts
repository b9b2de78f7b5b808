import { inviteIdOf } from "../../../shared/broker/access/invite-code.ts";
import { isUserPublicKey } from "../../../shared/broker/nkey.ts";
import { counted } from "../../../shared/domain/counted.ts";
import { ownDecision } from "../../../shared/domain/fold/events.ts";
import { type InviteRecord, openInvites } from "../../../shared/domain/fold/invites.ts";
import type { Order, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { accepted, isAnswer, type Operator, refused, unchanged } from "./order-answers.ts";

type OrderOf<Kind extends Order["kind"]> = Extract<Order, { kind: Kind }>;

const mostOpen = 1000;
const mostUses = 10_000;
/** 366 days, and an hour for the rounding of a code's expiry and for clocks that differ. */
const longestMs = 366 * 86_400_000 + 3_600_000;

/** `nexus invite`: those who hold the code of this key may enrol machines. */
export async function invite(reign: Reign, who: Operator, order: OrderOf<"invite">): Promise<OrderAnswer> {
  const { publicKey, expiresAt, uses, targets, line = "" } = order;
  if (!isUserPublicKey(publicKey)) return refused(reign, "an invitation needs the public key of an nkey user");
  const id = inviteIdOf(publicKey);
  const before = reign.state.invites.get(id);
  if (before?.publicKey === publicKey) {
    return before.ended === "" ? unchanged(reign, id, "") : refused(reign, `invitation ${id} is over: ${before.ended}`);
  }
  const problem = before ? `another invitation is called ${id}; ask again` : problemOf(reign, order);
  if (problem !== undefined) return refused(reign, problem);
  const shown = line === "" ? {} : { line };
  await reign.record({ type: "invited", invite: id, publicKey, expiresAt, uses, targets, ...shown, ...who });
  await reign.ports.publishUsers();
  return accepted(reign, id);
}

function problemOf(reign: Reign, { publicKey, expiresAt, uses, targets }: OrderOf<"invite">): string | undefined {
  const now = reign.ports.clock.wall();
  if (expiresAt <= now || expiresAt > now + longestMs) {
    return (
      `the invitation would hold until ${new Date(expiresAt).toISOString()}, and by the coordinator's clock it is ${new Date(now).toISOString()}\n` +
      "  expected: from a minute to 366 days, as in --for 1h; if that was typed, one of the clocks is wrong"
    );
  }
  if (uses !== null && uses > mostUses) return `--uses ${uses}: expected at most ${mostUses}`;
  if (targets.some((target) => !/^[\w.-]{1,64}$/.test(target)))
    return "--target: expected names of letters, digits, dots and dashes, separated by commas";
  if (openInvites(reign.state).length >= mostOpen)
    return `${mostOpen} invitations are open, as many as may be\n  to withdraw one: nexus invite --withdraw ID; to see them: nexus list invites`;
  if ([...reign.state.workers.values()].some((worker) => worker.publicKey === publicKey))
    return "that key belongs to a worker";
  return undefined;
}

/** `nexus invite --withdraw ID`. */
export async function withdraw(reign: Reign, who: Operator, order: OrderOf<"withdraw">): Promise<OrderAnswer> {
  const found = inviteOr(reign, order.invite);
  if (isAnswer(found)) return found;
  const { id, ended, line, used } = found;
  if (ended !== "") return unchanged(reign, id, `it is over already: ${ended}`);
  await reign.record({ type: "invite-ended", invite: id, reason: `withdrawn by ${who.by}`, ...who });
  await reign.ports.publishUsers();
  const stay =
    used === 0
      ? "nobody joined with it"
      : `${counted(used, "worker that joined with it stays", "workers that joined with it stay")}`;
  const anew = line === "" ? "" : `; the coordinator on ${line} shows a new line from now on`;
  return accepted(reign, id, `withdrawn; ${stay}${anew}`);
}

/** `nexus rotate`: the lines that coordinators show end too; invitations that people made stay. */
export async function rotate(reign: Reign, who: Operator): Promise<OrderAnswer> {
  const { rotate: begin } = reign.ports;
  if (!begin) return refused(reign, "this coordinator does not make the workspace's passwords");
  for (const shown of openInvites(reign.state)) if (shown.line !== "") endInvite(reign, shown, `rotated by ${who.by}`);
  await reign.ports.publishUsers();
  await reign.ports.flushed();
  reign.ports.log.info({ by: who.by }, "new passwords and keys are made");
  begin();
  return accepted(reign, "rotate");
}

const inviteOr = (reign: Reign, id: string): InviteRecord | OrderAnswer =>
  reign.state.invites.get(id) ?? {
    ...refused(
      reign,
      `there is no invitation ${/^[a-z0-9]{1,16}$/.test(id) ? id : "of that id"}; to see what there is: nexus list invites`,
    ),
    code: "not found",
  };

/** Why nobody may enrol with an invitation any more, by its own terms; "" while somebody may. */
export function whyOver({ expiresAt, uses, used }: InviteRecord, now: number): string {
  if (now >= expiresAt) return `it expired at ${new Date(expiresAt).toISOString()}`;
  return uses !== null && used >= uses ? `it was for ${counted(uses, "machine")}, and is used up` : "";
}

/** Records that an invitation is over for another reason than an order about it. */
export const endInvite = (reign: Reign, { id }: InviteRecord, reason: string): void =>
  void reign.record({ type: "invite-ended", invite: id, reason, ...ownDecision });
