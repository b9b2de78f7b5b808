/** How a process gets its `Bus`: one connection of the NATS client. */

import { type ConnectionOptions, credsAuthenticator, usernamePasswordAuthenticator } from "nats";
import { pause } from "../../time/deadline.ts";
import { answerTo } from "../nkey.ts";
import type { Pin } from "../pin.ts";
import { parseServerUrl, shownUrl } from "../server-url.ts";
import { type BusHooks, type CoordinatorBus, NatsBus } from "./bus.ts";
import { connectError } from "./nats/errors.ts";
import { connectBy, type Way } from "./nats/transport.ts";
import type { DistrustError } from "./sockets/secure.ts";

export interface BusCredentials {
  readonly user?: string;
  /** A function is asked at each connection: a password may change while a process runs. */
  readonly password?: string | (() => string);
  /** Seed of an nkey, "SU..."; used instead of user and password. */
  readonly nkeySeed?: string;
  /** Text of a .creds file (user JWT and seed), as NATS tools write them. */
  readonly credsText?: string;
  /** PEM of the only authority to believe where no pin is known; without it, those that this machine knows. */
  readonly authority?: string;
}

interface BusOptions extends BusHooks {
  /** One server, or several with commas, see server-url.ts; servers of a cluster name the others. */
  readonly url: string;
  /** What the server must show if the url does not say it. */
  readonly pin?: Pin | undefined;
  /** Called each time a server is not believed, and so not spoken to; `why` is for people. */
  readonly onDistrust?: ((why: string) => void) | undefined;
  /** Called each time it is connected. */
  readonly onConnected?: ((isEncrypted: boolean) => void) | undefined;
  readonly credentials: BusCredentials;
  /** Shown in the broker's connection list. */
  readonly name: string;
  /**
   * Whether this is one of very many connections: then the broker is seldom pinged. The system still notices within 15 s if the
   * other machine is gone (keepalive); unanswered questions reveal a frozen broker. Default false.
   */
  readonly isOneOfMany?: boolean;
  /** Whether to wait for a broker that cannot be reached yet, or refuses this user. Otherwise at most three tries. */
  readonly waitForBroker?: boolean;
}

/** Refusals in a row that count: while nats-server 2.10.27 reloads its users, it refuses every client that connects (seen). */
const refusalsBelieved = 3;
const refusedRetryMs = 150;
/** Between two tries to connect, plus up to `jitterMs`. */
const retryMs = 250;
const jitterMs = 100;
/** Pinging a thousand connections of waiting workers every 5 s took a fifth of a broker's time (2026-11-28). */
const seldomMs = 60_000;
/** While nats-server reloads, it may also leave a new connection without an answer (seen twice in 1,042 tries). */
const connectTimeoutMs = 3000;

/**
 * Connects, and tries again if that may help.
 *
 * @throws BusError "refused", "not trusted", "no answer in time" or "not connected" if there is no connection
 */
export async function connectBus(options: BusOptions): Promise<CoordinatorBus> {
  const { credentials } = options;
  const { scheme, servers, pin = options.pin } = parseServerUrl(options.url);
  const shown = shownUrl(options.url);
  let distrust: DistrustError | undefined;
  const way: Way = {
    scheme,
    servers,
    trust: { pin, authority: pin ? undefined : credentials.authority },
    onDistrust: (error) => {
      distrust = error;
      options.onDistrust?.(`${shown}: ${error.message}`);
    },
    onConnected: (isEncrypted) => options.onConnected?.(isEncrypted),
  };
  for (let tries = 1; ; tries += 1) {
    // Another server may answer there by now, and fail for another reason.
    distrust = undefined;
    try {
      const connection = await connectBy(way, {
        servers: [...servers],
        noRandomize: true,
        name: options.name,
        ...authentication(credentials),
        ...(options.inbox === undefined ? {} : { inboxPrefix: options.inbox }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: retryMs,
        reconnectJitter: jitterMs,
        // For a WebSocket the system sees only the connection to a proxy.
        pingInterval: options.isOneOfMany && scheme !== "wss" ? seldomMs : 5000,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
        timeout: connectTimeoutMs,
        // A stack for every request cost a seventh of a busy coordinator's time (2026-11-24).
        noAsyncTraces: true,
      });
      return new NatsBus(connection, options);
    } catch (cause) {
      // With several servers the client reports only the last one's reason.
      const error = connectError(distrust ?? cause, shown);
      const isForGood = error.reason === "not connected" || error.reason === "not trusted" || tries >= refusalsBelieved;
      if (isForGood && !options.waitForBroker) throw error;
      // The client itself would wait without a word.
      if (options.waitForBroker && error.reason === "refused") options.onRefused?.();
      await pause(options.waitForBroker ? retryMs + jitterMs * Math.random() : refusedRetryMs);
    }
  }
}

function authentication(credentials: BusCredentials): Partial<Pick<ConnectionOptions, "authenticator">> {
  const { nkeySeed, credsText, user, password = "" } = credentials;
  if (nkeySeed !== undefined) return { authenticator: (nonce) => answerTo(nonce, nkeySeed) };
  if (credsText !== undefined) return { authenticator: credsAuthenticator(new TextEncoder().encode(credsText)) };
  return user === undefined ? {} : { authenticator: usernamePasswordAuthenticator(user, password) };
}
