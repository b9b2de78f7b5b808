import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Listen } from "./listen.ts";

/**
 * A port on which the broker listened before, and which now leads to where it listens: whoever joined there finds it, without
 * being told. Bytes pass as they come.
 */
export class FormerPort {
  readonly port: number;
  readonly #close: () => void;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  /** @throws Error with code EADDRINUSE where another program has the port, as `net` does */
  static async open({ host, port }: Listen, target: Listen): Promise<FormerPort> {
    const pairs = new Set<Socket>();
    const server = createServer({ allowHalfOpen: false }, (client) => {
      const upstream = connect(target);
      const end = (): void => {
        for (const socket of [client, upstream]) {
          pairs.delete(socket);
          socket.destroy();
        }
      };
      for (const socket of [client, upstream]) {
        pairs.add(socket);
        socket.setNoDelay(true);
        socket.on("error", end).on("close", end);
      }
      client.pipe(upstream).pipe(client);
    });
    server.listen({ host, port, exclusive: true });
    await once(server, "listening"); // rejects with the server's error
    server.on("error", () => undefined); // of one connection that could not be accepted; the others go on
    return new FormerPort(port, () => {
      server.close();
      for (const socket of pairs) socket.destroy();
    });
  }

  close(): void {
    this.#close();
  }
}
