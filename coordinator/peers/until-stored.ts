import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { askJetStream, streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import { peersTrouble } from "../../shared/broker/peers/peer-probe.ts";
import { type PeersFile, readPeers } from "../../shared/broker/peers/peers.ts";
import { areClosed } from "../../shared/broker/store/closed-streams.ts";
import { checkStore } from "../../shared/broker/store/store-check.ts";
import { ensureStreams } from "../../shared/broker/store/streams.ts";
import { pause } from "../../shared/deadline.ts";
import { BrokerError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { BusError } from "../../shared/ports.ts";
import { bucket } from "../../shared/wire/subjects.ts";
import { fillStreams, streamsAreFull } from "./fill-streams.ts";
import { Rejoin } from "./rejoin.ts";

const askAgainMs = 500;
const closedText =
  "waiting: nexus move carries the workspace away; if it was interrupted, type it again, or to stay here: nexus move --cancel";
/** A question that reaches a cluster while it chooses its leader is never answered, so it is asked again rather than waited for. */
const askEachMs = 1500;

/**
 * Waits until the cluster stores what it is given and the workspace's streams are there; the founding machine makes them.
 * Each new reason for waiting is said once.
 */
export async function untilStored(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const rejoin = new Rejoin(paths, log);
  try {
    await waitUntilStored(bus, paths, { log, rejoin }, signal);
  } finally {
    await rejoin.stop();
  }
}

async function waitUntilStored(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  { log, rejoin }: { readonly log: Log; readonly rejoin: Rejoin },
  signal: AbortSignal,
): Promise<void> {
  let said = "";
  while (!signal.aborted) {
    const file = readPeers(paths);
    if (!file) return;
    let why = await peersTrouble(file.peers);
    if (why === undefined) {
      try {
        await askJetStream(bus, "INFO", {}, askEachMs);
        why = await streamsTrouble(bus, paths, file);
        if (why === undefined) return;
      } catch (error) {
        if (!(error instanceof BusError || error instanceof BrokerError)) throw error;
        why = `waiting: the peers' servers choose who leads them (${error.message})`;
      }
    }
    if (why !== said) log.warn(why);
    await rejoin.look(file);
    said = why;
    await pause(askAgainMs, signal);
  }
}

/** Why the streams cannot be used yet; undefined where they can, the founding machine having made them if they were missing. */
async function streamsTrouble(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: PeersFile,
): Promise<string | undefined> {
  // The bucket comes last, so where it is the others are.
  const areMade = (await streamInfo(bus, `KV_${bucket}`, askEachMs)) !== undefined;
  if (areMade) {
    streamsAreFull(paths, file);
    await checkStore(bus, paths);
    return (await areClosed(bus)) ? closedText : undefined;
  }
  if (!file.makesStreams) {
    return "waiting: the peer on which nexus-coord --peers was typed has not made the workspace's streams yet";
  }
  // The first time each machine gets a copy.
  const why = await peersTrouble(file.peers, file.peers.length);
  if (why !== undefined) return why;
  if (file.fill !== undefined) await fillStreams(bus, paths, file, file.fill);
  else {
    await checkStore(bus, paths);
    // Also where some are there: this machine may have died while it made them.
    await ensureStreams(bus, paths.store, file.peers.length);
  }
  return undefined;
}
