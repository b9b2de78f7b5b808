import { setTimeout as delay } from "node:timers/promises";

/**
 * How long a test waits for a real process before it fails, in milliseconds. Each wait takes seconds on an idle
 * machine; a busy machine may need ten times as long, and no test may fail for that.
 */
export const patienceMs = 240_000;

/**
 * Polls `condition` until it gives something other than false or undefined; fails after `patienceMs`.
 *
 * @param options.everyMs  milliseconds between polls (20); longer where a poll costs a process or a connection
 * @param options.pause    how to pause between polls, where the awaited thing has a clock other than the machine's
 * @param options.seen     what was seen last, for the failure's message
 */
export async function eventually<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  {
    everyMs = 20,
    pause = delay,
    seen,
  }: {
    readonly everyMs?: number;
    readonly pause?: (ms: number) => Promise<unknown>;
    readonly seen?: () => string;
  } = {},
): Promise<T> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > limit) {
      throw new Error(`not within ${patienceMs / 1000} s: ${what}${seen ? `; seen last:\n${seen()}` : ""}`);
    }
    await pause(everyMs);
  }
}
