import type { Clock, Timer } from "../../shared/ports.ts";

const everyMs = 2000;
/** Shorter gaps do not count: a busy machine makes a process wait for seconds. */
const leastMs = 6000;

/**
 * Notices that the machine slept, or that this process was stopped: the wall clock moved on without it. While a machine sleeps,
 * the monotonic clock stops on some systems and continues on others.
 */
export function watchForWaking(
  clock: Pick<Clock, "monotonic" | "wall" | "every">,
  onWake: (missedMs: number) => void,
): Timer {
  let wall = clock.wall();
  let monotonic = clock.monotonic();
  return clock
    .every(everyMs, () => {
      const passedMs = Math.max(clock.wall() - wall, clock.monotonic() - monotonic);
      wall = clock.wall();
      monotonic = clock.monotonic();
      if (passedMs > leastMs + everyMs) onWake(passedMs);
    })
    .unref();
}
