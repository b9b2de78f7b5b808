import { rmSync } from "node:fs";
import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { askJetStream, streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import { openBackup } from "../../shared/broker/copies/backup-file.ts";
import { unpackWorkspace } from "../../shared/broker/copies/workspace-copy.ts";
import { peersTrouble } from "../../shared/broker/peers/peer-probe.ts";
import { type PeersFile, readPeers, writePeers } from "../../shared/broker/peers/peers.ts";
import { areClosed } from "../../shared/broker/store/closed-streams.ts";
import { checkStore } from "../../shared/broker/store/store-check.ts";
import { currentMark, writeMark } from "../../shared/broker/store/store-mark.ts";
import { ensureStreams, streamPlans } from "../../shared/broker/store/streams.ts";
import { BrokerError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { type WorkspacePaths, workspaceFlags } from "../../shared/machine/workspace.ts";
import { BusError } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { bucket } from "../../shared/wire/subjects.ts";
import { Rejoin } from "./rejoin.ts";
import { untilCopied } from "./until-copied.ts";

const askAgainMs = 500;
const closedText = ({ name }: WorkspacePaths): string =>
  `waiting: nexus move is moving the workspace; if it was interrupted, type it again, or to stay here: nexus move --cancel${workspaceFlags(name)}`;
/** A cluster never answers a question that arrives while it elects a leader, so the question is repeated. */
const askEachMs = 1500;

/** Waits until the cluster stores messages and its streams exist, made by the founding machine. Logs each new reason once. */
export async function untilStored(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const rejoin = new Rejoin(paths, log);
  let said = "";
  try {
    while (!signal.aborted) {
      const file = readPeers(paths);
      const why = file && (await clusterTrouble(bus, paths, file, { log, signal }));
      if (!file || why === undefined || signal.aborted) return;
      if (why !== said) log.warn(why);
      said = why;
      await rejoin.look(file);
      await pause(askAgainMs, signal);
    }
  } finally {
    await rejoin.stop();
  }
}

interface Ports {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Why the cluster cannot be used yet, if so. */
async function clusterTrouble(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: PeersFile,
  ports: Ports,
): Promise<string | undefined> {
  const missing = await peersTrouble(file.peers);
  if (missing !== undefined) return missing;
  try {
    await askJetStream(bus, "INFO", {}, askEachMs);
    return await streamsTrouble(bus, paths, file, ports);
  } catch (error) {
    if (!(error instanceof BusError || error instanceof BrokerError)) throw error;
    return `waiting: the peers' servers are electing a leader (${error.message})`;
  }
}

/** Why the streams cannot be used yet; undefined: they can. The founding machine makes them if they are missing. */
async function streamsTrouble(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: PeersFile,
  { log, signal }: Ports,
): Promise<string | undefined> {
  // The bucket is made last, so if it exists, the streams do.
  const areMade = (await streamInfo(bus, `KV_${bucket}`, askEachMs)) !== undefined;
  if (areMade) {
    await checkStore(bus, paths);
    streamsAreFull(paths, file);
    return (await areClosed(bus)) ? closedText(paths) : undefined;
  }
  if (!file.makesStreams) {
    return "waiting: the machine on which nexus-coord --peers was typed has not made the workspace's streams yet";
  }
  // All peers must be up for the first start, so that each gets a copy.
  const why = await peersTrouble(file.peers, file.peers.length);
  if (why !== undefined) return why;
  if (file.fill !== undefined) {
    const copied = (): Promise<void> => untilCopied(bus, file.peers, { say: (line) => log.warn(line), signal });
    await fillStreams(bus, paths, { ...file, fill: file.fill }, copied);
  } else {
    await checkStore(bus, paths);
    // Some may exist already, if this machine died while it made them.
    await ensureStreams(bus, paths.store, file.peers.length);
  }
  return undefined;
}

/** Fills the peers' streams with the workspace that `nexus move` packed. If interrupted, it starts over. */
async function fillStreams(
  bus: CoordinatorBus,
  paths: WorkspacePaths,
  file: PeersFile & { readonly fill: string },
  copied: () => Promise<void>,
): Promise<void> {
  const backup = openBackup(file.fill);
  try {
    // Left by an interrupted attempt. Only this machine makes streams, and no worker is admitted yet.
    for (const { name } of await streamPlans(null)) {
      if (await streamInfo(bus, name)) await askJetStream(bus, `STREAM.DELETE.${name}`);
    }
    await unpackWorkspace(bus, backup, { storeDir: paths.store, replicas: file.peers.length, copied });
    writeMark(paths, await currentMark(bus));
  } finally {
    backup.close();
  }
  streamsAreFull(paths, file);
}

function streamsAreFull(paths: WorkspacePaths, { fill, ...file }: PeersFile): void {
  if (fill === undefined) return;
  writePeers(paths, file);
  rmSync(fill, { force: true });
}
