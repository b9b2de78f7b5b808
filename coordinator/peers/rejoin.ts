import type { CoordinatorBus } from "../../shared/broker/client/bus.ts";
import { clusterServers, connectSystem } from "../../shared/broker/peers/cluster.ts";
import type { PeersFile } from "../../shared/broker/peers/peers.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { signalProcess } from "../../shared/broker/server/tied-process.ts";
import type { Log } from "../../shared/log.ts";
import type { WorkspacePaths } from "../../shared/machine/workspace.ts";
import { BusError } from "../../shared/ports.ts";

const patienceMs = 8000;

/** Works around a new server that a busy cluster ignored until it was restarted (nats-server 2.10.27, 2026-11-25). */
export class Rejoin {
  readonly #paths: WorkspacePaths;
  readonly #log: Log;
  #system: CoordinatorBus | undefined;
  #leftOutSince: number | undefined;

  constructor(paths: WorkspacePaths, log: Log) {
    this.#paths = paths;
    this.#log = log;
  }

  /** Restarts this machine's server if the cluster has ignored it for a while. */
  async look(file: PeersFile): Promise<void> {
    if (await this.#isIn(file)) {
      this.#leftOutSince = undefined;
      return;
    }
    this.#leftOutSince ??= performance.now();
    if (performance.now() - this.#leftOutSince < patienceMs) return;
    this.#leftOutSince = undefined;
    const server = runningBroker(this.#paths)?.server;
    if (!server) return;
    this.#log.warn("this machine's server was not taken into the cluster; it is restarted");
    signalProcess(server, "SIGINT");
  }

  /** Also true if the cluster does not answer. */
  async #isIn(file: PeersFile): Promise<boolean> {
    try {
      this.#system ??= await connectSystem(this.#paths, file);
      return (await clusterServers(this.#system)).some(({ name }) => name === file.self);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return true;
    }
  }

  async stop(): Promise<void> {
    await this.#system?.close();
  }
}
