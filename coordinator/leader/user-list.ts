import type { WorkerUser } from "../../shared/broker/access/accounts.ts";
import type { Log } from "../../shared/log.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Reign } from "./reign/reign.ts";

interface UserListPorts {
  readonly clock: Clock;
  readonly log: Log;
  publishUsers(workers: readonly WorkerUser[]): Promise<void>;
}

const retryMs = 2000;

/** The broker's worker users, written anew when the journal's list has changed. */
export class UserList {
  readonly #ports: UserListPorts;
  readonly #reign: Reign;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: UserListPorts, reign: Reign) {
    this.#ports = ports;
    this.#reign = reign;
  }

  publish(): Promise<void> {
    // One after the other: two at once could leave the older list in place.
    const next = this.#writing.then(() => this.#ports.publishUsers(this.#users()));
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /** Resolves after the first try; where it fails, the list is tried again until it is there, as after a full disk. */
  async publishSoon(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    const published = async (): Promise<boolean> => {
      try {
        await this.publish();
        return true;
      } catch (error) {
        log.error(`the broker's list of workers could not be written, it is tried again: ${String(error)}`);
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
