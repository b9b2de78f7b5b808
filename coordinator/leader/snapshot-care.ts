import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { Log } from "../../shared/log.ts";

export interface SnapshotPorts {
  readonly log: Log;
  /** Records between two snapshots while the search is small. Default 20,000, which are folded in a fifth of a second. */
  readonly snapshotEvery?: number;
  /** Stores a snapshot of the journal; resolves when that is done, or has failed. */
  writeSnapshot(signal: AbortSignal): Promise<void>;
}

/** Records between two snapshots for each trial, so that the bytes written stay in proportion to the search. */
const snapshotShare = 0.2;

/** Has a snapshot written when the journal has grown enough since the last one. */
export class SnapshotCare {
  readonly #ports: SnapshotPorts;
  readonly #state: WorkspaceState;
  /** Records that are in no snapshot yet. */
  #unsaved: number;

  constructor(ports: SnapshotPorts, state: WorkspaceState, unsaved: number) {
    this.#ports = ports;
    this.#state = state;
    this.#unsaved = unsaved;
  }

  recorded(): void {
    this.#unsaved += 1;
  }

  /** Called several times a second. */
  tick(signal: AbortSignal): void {
    const { snapshotEvery = 20_000 } = this.#ports;
    const trials = [...this.#state.jobs.values()].reduce((sum, table) => sum + table.trials.length, 0);
    if (this.#unsaved < Math.max(snapshotEvery, trials * snapshotShare)) return;
    // Reset now: records that come while it is written belong to the next one.
    this.#unsaved = 0;
    void this.#write(signal);
  }

  /** The search does not depend on a snapshot. */
  async #write(signal: AbortSignal): Promise<void> {
    try {
      await this.#ports.writeSnapshot(signal);
    } catch (error) {
      this.#ports.log.error(`no snapshot was written: ${String(error)}`);
    }
  }
}
