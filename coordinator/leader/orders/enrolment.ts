import { workerUserProblem } from "../../../shared/broker/access/accounts.ts";
import { isSignedBy } from "../../../shared/broker/nkey.ts";
import { ownDecision } from "../../../shared/domain/fold/events.ts";
import type { InviteRecord } from "../../../shared/domain/fold/invites.ts";
import { isWorkerId, type WorkerId } from "../../../shared/domain/names.ts";
import { type Enrolment, enrolmentText, type OrderAnswer } from "../../../shared/wire/messages.ts";
import { readOfOne } from "../reign/enrolments.ts";
import type { Reign } from "../reign/reign.ts";
import { whyOver } from "./invite-orders.ts";
import { accepted, refused } from "./order-answers.ts";

/** Workers that a workspace may have; each is a user that the broker reads at every change of the list. */
export const mostWorkers = 10_000;
/** The last places. An invitation for any number of machines gets none of them once it has brought `mostBefore`. */
export const keptPlaces = 1000;
export const mostBefore = 1000;

/**
 * Whether an enrolment may be read now. One that may not is told to retry, or gets no answer; neither costs anything more. If the
 * holders of an invitation ask far too much, it is withdrawn, and the broker closes their connections.
 *
 * @param invite  as the subject names it
 */
export function howToTake(reign: Reign, invite: string): "read" | "later" | "no answer" {
  const { enrolments, ports, state } = reign;
  const found = state.invites.get(invite);
  const isOpen = found?.ended === "";
  const now = ports.clock.monotonic();
  if (enrolments.mayRead(isOpen ? invite : "", now)) return "read";
  if (!isOpen) return "no answer";
  if (enrolments.mayWait(invite, now)) return "later";
  const reason = `its holders asked to enrol far more than ${readOfOne.perSecond} times a second`;
  ports.log.warn({ invite }, `invitation withdrawn: ${reason}`);
  void reign.record({ type: "invite-ended", invite, reason, cutOff: true, ...ownDecision });
  return "no answer";
}

/** The answer names no request, since none was read. */
export const tooMany = (reign: Reign): OrderAnswer => ({
  ...refused(reign, "many machines ask to enrol by this invitation; asking again until it is this one's turn"),
  code: "later",
});

/**
 * A machine that holds an invitation's code asks to become a worker. Both the invitation's key and the worker's own have signed
 * the message, so nobody can pass on a copy, or enrol somebody else's key. If another key has the name it asks for, the
 * name gets a number. The answer waits until the broker knows the new user.
 *
 * @param invite  the invitation that the subject names; the broker lets only its holders use that
 */
export async function enrolWorker(
  reign: Reign,
  invite: string,
  enrolment: Enrolment,
): Promise<OrderAnswer | undefined> {
  const { op, publicKey, host } = enrolment;
  const found = reign.state.invites.get(invite);
  if (!found || enrolment.invite !== invite)
    return refused(reign, `there is no invitation ${printed(invite)}\n${askAnew}`);
  if (!isProven(found, enrolment)) return refused(reign, `the enrolment is not signed with the code's key\n${askAnew}`);
  const problem = workerUserProblem({ id: enrolment.worker, publicKey });
  if (problem !== undefined) return refused(reign, problem);
  const owner = [...reign.state.workers.values()].find((each) => each.publicKey === publicKey);
  // The answer was lost, or its leader died.
  if (owner && reign.state.orders.get(op) === owner.id) return known(reign, owner.id);
  const obstacle = whyNot(reign, found, enrolment.worker) ?? ownersObstacle(reign, owner?.id, enrolment.worker);
  if (obstacle !== undefined) return refused(reign, obstacle);
  if (owner) return known(reign, owner.id);
  const now = reign.ports.clock.monotonic();
  const wait = reign.enrolments.wait(invite, now);
  if (wait) {
    const reason = `${wait.behind} machines enrolled within a minute, as many as may; asking again in ${Math.ceil(wait.ms / 1000)} s`;
    return { ...refused(reign, reason), code: "later" };
  }
  const worker = freeName(reign, enrolment.worker);
  const { targets } = found;
  const limits = targets.length === 0 ? {} : { targets };
  reign.enrolments.done(invite, now);
  await reign.record({ type: "worker-enrolled", worker, publicKey, host, op, invite, ...limits });
  reign.ports.log.info({ worker, host, invite }, "worker enrolled");
  return known(reign, worker);
}

const askAnew = "  ask for a new line: nexus invite, on the coordinator's machine";

const printed = (invite: string): string => (/^[a-z0-9]{1,16}$/.test(invite) ? invite : "of that id");

function isProven(invite: InviteRecord, enrolment: Enrolment): boolean {
  const text = enrolmentText(enrolment);
  return (
    isSignedBy(invite.publicKey, text, enrolment.inviteProof) &&
    isSignedBy(enrolment.publicKey, text, enrolment.ownProof)
  );
}

/** Answers once the broker knows the worker. */
async function known(reign: Reign, worker: WorkerId): Promise<OrderAnswer | undefined> {
  await reign.ports.flushed();
  await reign.ports.publishUsers();
  return reign.ports.leads() ? accepted(reign, worker) : undefined;
}

function whyNot(reign: Reign, invite: InviteRecord, wished: WorkerId): string | undefined {
  const over = invite.ended || whyOver(invite, reign.ports.clock.wall());
  if (over !== "") return `invitation ${invite.id} is over: ${over}\n${askAnew}`;
  const named = reign.state.workers.get(wished);
  if (named?.state === "revoked") {
    return (
      `${wished} was revoked: ${named.reason}\n  to let this machine join again: nexus workers forget ${wished}, on the coordinator's machine;` +
      ` if it is another machine, give it another name: nexus-worker --name ${wished}-b`
    );
  }
  const { size } = reign.state.workers;
  if (size >= mostWorkers) return `this workspace has ${mostWorkers} workers, as many as it may\n${makeRoom}`;
  const brought = size < mostWorkers - keptPlaces || invite.uses !== null ? 0 : broughtBy(reign, invite);
  if (brought >= mostBefore) {
    return (
      `this workspace has ${size} workers, ${brought} of them by invitation ${invite.id}, and keeps its last places for others'\n` +
      `${makeRoom}; for an invitation that gets them: nexus invite --uses N`
    );
  }
  return undefined;
}

const makeRoom = "  to make room: nexus workers forget NAME, on the coordinator's machine";

/** How many of the workspace's workers enrolled with it. */
const broughtBy = ({ state }: Reign, { id }: InviteRecord): number =>
  [...state.workers.values()].filter(({ invite }) => invite === id).length;

const ownersObstacle = (reign: Reign, owner: WorkerId | undefined, wished: WorkerId): string | undefined => {
  if (owner === undefined) return undefined;
  const record = reign.state.workers.get(owner);
  if (record?.state === "revoked") return `${owner} was revoked: ${record.reason}`;
  return owner === wished ? undefined : `that key belongs to ${owner} already`;
};

function freeName(reign: Reign, wished: WorkerId): WorkerId {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? wished : `${wished.slice(0, 42)}-${i}`;
    if (!isWorkerId(name)) throw new RangeError(`no worker id: ${name}`);
    const taken = reign.state.workers.get(name);
    // A worker without a key came from a broker that others ran.
    if (!taken || (taken.publicKey === "" && taken.state !== "revoked")) return name;
  }
}
