/**
 * The client's way to a server: TCP, TLS or a WebSocket. The client's own transport knows no pins and no WebSockets, so this one
 * opens the connections, and leaves the rest to it.
 */

import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ConnectionOptions, ErrorCode, type NatsConnection, NatsError } from "nats";
import { NatsConnectionImpl, setTransportFactory } from "nats/lib/nats-base-client/internal_mod.js";
import { NodeTransport, nodeResolveHost } from "nats/lib/src/node_transport.js";
import { type Address, addressText, parseAddress } from "../../address.ts";
import type { Scheme } from "../../server-url.ts";
import { firstToAnswer } from "../sockets/race.ts";
import { DistrustError, secure, type Trust } from "../sockets/secure.ts";
import { openWebSocket } from "../sockets/web-socket.ts";

/** How one connection reaches its servers. */
export interface Way {
  readonly scheme: Scheme;
  /** `host:port` each. The first to answer is taken, so that an address that leads nowhere costs no time. */
  readonly servers: readonly string[];
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

/** For each way, the servers that were not believed: they no longer take part in races, but are tried in their turn. */
const disbelieved = new WeakMap<Way, Set<string>>();

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
      disbelieved.get(way)?.delete(textOf(this.#place));
      way.onConnected(this.isEncrypted());
    } catch (error) {
      const distrust = isPlainServer(error)
        ? new DistrustError("plain text", "it speaks plain text; nothing was sent to it")
        : error;
      if (distrust instanceof DistrustError) {
        const before = disbelieved.get(way) ?? new Set();
        disbelieved.set(way, before.add(textOf(this.#place)));
        way.onDistrust(distrust);
      }
      throw distrust;
    }
  }

  override async dial(place: Place): Promise<Socket> {
    const way = this.#way;
    // The client uses no more of a socket than any stream has.
    if (way?.scheme === "wss") return (await openWebSocket(place, way.trust)) as Socket;
    if (!way || way.servers.length < 2) return kept(await super.dial(place));
    const { socket, address } = await firstToAnswer([addressOf(place), ...othersThan(place, way)]);
    if (address.host !== place.hostname || address.port !== place.port)
      this.#place = { hostname: address.host, port: address.port, tlsName: "" };
    return kept(socket);
  }

  /** The client's own method waits until what it wrote has gone out: for ever, if the other side is silent. */
  override disconnect(): void {
    this.socket?.destroy();
  }

  /** The client's own method compares with the class `TLSSocket`, and so loads TLS for every connection. */
  override isEncrypted(): boolean {
    return (this.socket as Partial<TLSSocket> | undefined)?.encrypted === true;
  }

  override async startTLS(): Promise<TLSSocket> {
    // In a WebSocket too nats-server says that it demands TLS, but TLS already surrounds the WebSocket.
    if (this.#way?.scheme === "wss") return this.socket as TLSSocket;
    const { hostname, port, tlsName } = this.#place ?? nowhere;
    const trust = this.#way?.trust ?? { pin: undefined, authority: undefined };
    const name = tlsName || hostname;
    const secured = await secure(this.socket, name, trust);
    if (secured) return secured.setNoDelay(true);
    // The server greets again.
    this.yields = [];
    this.socket = kept(await super.dial({ hostname, port }));
    await this.peekInfo();
    const again = await secure(this.socket, name, trust);
    if (!again) throw new Error("a pinned server was not recognised the second time");
    return again.setNoDelay(true);
  }
}

/** A connection whose other side is gone ends 15 s after its last word: libuv asks ten times, a second apart. */
const kept = (socket: Socket): Socket => socket.setKeepAlive(true, 5000);

const nowhere: Place = { hostname: "", port: 0, tlsName: "" };

const textOf = ({ hostname, port, tlsName }: Place): string => addressText({ host: tlsName || hostname, port });

const addressOf = ({ hostname, port }: Place): Address => ({ host: hostname, port });

/** The servers that the client would try later; a name may stand for the address that it tries now. */
function othersThan({ hostname, port, tlsName }: Place, way: Way): Address[] {
  const without = new Set(disbelieved.get(way))
    .add(addressText({ host: hostname, port }))
    .add(addressText({ host: tlsName, port }));
  return way.servers.flatMap((server) => {
    const { host, port: at } = parseAddress(server) ?? {};
    return host === undefined || at === undefined || without.has(server) ? [] : { host, port: at };
  });
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
