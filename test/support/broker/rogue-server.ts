import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { atEnd } from "../cleanup.ts";

/** A server in the place of a workspace's. It answers as nats-server does and records everything that it is sent. */
export interface RogueServer {
  readonly port: number;
  /** Number of connections so far. */
  readonly visits: number;
  /** Everything it was sent, without TLS handshakes. */
  heard(): string;
  end(): Promise<void>;
}

/**
 * @param shown  its certificate chain and key as PEM; undefined: plain text
 * @param port   the port to listen on; 0: any free one
 */
export async function rogueServer(
  shown?: { readonly chain: string; readonly key: string },
  port = 0,
): Promise<RogueServer> {
  const info = { server_id: "R", server_name: "rogue", version: "2.10.27", proto: 1, headers: true };
  const greeting = `INFO ${JSON.stringify({
    ...info,
    max_payload: 1_048_576,
    auth_required: true,
    nonce: "bm9uY2U",
    ...(shown ? { tls_required: true } : {}),
  })}\r\n`;
  const sockets = new Set<Socket>();
  let visits = 0;
  let heard = "";
  const hear = (bytes: Buffer): void => {
    heard += bytes.toString("latin1");
  };
  const server = createServer((socket) => {
    visits += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.write(greeting);
    if (!shown) {
      socket.on("data", hear);
      return;
    }
    const secureContext = createSecureContext({ cert: shown.chain, key: shown.key });
    const secured = new TLSSocket(socket, { isServer: true, secureContext });
    secured.on("data", hear).on("error", () => undefined);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const end = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  atEnd(end);
  return {
    port: (server.address() as AddressInfo).port,
    get visits() {
      return visits;
    },
    heard: () => heard,
    end,
  };
}
