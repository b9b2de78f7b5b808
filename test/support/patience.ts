import { setTimeout as delay } from "node:timers/promises";

/**
 * How long a test waits for a real process before it calls it stuck, milliseconds. What is waited for takes seconds on an idle
 * machine; a busy one makes it take ten times as long, and no test may fail for that. Nothing but a failure ever takes so long.
 */
export const patienceMs = 240_000;

/**
 * Resolves when `condition`, asked again and again, gives something other than false or undefined; fails once patience is out.
 *
 * @param options.everyMs  pause between two questions; 5 when left out. Longer where a question costs a process or a connection
 * @param options.seen     what the failure says was seen last
 */
export async function eventually<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  { everyMs = 5, seen }: { readonly everyMs?: number; readonly seen?: () => string } = {},
): Promise<T> {
  const limit = performance.now() + patienceMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > limit) {
      throw new Error(`not within ${patienceMs / 1000} s: ${what}${seen ? `; seen last:\n${seen()}` : ""}`);
    }
    await delay(everyMs);
  }
}
