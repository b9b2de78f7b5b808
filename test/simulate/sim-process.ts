import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { Chance, Clock, Timer } from "../../shared/ports.ts";
import type { Happening, Owner } from "./happening.ts";
import type { Timeline } from "./timeline.ts";

/** 2027-01-15, so that wall clocks show a plausible date. */
const wallAtStart = 1_800_000_000_000;

/**
 * One process with its own clock and randomness. After a kill nothing happens to it. Happenings that come due while it
 * is frozen happen when it is thawed, timers first and then arrivals, as in Node.
 */
export class SimProcess implements Owner {
  readonly name: string;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Error of its wall clock, in milliseconds. */
  wallOffsetMs = 0;
  #state: "alive" | "frozen" | "dead" = "alive";
  readonly #timeline: Timeline;
  #putBy: Happening[] = [];
  #frozenAt = 0;

  constructor(timeline: Timeline, name: string, seed: string) {
    this.#timeline = timeline;
    this.name = name;
    this.clock = this.#makeClock();
    this.chance = chanceFrom(rngFrom(seed));
  }

  get isAlive(): boolean {
    return this.#state !== "dead";
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  takes(happening: Happening): boolean {
    if (this.#state === "alive") return true;
    if (this.#state === "frozen") this.#putBy.push(happening);
    return false;
  }

  /** Plans something that happens to it from outside at that time. */
  hear(at: number, action: () => void): void {
    if (this.#state !== "dead") this.#timeline.plan(this, at, action);
  }

  freeze(): void {
    if (this.#state !== "alive") return;
    this.#state = "frozen";
    this.#frozenAt = this.#timeline.now;
  }

  /** Returns how long it was frozen, ms. Arrivals in that time are lost if the broker has given up the connection. */
  thaw(hasLostConnection: (frozenMs: number) => boolean = () => false): number {
    if (this.#state !== "frozen") return 0;
    this.#state = "alive";
    const frozenMs = this.#timeline.now - this.#frozenAt;
    const putBy = this.#putBy;
    this.#putBy = [];
    for (const each of putBy) if (each.isTimer) this.#timeline.replan(each);
    if (!hasLostConnection(frozenMs)) for (const each of putBy) if (!each.isTimer) this.#timeline.replan(each);
    return frozenMs;
  }

  kill(): void {
    this.#state = "dead";
    this.#putBy = [];
  }

  #makeClock(): Clock {
    const plan = (ms: number, action: () => void): Happening =>
      this.#timeline.plan(this, this.#timeline.now + Math.max(0, ms), action, true);
    return {
      monotonic: () => this.#timeline.now,
      wall: () => Math.floor(wallAtStart + this.#timeline.now + this.wallOffsetMs),
      pause: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) {
            resolve();
            return;
          }
          const finish = (): void => {
            happening.cancel();
            signal?.removeEventListener("abort", finish);
            resolve();
          };
          const happening = plan(ms, finish);
          signal?.addEventListener("abort", finish);
        }),
      after: plan,
      every: (ms, action) => {
        let next: Happening;
        const again = (): void => {
          next = plan(ms, again);
          action();
        };
        next = plan(ms, again);
        const timer: Timer = {
          cancel: () => {
            next.cancel();
          },
          unref: () => timer,
        };
        return timer;
      },
    };
  }
}

function chanceFrom(rng: Rng): Chance {
  let count = 0;
  return {
    fraction: () => rng.uniform(),
    nonce: () => {
      count += 1;
      return `${Math.floor(rng.uniform() * 2 ** 52).toString(36)}-${count}`;
    },
  };
}
