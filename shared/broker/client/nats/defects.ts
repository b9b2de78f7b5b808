/** What the client does wrong (nats 2.29.3), put right from outside. */

import type { Socket } from "node:net";
import type { Consumer, ConsumerMessages, NatsConnection } from "nats";

/**
 * A socket that the broker has ended at the moment of its closing fails to take the client's last write, and tells that when the
 * client has taken its ears off: nobody hears the error, and the process ends with it (seen with 2.29.3). Nothing depends on that
 * write.
 */
export function hearLastErrors(connection: NatsConnection): void {
  const { socket } = (connection as unknown as { protocol: { transport: { socket?: Socket } } }).protocol.transport;
  if (!socket) return;
  const removeAllListeners = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (event) => removeAllListeners(event).on("error", () => undefined);
}

/**
 * A consumer that the client makes anew at the moment of its closing would go on for ever, and so would the asking for one
 * (seen with 2.29.3: commands on a busy machine printed their answer and did not end). None is asked for any more, and one that
 * has been asked for ends as it comes.
 */
export function endRenewal(consumer: Consumer, messages: ConsumerMessages): void {
  const renewing = consumer as unknown as { api: object };
  renewing.api = Object.assign(Object.create(renewing.api), { add: () => new Promise(() => undefined) });
  const following = messages as unknown as { setSource(source: ConsumerMessages): void };
  following.setSource = (source) => source.stop();
}
