import { pause } from "../../../time/deadline.ts";
import { busError } from "./errors.ts";

/** Limit of one try of a question to JetStream. */
export const questionTimeoutMs = 2000;
export const questionTimeoutsMs = [questionTimeoutMs, questionTimeoutMs, questionTimeoutMs];

/** While the server reloads its users, it refuses everybody at once. */
const refusedRetryMs = 150;

/**
 * Asks again if nobody answers. While nats-server 2.10.27 reloads its users, as after each enrolment, and while a cluster
 * elects its leader, questions are never answered (seen), so they are repeated.
 *
 * @param timeoutsMs  the limit of each try; the last try's failure is the result
 * @throws BusError
 */
export async function patiently<T>(
  what: string,
  timeoutsMs: readonly number[],
  question: (timeoutMs: number) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await question(timeoutsMs[tries - 1] ?? questionTimeoutMs);
    } catch (cause) {
      const error = busError(cause, what);
      const mayPass = error.reason === "nobody answered" || error.reason === "no answer in time";
      if (!mayPass || tries === timeoutsMs.length) throw error;
      if (error.reason === "nobody answered") await pause(refusedRetryMs);
    }
  }
}
