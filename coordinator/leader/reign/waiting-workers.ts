import { inUse, obstacle, openJobs, type WhatItTakes } from "../../../shared/domain/fitting.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { ReignPorts } from "./ports.ts";

/** Workers that are woken for each trial that waits: some of them may be gone. */
const wokenForATrial = 4;

/** Workers that were told that there is nothing for them, and are woken when there is. */
export class WaitingWorkers {
  readonly #state: WorkspaceState;
  readonly #presence: ReadonlyMap<WorkerId, WhatItTakes>;
  readonly #ports: Pick<ReignPorts, "tell">;
  readonly #term: number;
  /** Sent away and not woken since; those that have waited longest are first. */
  readonly #waiting = new Set<WorkerId>();
  /** False until all have been woken: an earlier leader may have sent some away. */
  #knowsWhoWaits = false;

  constructor(
    state: WorkspaceState,
    presence: ReadonlyMap<WorkerId, WhatItTakes>,
    ports: Pick<ReignPorts, "tell">,
    term: number,
  ) {
    this.#state = state;
    this.#presence = presence;
    this.#ports = ports;
    this.#term = term;
  }

  /** The worker was told that there is nothing for it; it asks again when woken. */
  sentAway(worker: WorkerId): void {
    this.#waiting.delete(worker);
    this.#waiting.add(worker);
  }

  /** Makes all waiting workers ask again; sends nothing if none waits. */
  wake(): void {
    if (this.#knowsWhoWaits && this.#waiting.size === 0) return;
    this.#knowsWhoWaits = true;
    this.#waiting.clear();
    this.#ports.tell(null, { kind: "work", term: this.#term });
  }

  /** Wakes a few workers for this job's waiting trials, and others at the next call; all would be too many for a lost trial. */
  wakeFor(table: RunTable): void {
    if (!this.#knowsWhoWaits) {
      this.wake();
      return;
    }
    let left = wokenForATrial * Math.max(1, table.waiting.size);
    const open = openJobs(this.#state);
    for (const worker of this.#waiting) {
      const presence = this.#presence.get(worker);
      if (!presence || !this.#mayWork(worker)) continue;
      if (obstacle(table, worker, presence, inUse(open, worker)) !== null) continue;
      this.#waiting.delete(worker);
      this.#ports.tell(worker, { kind: "work", term: this.#term });
      left -= 1;
      if (left === 0) break;
    }
  }

  /** Whether the journal lets it take runs at all. */
  #mayWork(worker: WorkerId): boolean {
    const record = this.#state.workers.get(worker);
    return !record || (record.state === "admitted" && record.duty === "working");
  }
}
