import { BusError, type Clock, type EndSignal, type Timer } from "../ports.ts";
import { systemClock } from "./clock.ts";

/**
 * The promise's value, if it comes within `ms` milliseconds. Otherwise the promise goes on, and its result is dropped.
 *
 * @throws BusError "no answer in time" after `ms`
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  clock: Pick<Clock, "after"> = systemClock,
): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.after(ms, () => reject(new BusError("no answer in time", `${what}: not done after ${ms} ms`)));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
  }
}

/** Waits `ms` milliseconds of the system's time; ends early when the signal aborts. */
export const pause = (ms: number, signal?: EndSignal): Promise<void> => systemClock.pause(ms, signal);
