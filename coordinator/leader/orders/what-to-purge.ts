/** Which of a worker's stored messages and pieces to delete, as patterns for the broker: the fewer the better. */

import { hasResult } from "../../../shared/domain/fold/rejection.ts";
import { isOpen, resultBy, type Trial } from "../../../shared/domain/fold/trial.ts";
import { checkpointOf, type WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { evidence, parseChunk, parseEvidence } from "../../../shared/wire/subjects.ts";

/**
 * Messages of EV. Unless all are to go, those on which results rest stay. Of a run with a result, also a rejected one,
 * these are the messages of the worker that sent it. Of such a run, or one that may go on, they are also the messages of a
 * holder with a checkpoint: others went on from it, or may do so.
 *
 * @param found  subjects of all messages of the worker
 */
export function evidenceToPurge(
  state: WorkspaceState,
  worker: WorkerId,
  all: boolean,
  found: readonly string[],
): string[] {
  if (all) return found.length === 0 ? [] : [`ev.${worker}.>`];
  const subjects = new Set(found);
  const isKept = (subject: string): boolean => {
    const at = parseEvidence(subject);
    const trial = at && state.jobs.get(at.job)?.trial(at.n);
    if (!at || !trial) return false;
    const goesOn = isOpen(trial) || checkpointOf(state, at.job, at.n) !== null;
    return restsOn(trial, worker, goesOn, () => subjects.has(evidence(worker, at.job, at.n, "checkpoint")));
  };
  return patternsFor(found, isKept, `ev.${worker}`);
}

function restsOn(trial: Trial, worker: WorkerId, goesOn: boolean, hasCheckpoint: () => boolean): boolean {
  if (hasResult(trial) && resultBy(trial) === worker) return true;
  const held = trial.attempts.some((attempt) => attempt.worker === worker);
  return held && (hasResult(trial) || goesOn) && hasCheckpoint();
}

/**
 * Pieces in BLOB. The state from which a run will go on, or may, stays in any case. Unless all are to go, the files of
 * runs whose result this worker sent stay too.
 *
 * @param found  subjects of all pieces of the worker
 */
export function piecesToPurge(
  state: WorkspaceState,
  worker: WorkerId,
  all: boolean,
  found: readonly string[],
): string[] {
  const isKept = (subject: string): boolean => {
    const piece = parseChunk(subject);
    const trial = piece && state.jobs.get(piece.job)?.trial(piece.n);
    if (!piece || !trial) return false;
    const checkpoint = checkpointOf(state, piece.job, piece.n);
    if (checkpoint?.worker === worker && checkpoint.attempt === piece.attempt && checkpoint.blob === piece.blob)
      return true;
    return !all && !piece.isState && hasResult(trial) && resultBy(trial) === worker;
  };
  return patternsFor(found, isKept, `ck.${worker}`);
}

/** Patterns for whole jobs, and whole runs, of which nothing stays; otherwise single subjects. */
function patternsFor(found: readonly string[], isKept: (subject: string) => boolean, prefix: string): string[] {
  const kept = found.filter(isKept);
  if (kept.length === found.length) return [];
  if (kept.length === 0) return [`${prefix}.>`];
  const stays = new Set(kept.flatMap((subject) => [part(subject, 3), part(subject, 4)]));
  const patterns = new Set<string>();
  for (const subject of found) {
    // A hostile worker may publish under such names, which mean more than themselves here.
    if (isKept(subject) || /[*>]/.test(subject)) continue;
    const tokens = subject.split(".").length;
    const whole = [3, 4].find((length) => tokens > length && !stays.has(part(subject, length)));
    patterns.add(whole === undefined ? subject : `${part(subject, whole)}.>`);
  }
  return [...patterns];
}

const part = (subject: string, tokens: number): string => subject.split(".", tokens).join(".");
