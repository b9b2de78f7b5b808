import { workerUserProblem } from "../../../shared/broker/access/accounts.ts";
import { isWorkerId, type WorkerId } from "../../../shared/domain/names.ts";
import type { Enrolment, OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Reign } from "../reign/reign.ts";
import { accepted, refused } from "./order-answers.ts";

/**
 * A machine that knows the join code asks to become a worker. If another key has the name it asks for, the name gets a number.
 * The answer waits until the broker knows the new user.
 *
 * @param publish  writes the broker's list of users and has it reloaded
 */
export async function enrolWorker(
  reign: Reign,
  enrolment: Enrolment,
  publish: () => Promise<void>,
): Promise<OrderAnswer | undefined> {
  const { op, publicKey, host } = enrolment;
  const problem = workerUserProblem({ id: enrolment.worker, publicKey });
  if (problem !== undefined) return refused(reign, problem);
  const before = reign.state.orders.get(op);
  if (before !== undefined) {
    await reign.ports.flushed();
    await publish();
    return accepted(reign, before);
  }
  const owner = [...reign.state.workers.values()].find((each) => each.publicKey === publicKey);
  if (owner && owner.id !== enrolment.worker) {
    return refused(reign, `that key belongs to ${owner.id} already`);
  }
  if (owner?.state === "revoked") {
    return refused(reign, `${owner.id} was revoked: ${owner.reason}`);
  }
  const worker = freeName(reign, enrolment.worker, publicKey);
  await reign.record({ type: "worker-enrolled", worker, publicKey, host, op });
  await publish();
  reign.ports.log.info({ worker, host }, "worker enrolled");
  return reign.ports.leads() ? accepted(reign, worker) : undefined;
}

function freeName(reign: Reign, wished: WorkerId, publicKey: string): WorkerId {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? wished : `${wished.slice(0, 43)}-${i}`;
    if (!isWorkerId(name)) throw new RangeError(`no worker id: ${name}`);
    const taken = reign.state.workers.get(name);
    if (!taken || taken.publicKey === "" || taken.publicKey === publicKey) return name;
  }
}
