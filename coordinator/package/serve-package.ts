import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import type { Address } from "../../shared/broker/address.ts";
import { probeAnyPort } from "../../shared/broker/server/listen.ts";
import { programVersion } from "../../shared/components/version.ts";
import type { HandedOut } from "../endpoint/bootstrap.ts";
import { workerFiles } from "./contents.ts";
import { nodeScript, pythonScript } from "./scripts.ts";
import { tarball } from "./tarball.ts";

/** What may be asked for, and nothing else: exact paths, each with bytes that never change. */
export type Shelf = ReadonlyMap<string, Buffer>;

export interface Package {
  readonly shelf: Shelf;
  readonly node: string;
  readonly python: string;
}

/** The package of this version and the scripts that fetch it, made of the files that this coordinator itself runs on. */
export async function makePackage(root?: string): Promise<Package> {
  const packed = await tarball(workerFiles(root));
  const sha256 = createHash("sha256").update(packed).digest("hex");
  const node = nodeScript({ version: programVersion(), sha256, bytes: packed.length });
  const python = pythonScript(node);
  return {
    shelf: new Map([
      [`/${sha256}.tgz`, packed],
      ["/node", Buffer.from(node)],
      ["/python", Buffer.from(python)],
    ]),
    node: createHash("sha256").update(node).digest("base64url"),
    python: createHash("sha256").update(python).digest("hex"),
  };
}

/** Loads `node:http` where it is needed: its import takes 40 ms (Node 24), which every coordinator would pay. */
const late = createRequire(import.meta.url);

/** Connections at once. One more takes the place of the oldest one of the address that has the most. */
const mostConnections = 64;
const headerBytes = 4096;
const requestMs = 5000;
/** A connection is closed after this time; a client on a slow line asks again. */
const answerMs = 120_000;

/** Serves the shelf over HTTP: only GET and HEAD, no folders. Nothing that a request says is used but its path. */
export function shelfServer(shelf: Shelf, mostRequestMs = requestMs): Server {
  const { createServer } = late("node:http") as typeof import("node:http");
  const server = createServer({
    maxHeaderSize: headerBytes,
    headersTimeout: mostRequestMs,
    requestTimeout: mostRequestMs,
    keepAliveTimeout: 1000,
    connectionsCheckingInterval: mostRequestMs,
  });
  server.on("request", (request, response) => answer(shelf, request, response));
  const open = new Map<Socket, string>();
  server.on("connection", (socket) => {
    if (open.size >= mostConnections) oldestOfMost(open)?.destroy();
    open.set(socket, socket.remoteAddress ?? "");
    const limit = setTimeout(() => socket.destroy(), answerMs).unref();
    socket.once("close", () => {
      open.delete(socket);
      clearTimeout(limit);
    });
  });
  server.on("clientError", (_, socket) => socket.destroy());
  return server;
}

/** Which connection makes room for another: the oldest of the address that has the most, so that nobody keeps all others out. */
function oldestOfMost(open: Map<Socket, string>): Socket | undefined {
  const counts = new Map<string, number>();
  for (const address of open.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
  const most = Math.max(...counts.values());
  for (const [socket, address] of open) {
    if (counts.get(address) !== most) continue;
    open.delete(socket);
    return socket;
  }
  return undefined;
}

function answer(shelf: Shelf, request: IncomingMessage, response: ServerResponse): void {
  const { method, url = "" } = request;
  const bytes = method === "GET" || method === "HEAD" ? shelf.get(url) : undefined;
  response.sendDate = false;
  response.setHeader("Connection", "close");
  if (!bytes) {
    response.writeHead(method === "GET" || method === "HEAD" ? 404 : 405).end();
    return;
  }
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": bytes.length,
    "X-Content-Type-Options": "nosniff",
  });
  response.end(method === "HEAD" ? undefined : bytes);
}

export interface Handing {
  readonly handedOut: HandedOut;
  close(): void;
}

/**
 * Hands this version out beside the broker.
 *
 * @param beside  where the broker listens; the next port is taken, or any that is free
 * @param port    demanded by a person
 * @throws the system's error if it cannot listen there
 */
export async function handOut(beside: Address, port: number | undefined, made: Package): Promise<Handing> {
  const server = shelfServer(made.shelf);
  const listen = async (at: number): Promise<void> => {
    server.listen({ host: beside.host, port: at, exclusive: true });
    await once(server, "listening");
  };
  try {
    await listen(port ?? (beside.port < 65_535 ? beside.port + 1 : 0));
  } catch (error) {
    if (port !== undefined) throw error;
    const free = await probeAnyPort(beside.host);
    if (!free.free) throw error;
    await listen(free.port);
  }
  server.unref();
  // A connection could not be accepted; the others go on.
  server.on("error", () => undefined);
  const { port: taken } = server.address() as AddressInfo;
  return {
    handedOut: { port: taken, node: made.node, python: made.python },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
