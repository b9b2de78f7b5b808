import type { CheckpointPlace } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { isFurther, isOpen, type Trial } from "../../../shared/domain/fold/trial.ts";
import type { StateSum } from "../../../shared/wire/checkpoints.ts";
import { chunks, parseChunk } from "../../../shared/wire/subjects.ts";
import type { Reign } from "../reign/reign.ts";

/** Bytes a second that all running trials together may send to the broker for their checkpoints. */
const budgetBytesPerSecond = 8 * 1024 ** 2;

/**
 * A holder says where its run's state is: the furthest state is kept, others are deleted. The message names an
 * attempt that the journal gave to its worker (judgeEvidence), so only the trial's own holders are heard; one that was sent away
 * since (benched) is not.
 */
export function judgeCheckpoint(
  reign: Reign,
  table: RunTable,
  trial: Trial,
  maker: Pick<CheckpointPlace, "worker" | "attempt">,
  state: StateSum,
  ev: number,
): void {
  const { job } = table;
  const { n } = trial;
  const isSentAway = (reign.state.workers.get(maker.worker)?.state ?? "admitted") !== "admitted";
  if (!isOpen(trial) || isSentAway || !isFurther(state, trial.checkpoint)) {
    reign.discardState(job, n, { ...maker, ...state });
    return;
  }
  void reign.record({ type: "checkpoint", job, n, ...maker, ...state, ev });
}

/** Seconds between two checkpoints of a run: what its job asks for, or longer if all runs together would send too much. */
export function checkpointSeconds(reign: Reign, table: RunTable): number {
  const asked = table.submitted.settings.checkpointEverySeconds;
  let bytes = 0;
  for (const each of reign.state.jobs.values()) bytes += each.running * reign.stateBytes(each.job);
  return Math.max(asked, bytes / budgetBytesPerSecond);
}

/**
 * Deletes states from which no open trial continues: their worker died before it reported them, or a coordinator before it
 * deleted them. A state of an open trial may belong to a checkpoint in flight, and is deleted when two sweeps in a row find it.
 *
 * @param suspects  states of open trials that the last sweep found
 * @returns those that this sweep found
 */
export async function sweepStates(reign: Reign, suspects: ReadonlySet<string>): Promise<Set<string>> {
  const orphans = new Set<string>();
  for (const subject of await reign.ports.stateSubjects()) {
    const piece = parseChunk(subject);
    if (!piece?.isState) continue;
    const { worker, job, n, attempt, blob } = piece;
    const trial = reign.state.jobs.get(job)?.trial(n);
    const kept = trial?.checkpoint;
    if (kept && kept.worker === worker && kept.attempt === attempt && kept.blob === blob) continue;
    const all = chunks(worker, job, n, attempt, blob);
    if (trial && isOpen(trial) && !suspects.has(all)) orphans.add(all);
    else if (!orphans.has(all)) reign.ports.discard(all);
  }
  return orphans;
}
