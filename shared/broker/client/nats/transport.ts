/**
 * The client's way to a server: TCP, TLS or a WebSocket. The client's own transport knows no pins and no WebSockets, so this one
 * opens the connections, and leaves the rest to it.
 */

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ConnectionOptions, ErrorCode, type NatsConnection, NatsError } from "nats";
import { NatsConnectionImpl, setTransportFactory } from "nats/lib/nats-base-client/internal_mod.js";
import { NodeTransport, nodeResolveHost } from "nats/lib/src/node_transport.js";
import type { Scheme } from "../../server-url.ts";
import { DistrustError, secure, type Trust } from "../sockets/secure.ts";
import { openWebSocket } from "../sockets/web-socket.ts";

/** How one connection reaches its servers. */
export interface Way {
  readonly scheme: Scheme;
  readonly trust: Trust;
  /** Called each time a server is not believed. */
  readonly onDistrust: (error: DistrustError) => void;
  readonly onConnected: (isEncrypted: boolean) => void;
}

interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly tlsName: string;
}

/** The client hands its options to the transport as they are. */
type OptionsWithWay = ConnectionOptions & { readonly way: Way };

class WayTransport extends NodeTransport {
  #way: Way | undefined;
  #place: Place | undefined;

  override async connect(place: Place, options: ConnectionOptions): Promise<void> {
    const { way } = options as OptionsWithWay;
    this.#way = way;
    this.#place = place;
    try {
      // `{}` demands TLS.
      await super.connect(place, way.scheme === "tls" ? { ...options, tls: {} } : options);
      way.onConnected((this.socket as Partial<TLSSocket>).encrypted === true);
    } catch (error) {
      const distrust = isPlainServer(error)
        ? new DistrustError("plain text", "it speaks plain text; nothing was sent to it")
        : error;
      if (distrust instanceof DistrustError) way.onDistrust(distrust);
      throw distrust;
    }
  }

  override async dial(place: Pick<Place, "hostname" | "port">): Promise<Socket> {
    const way = this.#way;
    if (way?.scheme !== "wss") return super.dial(place);
    // The client uses no more of a socket than any stream has.
    return (await openWebSocket(place, way.trust)) as Socket;
  }

  override async startTLS(): Promise<TLSSocket> {
    // nats-server says in a WebSocket too that it demands TLS, which lies around the WebSocket.
    if (this.#way?.scheme === "wss") return this.socket as TLSSocket;
    const { hostname = "", port = 0, tlsName = "" } = this.#place ?? {};
    const trust = this.#way?.trust ?? { pin: undefined, authority: undefined };
    const name = tlsName || hostname;
    const secured = await secure(this.socket, name, trust);
    if (secured) return secured.setNoDelay(true);
    // The server's greeting comes again.
    this.yields = [];
    this.socket = await super.dial({ hostname, port });
    await this.peekInfo();
    const again = await secure(this.socket, name, trust);
    if (!again) throw new Error("a pinned server was not recognised the second time");
    return again.setNoDelay(true);
  }
}

/** What the client says of a server that offers no TLS. */
const isPlainServer = (error: unknown): boolean =>
  error instanceof NatsError && error.code === ErrorCode.ServerOptionNotAvailable && error.message === "tls";

export function connectBy(way: Way, options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new WayTransport(), dnsResolveFn: nodeResolveHost });
  const all: OptionsWithWay = {
    ...options,
    way,
    // A proxy may know names that this machine does not. Servers of a cluster name themselves without a scheme.
    ...(way.scheme === "wss" ? { resolve: false, ignoreClusterUpdates: true } : {}),
  };
  return NatsConnectionImpl.connect(all);
}
