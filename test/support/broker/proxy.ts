import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";

/** What a proxy does with the bytes that pass through it. */
interface Conditions {
  /** Delay of each piece in milliseconds; pieces stay in order. */
  delayMs: number;
  /** The cable is pulled: nothing passes, nothing is lost, and nobody is told. */
  isCut: boolean;
}

/**
 * A TCP proxy between one client and the broker, which a test can slow down, cut, mend and drop. Bytes held while the
 * cable was cut pass when it is mended, as if TCP had sent them again.
 */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pipes = new Set<Pipe>();
  readonly #conditions: Conditions = { delayMs: 0, isCut: false };

  private constructor(server: Server, target: () => number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client) => {
      const upstream = new Socket();
      const pipes = [
        new Pipe(client, upstream, this.#conditions, () => this.#forget(pipes)),
        new Pipe(upstream, client, this.#conditions, () => this.#forget(pipes)),
      ];
      for (const pipe of pipes) this.#pipes.add(pipe);
      upstream.connect(target(), "127.0.0.1");
    });
  }

  /**
   * Listens on a free loopback port, or `at`. Calls `target` for each connection: a broker may return on another port.
   */
  static async start(target: () => number, at = { host: "127.0.0.1", port: 0 }): Promise<TcpProxy> {
    const server = createServer();
    server.listen(at);
    await once(server, "listening");
    return new TcpProxy(server, target);
  }

  slow(delayMs: number): void {
    this.#conditions.delayMs = delayMs;
  }

  cut(): void {
    this.#conditions.isCut = true;
  }

  mend(): void {
    this.#conditions.isCut = false;
    for (const pipe of this.#pipes) pipe.pump();
  }

  /** Ends every connection at once and discards bytes in flight. */
  drop(): void {
    for (const pipe of [...this.#pipes]) pipe.end();
  }

  async close(): Promise<void> {
    this.drop();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #forget(pipes: readonly Pipe[]): void {
    for (const pipe of pipes) {
      this.#pipes.delete(pipe);
      pipe.end();
    }
  }
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #conditions: Conditions;
  #held: { readonly data: Buffer; readonly at: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, conditions: Conditions, onEnd: () => void) {
    this.#from = from;
    this.#to = to;
    this.#conditions = conditions;
    from.on("data", (data: Buffer) => {
      this.#held.push({ data, at: performance.now() + conditions.delayMs });
      this.pump();
    });
    from.on("error", onEnd);
    from.on("close", onEnd);
  }

  /** Passes on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#conditions.isCut) {
      const [next] = this.#held;
      if (!next) return;
      const left = next.at - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.pump(), left);
        return;
      }
      this.#held.shift();
      if (!this.#to.destroyed) this.#to.write(next.data);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#held = [];
    this.#from.destroy();
    this.#to.destroy();
  }
}
