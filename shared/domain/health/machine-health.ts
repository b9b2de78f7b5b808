import type { WorkspaceState } from "../fold/workspace-state.ts";
import type { WorkerId } from "../names.ts";
import { atOnce, type Steps } from "../steps.ts";
import { type Differs, differing } from "./differing.ts";
import { endedRuns } from "./ended-runs.ts";
import { type Speed, speedsInSteps } from "./speed.ts";

/** How a worker does compared with the others, by the newest trials. */
export interface MachineHealth {
  /** Stays with trials that have ended. */
  readonly ended: number;
  /** Shares of these stays, from 0 to 1, that were lost by its fault, and in which the run failed. */
  readonly lost: number;
  readonly failed: number;
  /** Null: too few of its runs can be compared. */
  readonly speed: Speed | null;
  /** Null: no more than chance. */
  readonly differs: Differs | null;
}

/** The health of each worker that has ended a stay. It costs a pass over `mostTrials` trials at most. */
export const machineHealth = (state: WorkspaceState): Map<WorkerId, MachineHealth> => atOnce(healthInSteps(state));

/** The same in steps of a few milliseconds. */
export function* healthInSteps(state: WorkspaceState): Steps<Map<WorkerId, MachineHealth>> {
  const { runs, stays } = endedRuns(state);
  yield;
  const speed = yield* speedsInSteps(runs);
  const differs = differing(runs);
  yield;
  return new Map(
    [...stays].map(([worker, { ended, lost, failed }]) => [
      worker,
      {
        ended,
        lost: lost / ended,
        failed: failed / ended,
        speed: speed.get(worker) ?? null,
        differs: differs.get(worker) ?? null,
      },
    ]),
  );
}
