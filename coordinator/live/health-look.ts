import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { healthInSteps, type MachineHealth } from "../../shared/domain/health/machine-health.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { Steps } from "../../shared/domain/steps.ts";
import { differsLine } from "../words/health-words.ts";
import type { SideWork } from "./side-work.ts";

/** How often health is computed: it costs a pass over thousands of trials, and changes slowly. */
const everyMs = 20_000;

/** Each worker's health, about 20 s old at most. */
export class HealthLook {
  readonly #work: SideWork;
  #health: ReadonlyMap<WorkerId, MachineHealth> = new Map();
  #at: number | undefined;
  readonly #flagged = new Set<WorkerId>();

  constructor(work: SideWork) {
    this.#work = work;
  }

  /** @param now  monotonic milliseconds */
  of(state: WorkspaceState, now: number): ReadonlyMap<WorkerId, MachineHealth> {
    if (this.#at === undefined || now - this.#at >= everyMs || now < this.#at) {
      this.#at = now;
      this.#work.ask(this, () => this.#look(state));
    }
    return this.#health;
  }

  *#look(state: WorkspaceState): Steps {
    this.#health = yield* healthInSteps(state);
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
