import type { Invited, InviteEnded } from "./events.ts";

/** An invitation: the right to enrol machines, held by those who have its code. */
export interface InviteRecord {
  readonly id: string;
  /** Public half of the key that is derived from the code. */
  readonly publicKey: string;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number;
  /** How many machines may enrol with it; null: any number. */
  readonly uses: number | null;
  /** Pools that its workers may serve; empty: all. */
  readonly targets: readonly string[];
  readonly by: string;
  /** The machine whose coordinator shows this invitation as its join line; "" if a person made it. */
  readonly line: string;
  readonly at: number;
  /** How many machines have enrolled with it. */
  used: number;
  /** Why it is over; "" while machines may enrol with it. */
  ended: string;
}

/** How many invitations that are over are remembered, so that lists and refusals can say why. */
const endedInvitesKept = 100;

export const openInvites = ({ invites }: { readonly invites: ReadonlyMap<string, InviteRecord> }): InviteRecord[] =>
  [...invites.values()].filter(({ ended }) => ended === "");

export function invited(invites: Map<string, InviteRecord>, event: Invited): void {
  const { invite: id, publicKey, expiresAt, uses, targets, by, at, line = "" } = event;
  invites.set(id, { id, publicKey, expiresAt, uses, targets, by, line, at, used: 0, ended: "" });
}

export function inviteEnded(invites: Map<string, InviteRecord>, { invite, reason }: InviteEnded): void {
  const record = invites.get(invite);
  if (!record) return;
  record.ended = reason;
  const over = [...invites.values()].filter(({ ended }) => ended !== "");
  for (const { id } of over.slice(0, Math.max(0, over.length - endedInvitesKept))) invites.delete(id);
}
