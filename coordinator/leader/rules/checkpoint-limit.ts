import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { roomBytes } from "../../../shared/domain/quotas.ts";
import { usualCheckpointLimit } from "../../../shared/domain/runspec/job-settings.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import type { Reign } from "../reign/reign.ts";

/** The last and the next checkpoint of a run are stored at the same time. */
const atOnce = 2;

/**
 * The most bytes that a run's checkpoint may have: what its job says, but no more than lets the checkpoints of all runs
 * that the worker can hold at once fit into its share of BLOB.
 */
export function checkpointLimit(reign: Reign, table: RunTable, worker: WorkerId): number {
  const { checkpointLimit: asked, coresPerRun, runsPerNode } = table.submitted.settings;
  const slots = reign.presence.get(worker)?.slots ?? 1;
  const runs = Math.max(1, Math.min(Math.floor(slots / coresPerRun), runsPerNode ?? slots));
  return Math.max(1, Math.floor(Math.min(asked, roomForOne(reign) / runs)));
}

const roomForOne = ({ quotas, blobMost }: Reign): number => roomBytes(quotas.limits.pieces, blobMost) / atOnce;

/** Why a job cannot have that checkpoint_limit here; undefined if it can. The default is never refused, only cut. */
export function limitProblem(reign: Reign, asked: number): string | undefined {
  const room = roomForOne(reign);
  if (asked <= usualCheckpointLimit || asked <= room) return undefined;
  return (
    `checkpoint_limit is ${sizeText(asked)}, and the broker's store has room for a checkpoint of ${sizeText(room)}: ` +
    `it takes ${sizeText(reign.blobMost)} in all, and a run's next checkpoint is stored before its last one is deleted\n` +
    `  set checkpoint_limit: ${Math.floor(room / 1e6)} MB or less, or give each worker a larger part of the store (nexus list quotas): ` +
    "nexus-coord --quota states=80%"
  );
}

/** Bytes that the worker sends if it hands back all runs that it holds, each with the largest checkpoint that it may have. */
export function heldStates(reign: Reign, worker: WorkerId): number {
  let bytes = 0;
  for (const table of reign.state.jobs.values()) {
    const held = table.holding.get(worker) ?? 0;
    if (held > 0) bytes += held * checkpointLimit(reign, table, worker);
  }
  return bytes;
}
