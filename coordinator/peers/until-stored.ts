import type { CoordinatorBus } from "../../shared/broker/bus.ts";
import { askJetStream, streamInfo } from "../../shared/broker/jetstream-api.ts";
import { peersTrouble } from "../../shared/broker/peer-probe.ts";
import { type PeersFile, readPeers } from "../../shared/broker/peers.ts";
import { checkStore } from "../../shared/broker/store-check.ts";
import { ensureStreams } from "../../shared/broker/streams.ts";
import { pause } from "../../shared/deadline.ts";
import { BrokerError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { BusError } from "../../shared/ports.ts";
import { bucket } from "../../shared/wire/subjects.ts";
import type { WorkspacePaths } from "../../shared/workspace.ts";

const askAgainMs = 500;
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
  let said = "";
  while (!signal.aborted) {
    const file = readPeers(paths);
    if (!file) return;
    let why = await peersTrouble(file.peers);
    if (why === undefined) {
      try {
        await askJetStream(bus, "INFO", {}, askEachMs);
        if (await haveStreams(bus, paths, file)) return;
        why = "waiting: the peer on which nexus-coord --peers was typed has not made the workspace's streams yet";
      } catch (error) {
        if (!(error instanceof BusError || error instanceof BrokerError)) throw error;
        why = `waiting: the peers' servers choose who leads them (${error.message})`;
      }
    }
    if (why !== said) log.warn(why);
    said = why;
    await pause(askAgainMs, signal);
  }
}

async function haveStreams(bus: CoordinatorBus, paths: WorkspacePaths, file: PeersFile): Promise<boolean> {
  // The bucket comes last, so where it is the others are.
  const isMade = (await streamInfo(bus, `KV_${bucket}`, askEachMs)) !== undefined;
  if (!isMade && !file.makesStreams) return false;
  await checkStore(bus, paths);
  // Also where some are there: this machine may have died while it made them.
  if (!isMade) await ensureStreams(bus, paths.store, file.peers.length);
  return true;
}
