import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { newUserPair, signAs } from "../../../shared/broker/nkey.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { type Enrolment, enrolmentText } from "../../../shared/wire/messages.ts";

let count = 0;

/** What a machine that holds the code sends. */
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
