import type { JobStateName } from "../fold/events.ts";
import { CheckedTrials } from "./checked-trials.ts";

/** What the records say of a job. */
export interface CheckedJob {
  readonly trials: CheckedTrials;
  totalRuns: number;
  state: JobStateName;
  /** Whether an operator or a rule ended the search before total_runs. */
  wasStopped: boolean;
  isOver: boolean;
  ended: number;
  open: number;
  /** Trials with a result, and how many of these results are rejected. */
  completed: number;
  rejected: number;
}

/** A job that is over may only be let go, if held, or search on because an edit gave it more runs. */
function mayBecome({ isOver, state, ended, totalRuns }: CheckedJob, next: JobStateName): boolean {
  if (!isOver) return true;
  if (next === "searching") return state !== "cancelled" && ended < totalRuns;
  return state === "held" && (next === "completed" || next === "cancelled");
}

/** Moves the job to another state. Returns what is wrong with the move, in words. */
export function become(job: CheckedJob, name: string, state: JobStateName, reason: string): string[] {
  const problems = mayBecome(job, state) ? [] : [`${name} was ${job.state}, and became ${state}`];
  job.state = state;
  if (state === "stopping" || state === "cancelling" || state === "cancelled") job.wasStopped = true;
  else if (state === "searching") job.wasStopped = job.isOver = false; // all its runs are owed again
  if (state !== "held" && state !== "completed" && state !== "cancelled") return problems;
  job.isOver = true;
  if (job.open > 0) problems.push(`${name} became ${state} (${reason}) with ${job.open} runs open`);
  if (!job.wasStopped && job.ended < job.totalRuns)
    problems.push(`${name} became ${state} (${reason}) after ${job.ended} of its ${job.totalRuns} runs`);
  return problems;
}

export const newJob = (totalRuns: number): CheckedJob => ({
  trials: new CheckedTrials(),
  totalRuns,
  state: "searching",
  wasStopped: false,
  isOver: false,
  ended: 0,
  open: 0,
  completed: 0,
  rejected: 0,
});
