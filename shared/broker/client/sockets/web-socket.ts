/** WebSockets, by the package `ws`, which only this file imports. */

import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Address } from "../../address.ts";
import { addressText } from "../../address.ts";
import { openTunnel } from "./proxy.ts";
import { secure, type Trust } from "./secure.ts";

/** The part in use of `ws`, which brings no types. */
interface WebSocketPackage {
  readonly WebSocket: new (url: string, options: object) => WebSocketOfPackage;
  createWebSocketStream(socket: WebSocketOfPackage, options: object): Duplex;
}
interface WebSocketOfPackage {
  once(event: "error", listener: (error: Error) => void): this;
  once(event: "open" | "close", listener: () => void): this;
}

const openWithinMs = 10_000;

/** Opens a WebSocket over TLS, through a proxy if the environment names one, and gives it as a stream of bytes. */
export async function openWebSocket(
  { hostname, port }: { hostname: string; port: number },
  trust: Trust,
): Promise<Duplex> {
  const place: Address = { host: hostname, port };
  const secured =
    (await secure(await openTunnel(place), hostname, trust)) ??
    (await secure(await openTunnel(place), hostname, trust));
  if (!secured) throw new Error("a pinned server was not recognised the second time");
  secured.setNoDelay(true);
  // Loaded only when needed: most connections do without.
  // @ts-expect-error It brings no types.
  const { WebSocket, createWebSocketStream } = (await import("ws")) as WebSocketPackage;
  const socket = new WebSocket(`ws://${addressText(place)}/`, {
    createConnection: () => secured,
    perMessageDeflate: false,
    handshakeTimeout: openWithinMs,
    headers: { Host: addressText(place) },
  });
  const stream = createWebSocketStream(socket, { readableObjectMode: false });
  // The stream passes on the error of its WebSocket, and so rejects the race below.
  socket.once("error", () => undefined);
  await Promise.race([new Promise<void>((resolve) => socket.once("open", resolve)), failureOf(stream)]);
  stream.removeAllListeners("error");
  // The package's stream only ends when the other side goes, and the client waits for its close.
  socket.once("close", () => stream.destroy());
  // The transport asks whether its socket is encrypted.
  return Object.assign(stream, { encrypted: true });
}

async function failureOf(stream: Duplex): Promise<never> {
  const [error] = (await once(stream, "close").catch((cause: Error) => [cause])) as [Error?];
  throw error ?? new Error("the server took no WebSocket");
}
