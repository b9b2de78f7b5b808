import assert from "node:assert/strict";
import { InviteCare } from "../../../coordinator/leader/invite-care.ts";
import { enrolWorker } from "../../../coordinator/leader/orders/enrolment.ts";
import { inviteKey, newInviteCode } from "../../../shared/broker/access/invite-code.ts";
import { newUserPair, signAs } from "../../../shared/broker/nkey.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { type Enrolment, enrolmentText, type OrderAnswer } from "../../../shared/wire/messages.ts";
import { Story } from "./control-story.ts";

let count = 0;

/** The enrolment that a machine with the code sends. */
export function signedEnrolment(
  code: string,
  worker: string,
  { pair = newUserPair(), op }: { readonly pair?: ReturnType<typeof newUserPair>; readonly op?: string } = {},
): Enrolment {
  const { id, seed } = inviteKey(code);
  count += 1;
  const { publicKey } = pair;
  const asked = { op: op ?? `enrol-${count}`, worker: worker as WorkerId, publicKey, host: "pc", invite: id };
  const text = enrolmentText(asked);
  return { ...asked, inviteProof: signAs(seed, text), ownProof: signAs(pair.seed, text) };
}

export const hourMs = 3_600_000;

/** A workspace with one invitation, and machines that ask to join with it. */
export class Door {
  readonly story = new Story({ totalRuns: 20 });
  readonly code: string;
  readonly invite: string;
  readonly care: InviteCare;

  private constructor(code: string) {
    this.code = code;
    this.invite = inviteKey(code).id;
    this.care = new InviteCare(this.story.test.reign, undefined, () => undefined);
  }

  static async open(more: { readonly uses?: number | null; readonly targets?: readonly string[] } = {}): Promise<Door> {
    const door = new Door(newInviteCode(hourMs));
    assert.equal((await door.ask({ kind: "invite", ...more })).ok, true);
    return door;
  }

  ask(order: { readonly kind: "invite"; readonly [field: string]: unknown }): Promise<OrderAnswer> {
    const { publicKey } = inviteKey(this.code);
    return this.story.order({ publicKey, expiresAt: hourMs, uses: null, targets: [], ...order });
  }

  enrol(enrolment: Enrolment, subject = this.invite): Promise<OrderAnswer | undefined> {
    return enrolWorker(this.story.test.reign, subject, enrolment);
  }

  get workers(): string[] {
    return [...this.story.test.reign.state.workers.values()]
      .filter(({ publicKey }) => publicKey !== "")
      .map(({ id }) => id);
  }

  get ended(): string {
    return this.story.test.reign.state.invites.get(this.invite)?.ended ?? "no such invitation";
  }
}

export const refusal = (answer: OrderAnswer | undefined): string => {
  assert.equal(answer?.ok, false);
  return answer.reason;
};
