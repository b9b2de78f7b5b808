import { BusError, type Clock } from "../../shared/ports.ts";

/**
 * Looks again and again, one look at a time: turns that come during a look are skipped. While the broker is away, a
 * look fails and the next turn asks again; any other error is a bug.
 *
 * @returns what ends it
 */
export function lookOften(clock: Clock, everyMs: number, look: () => Promise<void>): () => void {
  let isLooking = false;
  const timer = clock.every(everyMs, () => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => {
        if (!(error instanceof BusError)) throw error;
      })
      .finally(() => {
        isLooking = false;
      });
  });
  return () => timer.cancel();
}
