import type { Clock, Timer } from "../../shared/ports.ts";

const everyMs = 2000;
/** A busy machine makes a process wait for seconds. */
const leastMs = 6000;

/**
 * Notices that the machine slept, or that this process stood still: the clock on the wall went on without it. While a machine
 * sleeps, the clock that only goes forward stands still on some systems and goes on on others.
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
