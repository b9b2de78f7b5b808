import { inboxPrefix } from "../../shared/broker/access/accounts.ts";
import { connectBus } from "../../shared/broker/client/connect.ts";
import { workersNames } from "../../shared/broker/client/local-names.ts";
import { parsePin } from "../../shared/broker/pin.ts";
import { connectAs, credentialsOf } from "../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { Log } from "../../shared/log.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { DistrustedServer } from "./distrusted-server.ts";
import { workerIdentity } from "./identity.ts";
import { isOnlyHere, type JoinLine, shownServer } from "./join-line.ts";
import { type Origin, urlFor, type WorkerIdentity } from "./kept-identity.ts";
import type { Patience } from "./patience.ts";
import { RefusedKey } from "./refused-key.ts";

/** A worker that joins, and the line it comes with. */
export interface Newcomer {
  readonly name: WorkerId;
  /** Where it keeps its key. */
  readonly stateDir: string;
  readonly line: JoinLine;
  readonly origin: Origin;
  /** For a broker that others run: credentials, and the authority that signed its certificate. */
  readonly credentialsFile: string | undefined;
  readonly caFile: string | undefined;
}

export interface JoinPorts {
  readonly patience: Patience;
  readonly log: Log;
  readonly say: (line: string) => void;
  /** Prints a line with the time. */
  readonly note: (words: string) => void;
  /** Hears why it cannot work; "" once it can. */
  readonly trouble: (why: string) => void;
}

/** Enrols where the machine is not known yet, and connects to the broker for good. */
export async function joinBroker(who: Newcomer, ports: JoinPorts) {
  const { line, credentialsFile = null, caFile = null } = who;
  const { patience, log, say, note } = ports;
  const shown = credentialsOf({ credentialsFile, caFile });
  const identity: WorkerIdentity =
    credentialsFile === null
      ? await workerIdentity(who.stateDir, who.name, line, say, {
          authority: shown.authority,
          ...who.origin,
          patience,
        })
      : { worker: who.name, nkeySeed: "" };
  const ownKey = identity.nkeySeed === "" ? {} : { nkeySeed: identity.nkeySeed };
  const credentials = { ...ownKey, ...shown };
  // Report wrong credentials now, instead of retrying for ever. workerIdentity has already tried a key of our own.
  if (credentialsFile !== null)
    await (await patience.keepTrying(() => connectAs(line.url, credentials, "viewer"))).close();
  const key = watchKey(who, ports);
  const trust = new DistrustedServer((why) => {
    log.error(why);
    note(why);
  });
  const plainText = once(() => {
    say("warning: not encrypted: everyone on the network's way can read and change what this worker sends and gets");
    log.warn("the connection to the broker is not encrypted");
  });
  const bus = await connectBus({
    url: urlFor(identity, line, who.origin) ?? line.url,
    pin: identity.pin === undefined ? undefined : parsePin(identity.pin),
    credentials,
    name: identity.worker,
    inbox: inboxPrefix(identity.worker),
    // With others' credentials, others run the server, and its users share an account with the streams.
    names: identity.nkeySeed === "" ? {} : workersNames,
    isOneOfMany: true,
    waitForBroker: true,
    onStatus: (status) => log.info(status),
    onRefused: () => key.refused(),
    onDistrust: (why) => trust.found(why),
    onConnected: (isEncrypted) => {
      if (!isEncrypted && !isOnlyHere(line)) plainText();
    },
  });
  const believed = (): void => {
    key.accepted();
    trust.trusted();
  };
  believed();
  bus.onReconnect(believed);
  return { worker: identity.worker, bus, key };
}

/** Says when the broker refuses the worker's key, and when it knows it again. */
const watchKey = ({ line, origin }: Newcomer, { log, note, trouble }: JoinPorts): RefusedKey =>
  new RefusedKey(systemClock, (isRefused) => {
    const words = isRefused ? refusedText(line, origin) : "the broker knows this worker's key again";
    if (isRefused) log.error(words);
    trouble(isRefused ? "the broker refuses its key" : "");
    note(words);
  });

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}

/** A workspace that was restored from a backup does not know the workers that joined since either. */
function refusedText(line: JoinLine, { isOwnLine }: Origin): string {
  const words = isOwnLine
    ? `nexus-worker --workspace ${line.workspace}`
    : "nexus-worker with the line that nexus-coord prints";
  return (
    `the broker at ${shownServer(line)} refuses this worker's key: it was revoked or forgotten, or its workspace was created again, or restored ` +
    `from a backup made before this worker joined\n  to join again end this worker (Ctrl-C twice), then type:  ${words}`
  );
}
