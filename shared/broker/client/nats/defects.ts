/** Defects of the client (nats 2.29.3), corrected from outside. */

import type { Socket } from "node:net";
import type { Consumer, ConsumerMessages, NatsConnection } from "nats";

/**
 * When the broker ends a socket just as the client closes it, the client's last write fails after the client has removed its
 * listeners. Nobody hears the error, so it ends the process (seen). Nothing depends on that write.
 */
export function hearLastErrors(connection: NatsConnection): void {
  const { socket } = (connection as unknown as { protocol: { transport: { socket?: Socket } } }).protocol.transport;
  if (!socket) return;
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (event) => removeAllListeners(event).on("error", () => undefined);
}

/** A reader asks for more every few seconds. A consumer without a reader is gone after this time. */
const unreadMs = 30_000;

/**
 * The client lets unused ordered consumers live for five minutes, and no option changes that. So consumers of ended
 * commands, and of tries that a slow server answered too late, used up the room for consumers, and readers were refused
 * for a minute (seen).
 */
export function expireSoon(consumer: Consumer): void {
  const made = consumer as unknown as { getConsumerOpts(seq: number): object };
  const usual = made.getConsumerOpts.bind(made);
  made.getConsumerOpts = (seq) => ({ ...usual(seq), inactive_threshold: unreadMs * 1e6 });
}

/**
 * If the client renews a consumer just as it is closed, the consumer and its request would live for ever (seen: commands on a
 * busy machine printed their answer and did not end). After this call no consumer is requested, and one already requested ends at
 * once.
 */
export function endRenewal(consumer: Consumer, messages: ConsumerMessages): void {
  const renewing = consumer as unknown as { api: object };
  renewing.api = Object.assign(Object.create(renewing.api), { add: () => new Promise(() => undefined) });
  const following = messages as unknown as { setSource(source: ConsumerMessages): void };
  following.setSource = (source) => source.stop();
}
