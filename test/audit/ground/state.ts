import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { Trial } from "../../../shared/domain/fold/trial.ts";
import type { WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import { parseJobName } from "../../../shared/domain/names.ts";
import type { Ground } from "./ground.ts";

/** Reads and folds the journal as a coordinator does. */
export async function stateOf(ground: Ground): Promise<WorkspaceState> {
  const link = await linkWorkspace(ground.paths, "coordinator");
  try {
    return await readJournal(link.bus);
  } finally {
    await link.close();
  }
}

/** The same, read once for all looks after a group of acts; call `forgetState` before more acts. */
export function sharedState(ground: Ground): Promise<WorkspaceState> {
  const known = ground.notes.get("state") as Promise<WorkspaceState> | undefined;
  if (known) return known;
  const state = stateOf(ground);
  ground.notes.set("state", state);
  return state;
}

export const forgetState = (ground: Ground): void => void ground.notes.delete("state");

export function trialIn(state: WorkspaceState, job: string, n: number): Trial {
  const name = parseJobName(job);
  const trial = name && state.jobs.get(name.name)?.trial(n);
  if (!trial) throw new Error(`${job} has no trial ${n}`);
  return trial;
}
