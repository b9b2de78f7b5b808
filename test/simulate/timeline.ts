import { Happening, type Owner } from "./happening.ts";
import { PlanHeap } from "./plan-heap.ts";

/**
 * Steps in one turn of Node's event loop. Each step is its own immediate, so that every promise that follows from it
 * settles before the next step; 64 steps share the turn's system calls.
 */
const stepsTogether = 64;

/** Simulated time: it jumps from one happening to the next, in an order that the seed alone decides. */
export class Timeline {
  /** Milliseconds. It does not start at 0, which programs take for "never". */
  now = 1_000_000;
  /** Number of happenings so far. */
  count = 0;
  #planned = 0;
  #plans = new PlanHeap();

  plan(owner: Owner | null, at: number, action: () => void, isTimer = false): Happening {
    this.#planned += 1;
    const happening = new Happening(Math.max(at, this.now), this.#planned, action, owner, isTimer);
    this.#plans.push(happening);
    return happening;
  }

  /** Plans a happening again, for the present moment, after it was put by. */
  replan(happening: Happening): void {
    this.#planned += 1;
    happening.at = this.now;
    happening.order = this.#planned;
    this.#plans.push(happening);
  }

  /** Drops everything planned. */
  clear(): void {
    this.#plans = new PlanHeap();
  }

  /** Runs until `isOver`, or until nothing is planned. */
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
