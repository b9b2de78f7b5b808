import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { atEnd } from "../cleanup.ts";

/** An HTTP proxy that tunnels connections (CONNECT) for one user, like a company's proxy. */
export interface HttpProxy {
  /** The value for HTTPS_PROXY. */
  readonly url: string;
  /** Each `host:port` that it was asked for, in order. */
  readonly asked: readonly string[];
  /** Ends every tunnelled connection. */
  drop(): void;
}

const user = "ann:p%40ss";

/** @param hosts  from names that only the proxy knows to where they lead */
export async function httpProxy(hosts: Readonly<Record<string, string>> = {}): Promise<HttpProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, answer) => answer.writeHead(501).end());
  server.on("connect", (request, client: Socket, head: Buffer) => {
    asked.push(request.url ?? "");
    sockets.add(client);
    client.on("error", () => undefined);
    const expected = `Basic ${Buffer.from(decodeURIComponent(user)).toString("base64")}`;
    if (request.headers["proxy-authorization"] !== expected) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hosts[hostname] ?? hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      client.pipe(target).pipe(client);
    });
    sockets.add(target);
    target.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => target.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  atEnd(() => {
    drop();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${user}@127.0.0.1:${port}`, asked, drop };
}
