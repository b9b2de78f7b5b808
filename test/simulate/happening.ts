import type { Timer } from "../../shared/ports.ts";

const nothing = (): void => undefined;

/** Something that is going to happen; of a program's clock it is the timer. */
export class Happening implements Timer {
  at: number;
  /** Of those at one time the one that was planned first happens first. */
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

  /** It will not happen. What it would have done is let go at once: it may lie in the plan for long, and hold much. */
  cancel(): void {
    this.action = nothing;
  }

  unref(): Timer {
    return this;
  }
}

/** Whom something happens to: it may be dead by then, or stand still. */
export interface Owner {
  /** Whether it happens now; otherwise the owner has dropped it, or has put it by. */
  takes(happening: Happening): boolean;
}
