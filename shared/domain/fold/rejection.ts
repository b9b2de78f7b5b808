import type { WorkerId } from "../names.ts";
import type { ResultsJudged } from "./events.ts";
import { resultBy, type Trial } from "./trial.ts";

/** Whether the trial has a result that counts or can count again, so that a verdict concerns it. */
export const hasResult = ({ status }: Trial): boolean =>
  status === "completed" || status === "infeasible" || status === "rejected";

/**
 * Whether a result of this worker, with this hpmax, is the one that the trial has. It may be of a worker that was sent away: a leader
 * of an earlier version counted those.
 */
export const isResultOf = (trial: Trial, worker: WorkerId, hpmax: number): boolean =>
  hasResult(trial) && resultBy(trial) === worker && hpmax === (trial.rejected?.hpmax ?? trial.hpmax);

/** Takes a result off its trial, so that no reader of the trial can count it. */
export function rejectResult(
  trial: Trial,
  place: number,
  { by, at, reason }: Pick<ResultsJudged, "by" | "at" | "reason">,
): void {
  trial.rejected = { hpmax: trial.hpmax ?? Number.NaN, metrics: trial.metrics, place, by, at };
  trial.hpmax = null;
  trial.metrics = [];
  trial.status = "rejected";
  trial.reason = `rejected by ${by}${reason === "" ? "" : `: ${reason}`}`;
}

export function acceptResult(trial: Trial): void {
  if (!trial.rejected) throw new RangeError(`the result of ${trial.run} was not rejected`);
  trial.hpmax = trial.rejected.hpmax;
  trial.metrics = trial.rejected.metrics;
  trial.status = "completed";
  trial.reason = "";
  trial.rejected = null;
}

/**
 * All results in the order of completion: rejected ones at their places, the others in order between them.
 *
 * @param counted   trial numbers
 * @param rejected  trial numbers and their places
 */
export function orderOfCompletion(
  counted: readonly number[],
  rejected: readonly { readonly n: number; readonly place: number }[],
): number[] {
  const order = new Array<number>(counted.length + rejected.length).fill(0);
  for (const { n, place } of rejected) order[place] = n;
  let place = 0;
  for (const n of counted) {
    while (order[place] !== 0) place += 1;
    order[place] = n;
  }
  return order;
}
