import type { WorkersAccount } from "../../shared/broker/access/accounts.ts";
import { openInvites } from "../../shared/domain/fold/invites.ts";
import type { Log } from "../../shared/log.ts";
import type { Clock } from "../../shared/ports.ts";
import type { Reign } from "./reign/reign.ts";

export interface UserListPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Writes the broker's list of workers and open invitations, and has it reloaded. */
  publishUsers(account: WorkersAccount): Promise<void>;
}

const retryMs = 2000;

/** Keeps the broker's list of workers and open invitations equal to the journal's. */
export class UserList {
  readonly #ports: UserListPorts;
  readonly #reign: Reign;
  #writing: Promise<void> = Promise.resolve();
  /** A try that has not begun: it will read the state as it is then. */
  #next: Promise<void> | undefined;
  #isRetrying = false;

  constructor(ports: UserListPorts, reign: Reign) {
    this.#ports = ports;
    this.#reign = reign;
  }

  /** Resolves once the broker knows everything that is in the state now. Calls that come while one waits share the next try. */
  publish(): Promise<void> {
    if (this.#next) return this.#next;
    // One after the other: if two were written at once, the older list could win.
    const next = this.#writing.then(() => {
      this.#next = undefined;
      return this.#ports.publishUsers(this.#account());
    });
    this.#next = next;
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /** The same, but a failure is only logged, as on a full disk; it keeps trying until the list is written. */
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
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    void (async () => {
      do await clock.pause(retryMs, signal);
      while (!signal.aborted && !(await published()));
      this.#isRetrying = false;
    })();
  }

  #account(): WorkersAccount {
    const workers = [...this.#reign.state.workers.values()];
    return {
      workers: workers
        .filter((each) => each.publicKey !== "" && each.state !== "revoked" && !each.isCutOff)
        .map(({ id, publicKey }) => ({ id, publicKey })),
      invites: openInvites(this.#reign.state).map(({ id, publicKey }) => ({ id, publicKey })),
    };
  }
}
