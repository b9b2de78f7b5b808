import { operatorName } from "../../shared/broker/access/credentials.ts";
import type { Bus } from "../../shared/ports.ts";
import { decodeOrderAnswer, encodeOrder, type Order, type OrderAnswer } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";

/** A standby coordinator needs up to 6 s to take over; whoever waits longer sends the same order again. */
const tryMs = 3000;

/**
 * Sends an order once over a connection that is there already, for a screen that shows the answer itself. Sent again with the
 * same `op` it changes nothing more.
 *
 * @returns `ok: false` with the coordinator's reason when it was refused
 * @throws BusError when nobody answers in time
 */
export async function sendOrder(bus: Bus, order: Order): Promise<OrderAnswer> {
  return decodeOrderAnswer(await bus.request(operator(operatorName()), encodeOrder(order), tryMs));
}
