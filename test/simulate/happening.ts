import type { Timer } from "../../shared/ports.ts";

const nothing = (): void => undefined;

/** A planned event of the simulation; it is also the timer of a program's clock. */
export class Happening implements Timer {
  at: number;
  /** Order of planning: of happenings at the same time, the lowest comes first. */
  order: number;
  action: () => void;
  readonly owner: Owner | null;
  readonly isTimer: boolean;

  constructor(at: number, order: number, action: () => void, owner: Owner | null, isTimer: boolean) {
    this.at = at;
    this.order = order;
    this.action = action;
    this.owner = owner;
    this.isTimer = isTimer;
  }

  get isCancelled(): boolean {
    return this.action === nothing;
  }

  /** Cancels it and drops its action at once: it may lie in the plan for long, and the action may hold much memory. */
  cancel(): void {
    this.action = nothing;
  }

  unref(): Timer {
    return this;
  }
}

/** The process that a happening belongs to. It may be dead or frozen when the time comes. */
export interface Owner {
  /** Whether it happens now; if not, the owner has dropped it or put it by for later. */
  takes(happening: Happening): boolean;
}
