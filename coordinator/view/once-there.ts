import { UnreachableError } from "../../shared/errors.ts";
import { BusError, type Clock } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";

/** 20 s: three new peers on a busy machine (load 40) took some 10 s to make their streams, 2026-11-29. */
const tries = 40;
const retryMs = 500;

/**
 * New peers make their streams only when they have found each other, so this asks again for a while.
 *
 * @param read  fails with a BusError as long as there is no such stream
 * @throws UnreachableError if there is none in time
 */
export async function onceThere<T>(read: () => Promise<T>, clock: Pick<Clock, "pause"> = systemClock): Promise<T> {
  for (let left = tries; ; left -= 1) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      if (left === 0) throw new UnreachableError(`the workspace's store cannot be read: ${error.message}; try again`);
    }
    await clock.pause(retryMs);
  }
}
