import { Happening, type Owner } from "./happening.ts";
import { PlanHeap } from "./plan-heap.ts";

/**
 * Steps that one turn of node's loop takes: each is an immediate of its own, so that every promise that follows from one has
 * had its say before the next, and 64 share the turn's system calls.
 */
const stepsTogether = 64;

/** Simulated time: it jumps from one happening to the next, in one order that the seed alone decides. */
export class Timeline {
  /** Milliseconds. Not 0 at first, which programs take for "never". */
  now = 1_000_000;
  /** How many things have happened. */
  count = 0;
  #planned = 0;
  #plans = new PlanHeap();

  plan(owner: Owner | null, at: number, action: () => void, isTimer = false): Happening {
    this.#planned += 1;
    const happening = new Happening(Math.max(at, this.now), this.#planned, action, owner, isTimer);
    this.#plans.push(happening);
    return happening;
  }

  /** Something that was put by, at this moment. */
  replan(happening: Happening): void {
    this.#planned += 1;
    happening.at = this.now;
    happening.order = this.#planned;
    this.#plans.push(happening);
  }

  /** Nothing of what is planned will happen. */
  clear(): void {
    this.#plans = new PlanHeap();
  }

  /** Goes on until told to stop, or until nothing more is planned. */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isRunning = true;
      const end = (how: () => void): void => {
        isRunning = false;
        how();
      };
      const step = (): void => {
        if (!isRunning) return;
        if (isOver() || !this.#happen()) end(resolve);
      };
      const turn = (): void => {
        if (!isRunning) return;
        try {
          step();
        } catch (error) {
          end(() => reject(error));
        }
      };
      const turns = (): void => {
        for (let i = 0; i < stepsTogether; i += 1) setImmediate(turn);
        setImmediate(() => {
          if (isRunning) turns();
        });
      };
      turns();
    });
  }

  #happen(): boolean {
    for (;;) {
      const next = this.#plans.pop();
      if (!next) return false;
      if (next.isCancelled) continue;
      this.now = next.at;
      if (next.owner && !next.owner.takes(next)) continue;
      this.count += 1;
      next.action();
      return true;
    }
  }
}
