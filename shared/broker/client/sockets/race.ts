import { connect, type Socket } from "node:net";
import type { Address } from "../../address.ts";

/** How long an address may stay silent before the next is tried beside it. An address that refuses is followed at once. */
const patienceMs = 150;
/** The client gives up an attempt by then. */
const limitMs = 3000;

export interface Answered {
  readonly socket: Socket;
  readonly address: Address;
}

/**
 * A connection to the first address where somebody speaks, as every NATS server does. They are tried in order, each a moment
 * after the one before, because an address that leads nowhere says nothing for minutes. The others are let go.
 *
 * @throws the first address's error if none answers
 */
export function firstToAnswer(addresses: readonly Address[], waitMs = patienceMs): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const tried = new Set<Socket>();
    const failures: unknown[] = [];
    let timer: NodeJS.Timeout | undefined;
    let begun = 0;
    const end = setTimeout(() => {
      settle();
      reject(failures.find((each) => each !== undefined) ?? new Error("nobody answers in time"));
    }, limitMs);
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(end);
      for (const socket of tried) socket.destroy();
    };
    const next = (): void => {
      clearTimeout(timer);
      const index = begun;
      const address = addresses[index];
      if (!address) return;
      begun += 1;
      timer = setTimeout(next, waitMs);
      const socket = connect({ host: address.host, port: address.port });
      tried.add(socket);
      const failed = (error: Error): void => {
        if (!tried.delete(socket)) return;
        failures[index] = error;
        if (begun < addresses.length) next();
        else if (tried.size === 0) {
          settle();
          reject(failures[0] ?? error);
        }
      };
      socket.on("error", failed);
      socket.on("close", () => failed(new Error("the connection was closed")));
      socket.once("readable", () => {
        const greeting: Buffer | null = socket.read() as Buffer | null;
        if (greeting === null) return; // it was closed
        tried.delete(socket);
        settle();
        // Whoever gets the socket reads it from its beginning.
        socket.removeAllListeners();
        socket.unshift(greeting);
        resolve({ socket: socket.setNoDelay(true), address });
      });
    };
    next();
  });
}
