import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { streamInfo } from "../../shared/broker/client/jetstream-api.ts";
import {
  clusterServers,
  connectSystem,
  keptStreams,
  moveCopy,
  passClusterOn,
  passStreamOn,
  removeServer,
} from "../../shared/broker/peers/cluster.ts";
import type { PeersFile } from "../../shared/broker/peers/peers.ts";
import type { Log } from "../../shared/log.ts";
import { type Bus, BusError } from "../../shared/ports.ts";

/**
 * What the leading coordinator does for the cluster. Nothing of the search rests on it, so a look that fails is left for the next.
 *
 * Its own machine's server is made to lead no stream and not the cluster: nats-server needs 4 to 9 s to notice that the leader of
 * a stream has died (its own limits, in no configuration), and if that server died together with the leading coordinator the
 * next one could not even read who led (9 s until another led instead of 5, seen with 2.10.27 on 2026-11-25).
 */
export class ClusterCare {
  readonly #bus: CoordinatorBus;
  readonly #log: Log;
  #system: CoordinatorBus | undefined;

  constructor(bus: CoordinatorBus, log: Log) {
    this.#bus = bus;
    this.#log = log;
  }

  async look(file: PeersFile): Promise<void> {
    try {
      this.#system ??= await connectSystem(file);
      // The server that leads the cluster must go on leading it while it finds new places for copies, else they stay where they were.
      if (await this.#exchange(this.#system, file)) return;
      await this.#passOn(this.#system, file);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#log.debug({ error: error.message }, "the cluster was not looked after this time");
    }
  }

  /**
   * A server that is no peer any more gives its copies to a new one as soon as all peers are there, then goes. True while there is
   * something to do.
   */
  async #exchange(system: Bus, { peers }: PeersFile): Promise<boolean> {
    const servers = await clusterServers(system);
    const isPeer = (server: string): boolean => peers.some(({ id }) => id === server);
    const areAllThere = peers.every(({ id }) => servers.some(({ name, isSilent }) => name === id && !isSilent));
    if (!areAllThere) return false;
    let moved = false;
    for (const name of keptStreams) {
      const copies = (await streamInfo(this.#bus, name))?.replicas ?? [];
      for (const { server } of copies.filter((copy) => !isPeer(copy.server) && !copy.isCurrent)) {
        await moveCopy(this.#bus, name, server);
        this.#log.info(`the copy of ${name} on ${server}, which is no peer any more, is made anew on another`);
        moved = true;
      }
    }
    if (moved) return true;
    const gone = servers.filter(({ name, isSilent }) => isSilent && !isPeer(name));
    for (const { name } of gone) {
      await removeServer(system, name);
      this.#log.info(`${name}, which is no peer any more, was taken out of the cluster`);
    }
    return gone.length > 0;
  }

  async #passOn(system: Bus, { self, peers }: PeersFile): Promise<void> {
    for (const name of keptStreams) {
      const info = await streamInfo(this.#bus, name);
      const copies = info?.replicas ?? [];
      const leadsHere = copies.some(({ server, isLeader }) => isLeader && server === self);
      // With a copy missing the machine whose turn it would be is needed anyway.
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
