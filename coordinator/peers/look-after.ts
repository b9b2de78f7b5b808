import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { type StreamInfo, streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import {
  clusterServers,
  connectSystem,
  keptStreams,
  moveCopy,
  passClusterOn,
  passStreamOn,
  placeCopies,
  removeServer,
} from "../../shared/broker/peers/cluster.ts";
import type { PeersFile } from "../../shared/broker/peers/peers.ts";
import { areClosed } from "../../shared/broker/store/closed-streams.ts";
import type { Log } from "../../shared/log.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { type Bus, BusError } from "../../shared/ports.ts";

const shortForMs = 3000;

/**
 * What the leading coordinator does for the cluster. The search does not depend on it, so a failed attempt waits for the next.
 *
 * The server on the leader's machine hands on the leadership of streams and of the cluster. nats-server takes 4 to 9 s to notice
 * that a stream's leader has died, and no setting shortens it. If that server died together with the leading coordinator, the
 * next coordinator could not even read who led: a take-over took 9 s instead of 5 (nats-server 2.10.27, 2026-11-25).
 */
export class ClusterCare {
  readonly #bus: CoordinatorBus;
  readonly #paths: WorkspacePaths;
  readonly #log: Log;
  #system: CoordinatorBus | undefined;
  /** Since when each stream has had too few copies, or when placing them was last tried, monotonic milliseconds. */
  readonly #shortSince = new Map<string, number>();
  #unplaced = "";

  constructor(bus: CoordinatorBus, paths: WorkspacePaths, log: Log) {
    this.#bus = bus;
    this.#paths = paths;
    this.#log = log;
  }

  async look(file: PeersFile): Promise<void> {
    try {
      this.#system ??= await connectSystem(this.#paths, file);
      // While copies move, the cluster's leader must not change, or they stay where they were.
      if (await this.#exchange(this.#system, file)) return;
      await this.#passOn(this.#system, file);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#log.debug({ error: error.message }, "the cluster was not looked after this time");
    }
  }

  /**
   * Once all peers are up, moves the copies of replaced peers to new ones, has missing ones placed, and removes the servers of replaced
   * peers. True while there is work.
   */
  async #exchange(system: Bus, { peers }: PeersFile): Promise<boolean> {
    const servers = await clusterServers(system);
    const isPeer = (server: string): boolean => peers.some(({ id }) => id === server);
    const areAllThere = peers.every(({ id }) => servers.some(({ name, isSilent }) => name === id && !isSilent));
    if (!areAllThere) return false;
    let moved = false;
    for (const name of keptStreams) {
      const copies = (await streamInfo(this.#bus, name))?.replicas ?? [];
      if (await this.#placeMissing(name, copies, peers.length)) moved = true;
      for (const { server } of copies.filter((copy) => !isPeer(copy.server) && !copy.isCurrent)) {
        await moveCopy(this.#bus, name, server);
        this.#log.info(`the copy of ${name} on ${server}, which is no longer a peer, is moved to another`);
        moved = true;
      }
    }
    if (moved) return true;
    const gone = servers.filter(({ name, isSilent }) => isSilent && !isPeer(name));
    for (const { name } of gone) {
      await removeServer(system, name);
      this.#log.info(`${name}, which is no longer a peer, was taken out of the cluster`);
    }
    return gone.length > 0;
  }

  /** Has the copies placed that a stream has lacked for a while. True if it lacks any. */
  async #placeMissing(name: string, copies: StreamInfo["replicas"], wanted: number): Promise<boolean> {
    // Without a leader it tells only what some server knows.
    if (copies.length >= wanted || !copies.some(({ isLeader }) => isLeader)) {
      this.#shortSince.delete(name);
      return false;
    }
    const now = performance.now();
    const since = this.#shortSince.get(name) ?? now;
    this.#shortSince.set(name, since);
    // For a moment the stream's leader may not know of one that was just placed. A closed stream is about to be packed and left.
    if (now - since < shortForMs || (await areClosed(this.#bus))) return true;
    this.#shortSince.set(name, now);
    try {
      if (await placeCopies(this.#bus, name, wanted))
        this.#log.info(`${name} had ${copies.length} of ${wanted} copies; the others are placed`);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const why = `${name} has ${copies.length} of ${wanted} copies, and no other can be placed: ${error.message}`;
      if (why !== this.#unplaced) this.#log.warn(why);
      this.#unplaced = why;
    }
    return true;
  }

  async #passOn(system: Bus, { self, peers }: PeersFile): Promise<void> {
    for (const name of keptStreams) {
      const info = await streamInfo(this.#bus, name);
      const copies = info?.replicas ?? [];
      const leadsHere = copies.some(({ server, isLeader }) => isLeader && server === self);
      // If a copy is missing, the next leader could be this machine again.
      const areWhole =
        copies.length === peers.length && copies.every(({ isCurrent, isOffline }) => isCurrent && !isOffline);
      if (leadsHere && areWhole) await passStreamOn(this.#bus, name);
    }
    const servers = await clusterServers(system);
    const leadsHere = servers.some(({ name, isLeader }) => isLeader && name === self);
    if (leadsHere && servers.every(({ isSilent }) => !isSilent)) await passClusterOn(system);
  }

  async stop(): Promise<void> {
    await this.#system?.close();
  }
}
