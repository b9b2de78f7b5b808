import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Address } from "../address.ts";

/**
 * Opens a port on which the broker listened before, and forwards all bytes, so that workers that joined there find it.
 *
 * @returns what closes the port and its connections
 * @throws Error with code EADDRINUSE if another program has the port, as `net` does
 */
export async function openFormerPort({ host, port }: Address, target: Address): Promise<() => void> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (client) => {
    const pair = [client, connect(target)] as const;
    const end = (): void => {
      for (const socket of pair) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of pair) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end).on("close", end);
    }
    client.pipe(pair[1]).pipe(client);
  });
  server.listen({ host, port, exclusive: true });
  await once(server, "listening"); // rejects with the server's error
  server.on("error", () => undefined); // a connection that could not be accepted; the others go on
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}
