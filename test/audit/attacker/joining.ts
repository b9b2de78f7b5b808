import { nkeys } from "nats";
import { inviteUser } from "../../../shared/broker/access/accounts.ts";
import { inviteKey } from "../../../shared/broker/access/invite-code.ts";
import { enrolmentText } from "../../../shared/wire/messages.ts";
import { parseJoinLine } from "../../../worker/joining/join-line.ts";
import type { Ground } from "../ground/ground.ts";
import { Turns } from "./turns.ts";
import { enrolment } from "./words.ts";

/** The invitation, key, subject and inbox of a join line's holder. */
export function joinerBy(joinLine: string): {
  readonly invite: string;
  readonly seed: string;
  readonly subject: string;
  readonly inbox: string;
} {
  const { id, seed } = inviteKey(parseJoinLine(joinLine).code);
  return { invite: id, seed, subject: `enrol.${id}`, inbox: `_INBOX_${inviteUser(id)}` };
}

/** The subject that holders of the join line's code may ask on. */
export const enrolSubject = (ground: Ground): string => joinerBy(ground.joinLine).subject;

/** Signs where the enrolled key cannot. */
const ownSeed = nkeys.createUser().getSeed();

/** An enrolment signed with both keys, as far as such fields can be signed. */
export function signedWith(joinLine: string, fields: Readonly<Record<string, unknown>>, seed?: Uint8Array): Uint8Array {
  const { invite, seed: code } = joinerBy(joinLine);
  const { op = `op${Math.random()}`, worker = "raw", publicKey = "", host = "host" } = fields;
  // Any types will do: the text is JSON.
  const text = enrolmentText({ op, worker, publicKey, host, invite } as Parameters<typeof enrolmentText>[0]);
  const proof = (by: Uint8Array): Uint8Array => Buffer.from(nkeys.fromSeed(by).sign(text));
  return enrolment({
    op,
    worker,
    publicKey,
    host,
    invite,
    inviteProof: proof(Buffer.from(code)),
    ownProof: proof(seed ?? ownSeed),
    ...fields,
  });
}

/** An honest machine's enrolment, with its own key. */
export function honestEnrolment(joinLine: string, worker: string): Uint8Array {
  const pair = nkeys.createUser();
  return signedWith(joinLine, { worker, publicKey: pair.getPublicKey() }, pair.getSeed());
}

/** The leader reads five enrolments of an invitation a second; it answers faster ones unread, to try later. */
const turns = new Turns(220);

/** Resolves when the leader will read a joiner's next message. */
export const joinersTurn = (): Promise<void> => turns.next();
