import type { WorkerUser } from "../../shared/broker/access/accounts.ts";
import type { Log } from "../../shared/log.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Reign } from "./reign/reign.ts";

export interface UserListPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Writes the broker's list of worker users and has it reloaded. */
  publishUsers(workers: readonly WorkerUser[]): Promise<void>;
}

const retryMs = 2000;

/** Keeps the broker's list of worker users equal to the journal's. */
export class UserList {
  readonly #ports: UserListPorts;
  readonly #reign: Reign;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: UserListPorts, reign: Reign) {
    this.#ports = ports;
    this.#reign = reign;
  }

  publish(): Promise<void> {
    // One after the other: if two were written at once, the older list could win.
    const next = this.#writing.then(() => this.#ports.publishUsers(this.#users()));
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /** Resolves after the first try; after a failure, as on a full disk, keeps trying until the list is written. */
  async publishSoon(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    const published = async (): Promise<boolean> => {
      try {
        await this.publish();
        return true;
      } catch (error) {
        log.error(`the broker's list of workers could not be written; trying again: ${String(error)}`);
        return false;
      }
    };
    if (await published()) return;
    void (async () => {
      do await clock.pause(retryMs, signal);
      while (!signal.aborted && !(await published()));
    })();
  }

  #users(): WorkerUser[] {
    const workers = [...this.#reign.state.workers.values()];
    return workers
      .filter((each) => each.publicKey !== "" && each.state !== "revoked")
      .map(({ id, publicKey }) => ({ id, publicKey }));
  }
}
