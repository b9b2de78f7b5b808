/**
 * Which way a job's results are better, and what people call them.
 *
 * Searches, models and the journal know only hpmax, which is maximised: under `goal: minimize` it is the negated
 * metric. People and other tools see the metric. Every view converts hpmax with `told` and takes its names from here;
 * only what is named hpmax keeps that sign.
 */
export interface Goal {
  /** `hpmax`; under `goal: minimize` the metric's own name, such as `loss`. */
  readonly name: string;
  /** Whether lower is better. */
  readonly isLow: boolean;
}

export const maximised: Goal = { name: "hpmax", isLow: false };

/** Names that tables, lists and stop rules use themselves: a metric with one of them gets a longer name there. */
const ownNames =
  "age attempt attempts best best_for by ended failed failures_in_a_row holder hours infeasible iters job late led left lease next node now of parent predicted " +
  "progress rank reason rejected run runs sd search secs seed slots spec stage started state status target time top total trial " +
  "unsaved why worker workspace";

/** @param others  other names in the job's tables, such as hyperparameters */
export function minimised(metric: string, others: readonly string[]): Goal {
  const isTaken = metric === maximised.name || ownNames.split(" ").includes(metric) || others.includes(metric);
  return { name: isTaken ? `goal-${metric}` : metric, isLow: true };
}

/** An hpmax, or a difference between two, in the goal's own sense: a loss with its original sign. */
export const told = ({ isLow }: Goal, hpmax: number): number => (isLow ? 0 - hpmax : hpmax);

export interface Ends {
  readonly low: number;
  readonly high: number;
}

/** An interval in the goal's own sense, its ends in order. */
export const toldEnds = ({ isLow }: Goal, { low, high }: Ends): Ends =>
  isLow ? { low: 0 - high, high: 0 - low } : { low, high };

/** The column by which standings rank: `hpmax-2sd`, `loss+2sd`. */
export const boundName = ({ name, isLow }: Goal): string => `${name}${isLow ? "+" : "-"}2sd`;

/** The same in words: "hpmax less 2 sd", "loss plus 2 sd". */
export const boundText = ({ name, isLow }: Goal): string => `${name} ${isLow ? "plus" : "less"} 2 sd`;

/** Which end of a column in the goal's own sense is best. */
export const bestEnd = ({ isLow }: Goal): "low" | "high" => (isLow ? "low" : "high");
