/**
 * searching: starts runs. paused: gives out nothing; runs in hand continue. draining: finishes its runs, then pauses. stopping:
 * finishes its runs, then ends. cancelling: its runs are being ended. In the other states it is over.
 */
export type JobStateName =
  | "searching"
  | "paused"
  | "draining"
  | "stopping"
  | "cancelling"
  | "held"
  | "completed"
  | "cancelled";

/** Who decided: the coordinator itself, or a person whose order it carried out. */
export type Actor = "coordinator" | "person";

/**
 * Why the coordinator itself paused a job.
 *
 * failures: its runs only failed. drained: it was ordered to finish its runs, and has. own search: its own search gave
 * up, or is not started here.
 */
export type PauseCause = "failures" | "drained" | "own search";

/** The coordinator's reason for a pause, apart from what to type. */
export interface PauseWords {
  /** What it paused for, in one clause. */
  readonly rule: string;
  /** Details: which run was the last, where to look; "" if there are none. */
  readonly detail: string;
}

/** The beginning of the coordinator's reason if runs only failed; what a program printed comes later. */
const failures =
  /^(the first run has failed|\d+ runs have failed), and none has completed yet \(max_failures_at_start\)|^(a run has failed|\d+ runs in a row have failed) \(max_failures_in_a_row\)/;

/**
 * Why the coordinator paused a job; null if it did not.
 *
 * @param cause  what the record or snapshot says; left out by earlier versions, for which the reason tells "failures"
 */
export function pauseCauseOf(
  {
    state,
    stateActor,
    reason,
  }: { readonly state: JobStateName; readonly stateActor: Actor | null; readonly reason: string },
  cause: PauseCause | null | undefined,
): PauseCause | null {
  if (state !== "paused" || stateActor !== "coordinator") return null;
  return cause ?? (failures.test(reason) ? "failures" : null);
}
