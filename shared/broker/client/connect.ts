/** How a process gets its `Bus`: one connection of the NATS client. */

import { type ConnectionOptions, connect, credsAuthenticator, nkeyAuthenticator, nkeys } from "nats";
import { pause } from "../../deadline.ts";
import { type BusHooks, type CoordinatorBus, NatsBus } from "./bus.ts";
import { connectError } from "./nats/errors.ts";

export interface BusCredentials {
  readonly user?: string;
  readonly password?: string;
  /** Seed of an nkey, "SU..."; used instead of user and password. */
  readonly nkeySeed?: string;
  /** Text of a .creds file (user JWT and seed), as NATS tools write them. */
  readonly credsText?: string;
}

interface BusOptions extends BusHooks {
  /** One server, or several with commas; servers of a cluster name the others. */
  readonly url: string;
  readonly credentials: BusCredentials;
  /** Shown in the broker's connection list; also makes the inbox prefix that a worker's rights name. */
  readonly name: string;
  /** Whether to wait for a broker that is not there yet; otherwise it fails at once. */
  readonly waitForBroker?: boolean;
}

/** Refusals in a row that count: while nats-server 2.10.27 reloads its users, it refuses every client that connects (seen). */
const refusalsBelieved = 3;
const refusedRetryMs = 150;
/** While it reloads, it may also leave a new connection without an answer (seen twice in 1,042 tries). */
const connectTimeoutMs = 3000;

/** @throws BusError "refused", "no answer in time" or "not connected" when there is no connection to begin with */
export async function connectBus(options: BusOptions): Promise<CoordinatorBus> {
  const { credentials } = options;
  for (let tries = 1; ; tries += 1) {
    try {
      const connection = await connect({
        servers: options.url.split(","),
        noRandomize: true,
        name: options.name,
        ...authentication(credentials),
        ...(options.inbox === undefined ? {} : { inboxPrefix: options.inbox }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
        pingInterval: 5000,
        maxPingOut: 2,
        waitOnFirstConnect: options.waitForBroker ?? false,
        ignoreAuthErrorAbort: true,
        timeout: connectTimeoutMs,
        // A stack for every request cost a seventh of a busy coordinator's time (2026-11-24).
        noAsyncTraces: true,
      });
      return new NatsBus(connection, options);
    } catch (cause) {
      const error = connectError(cause, options.url);
      if (error.reason === "not connected" || tries === refusalsBelieved) throw error;
      await pause(refusedRetryMs);
    }
  }
}

function authentication(
  credentials: BusCredentials,
): Partial<Pick<ConnectionOptions, "user" | "pass" | "authenticator">> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (credentials.nkeySeed !== undefined) return { authenticator: nkeyAuthenticator(bytes(credentials.nkeySeed)) };
  if (credentials.credsText !== undefined) return { authenticator: credsAuthenticator(bytes(credentials.credsText)) };
  return credentials.user === undefined ? {} : { user: credentials.user, pass: credentials.password ?? "" };
}

/** The part in use of the client's nkeys, which it exports without a type. */
interface Nkeys {
  createUser(): { getPublicKey(): string; getSeed(): Uint8Array };
}

/** A new key pair for a worker: the public half goes to the coordinator, the seed never leaves the machine. */
export function newKeyPair(): { publicKey: string; seed: string } {
  const pair = (nkeys as Nkeys).createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}
