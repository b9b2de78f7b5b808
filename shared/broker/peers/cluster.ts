import type { WorkspacePaths } from "../../machine/workspace.ts";
import type { Bus } from "../../ports.ts";
import { bucket, streams } from "../../wire/subjects.ts";
import type { CoordinatorBus } from "../client/bus.ts";
import { connectBus } from "../client/connect.ts";
import { askJetStream, checkedAnswer, type StreamInfo, streamInfo, updateStream } from "../client/jetstream-api.ts";
import { isClosed } from "../store/closed-streams.ts";
import { type PeersFile, peerUrls, systemUser } from "./peers.ts";

/** The streams that a workspace keeps in the cluster. */
export const keptStreams: readonly string[] = [streams.journal, streams.evidence, streams.blob, `KV_${bucket}`];

const answerTimeoutMs = 5000;

/** A server of the cluster, as the cluster's leader sees it. */
interface ServerState {
  /** A peer's id. */
  readonly name: string;
  readonly isLeader: boolean;
  /** The leader has not heard from it for 5 s. */
  readonly isSilent: boolean;
}

/** Servers send heartbeats every second; nats-server 2.10.27 says "offline" only after some three minutes (seen). */
const silentAfterNanos = 5e9;

/** A connection with the rights of the servers' administrator, who has no access to the workspace's data. */
export const connectSystem = (paths: WorkspacePaths, file: PeersFile): Promise<CoordinatorBus> =>
  connectBus({
    url: peerUrls(paths, file),
    credentials: { user: systemUser, password: file.systemPassword },
    name: "nexus system",
  });

/** The servers of the cluster. @throws BusError while none of them leads */
export async function clusterServers(system: Bus): Promise<ServerState[]> {
  const subject = "$SYS.REQ.SERVER.PING.JSZ";
  const question = new TextEncoder().encode(JSON.stringify({ leader_only: true }));
  const answer = checkedAnswer(subject, await system.request(subject, question, answerTimeoutMs));
  const { data } = answer as {
    data?: {
      meta_cluster?: { leader?: string; replicas?: { name: string; offline?: boolean; active?: number }[] };
    };
  };
  const { leader, replicas = [] } = data?.meta_cluster ?? {};
  const others = replicas.map(({ name, offline = false, active = 0 }) => ({
    name,
    isLeader: false,
    isSilent: offline || active > silentAfterNanos,
  }));
  return leader === undefined ? others : [{ name: leader, isLeader: true, isSilent: false }, ...others];
}

/**
 * Moves the copy of a stream from a server that is gone for good to one that holds none. If nats-server finds none, the stream has one
 * copy less (2.10.27).
 *
 * @throws BusError "refused" if it found none
 */
export async function moveCopy(bus: Bus, stream: string, from: string): Promise<void> {
  await askJetStream(bus, `STREAM.PEER.REMOVE.${stream}`, { peer: from }, answerTimeoutMs);
}

/**
 * Has the copies placed that a stream lacks. False if it does nothing, or stops: the stream lacks none, or has no leader, and without one
 * a server tells only what it knows itself; or it is closed by now, and writing the settings back would open it.
 *
 * @throws BusError if no server takes them
 */
export async function placeCopies(bus: Bus, stream: string, copies: number): Promise<boolean> {
  // nats-server places copies only when their number changes.
  for (const isFirst of [true, false]) {
    // The settings are written back whole, and others may have changed them meanwhile.
    const info = await streamInfo(bus, stream);
    if (!info || isClosed(info)) return false;
    const { replicas } = info;
    if (isFirst && (replicas.length >= copies || !replicas.some(({ isLeader }) => isLeader))) return false;
    await updateStream(bus, info, { num_replicas: isFirst ? replicas.length : copies });
  }
  return true;
}

/** Removes a server that is gone for good, and holds no copies, from the cluster. */
export async function removeServer(system: Bus, name: string): Promise<void> {
  await askJetStream(system, "SERVER.REMOVE", { peer: name }, answerTimeoutMs);
}

/** Makes another server lead the cluster. */
export async function passClusterOn(system: Bus): Promise<void> {
  await askJetStream(system, "META.LEADER.STEPDOWN", undefined, answerTimeoutMs);
}

/** Makes another copy of the stream lead it. */
export async function passStreamOn(bus: Bus, stream: string): Promise<void> {
  await askJetStream(bus, `STREAM.LEADER.STEPDOWN.${stream}`, undefined, answerTimeoutMs);
}

/** The workspace's streams, undefined for each that is missing. */
export async function keptStreamInfos(bus: Bus): Promise<(StreamInfo | undefined)[]> {
  return Promise.all(keptStreams.map((name) => streamInfo(bus, name)));
}
