import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { type MachineHealth, machineHealth } from "../../shared/domain/health/machine-health.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { differsLine } from "../words/health-words.ts";

/** It costs a pass over thousands of trials, and changes slowly. */
const everyMs = 20_000;

/** Each worker's health, as it was within the last seconds. */
export class HealthLook {
  #health: ReadonlyMap<WorkerId, MachineHealth> = new Map();
  #at: number | undefined;
  readonly #flagged = new Set<WorkerId>();

  /** @param now  monotonic milliseconds */
  of(state: WorkspaceState, now: number): ReadonlyMap<WorkerId, MachineHealth> {
    if (this.#at === undefined || now - this.#at >= everyMs || now < this.#at) {
      this.#at = now;
      this.#health = machineHealth(state);
    }
    return this.#health;
  }

  /** A line for each worker whose results have begun to differ. */
  news(state: WorkspaceState, now: number): string[] {
    const lines: string[] = [];
    for (const [worker, { differs }] of this.of(state, now)) {
      if (!differs) this.#flagged.delete(worker);
      else if (!this.#flagged.has(worker)) {
        this.#flagged.add(worker);
        lines.push(differsLine(worker, differs));
      }
    }
    return lines;
  }
}
