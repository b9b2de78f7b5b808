import type { WorkerId } from "../names.ts";
import { ClaimRing, type SavedClaims } from "./claim-ring.ts";
import type { InviteRecord } from "./invites.ts";
import { type DeletedJob, noPurges, type Purges } from "./purges.ts";
import { mostRetired } from "./retired-boots.ts";
import type { RunTable } from "./run-table.ts";
import { restoreTable, type SavedTable, saveTable } from "./saved-table.ts";
import { lastAttempt } from "./trial.ts";
import type { SavedTrials } from "./trial-list.ts";
import { markOpen, type WorkerRecord, type WorkspaceState } from "./workspace-state.ts";

/**
 * A snapshot is the fold as plain data: trials, and the configurations of run sets, in columns. It travels deflated and
 * sealed; the entry `snap` says where it is and which key opens it. Readers fold from its sequence on; a journal that
 * is shorter than its snapshot was damaged, and is refused. A restored table rebuilds its run sets from the order of
 * completions. Wherever a journal is cut, restored and folded on, the state is the same (control-any-order.test.ts).
 */

/** Raise this with every change to what the fold keeps. A snapshot of another version is ignored and the whole journal folded. */
export const snapshotVersion = 4;

/** Fields that snapshots of earlier versions lack. */
type Later = Pick<WorkerRecord, "rejected" | "ended" | "setAside" | "invite" | "pools" | "isCutOff">;

/** A worker as a snapshot keeps it; `Later` fields are missing in those of earlier versions. */
type SavedWorker = Omit<WorkerRecord, "retiredBoots" | "claims" | keyof Later> & {
  readonly [Name in keyof Later]?: Later[Name];
} & {
  readonly retiredBoots: readonly string[];
  readonly claims: SavedClaims;
};

/** Everything that the journal said up to message `seq`, as plain data: folding continues from there. */
export interface Snapshot
  extends Omit<WorkspaceState, "jobs" | "deleted" | "workers" | "invites" | "orders" | "purges"> {
  readonly v: number;
  readonly jobs: readonly { readonly table: SavedTable; readonly trials: SavedTrials }[];
  readonly workers: readonly SavedWorker[];
  /** Earlier versions wrote none. */
  readonly invites?: readonly InviteRecord[];
  readonly orders: readonly (readonly [string, string])[];
  /** Left out while nothing was purged or deleted. Earlier versions have no `deleting`. */
  readonly purges?: Omit<Purges, "deleting"> & Partial<Pick<Purges, "deleting">>;
  /** Left out as long as no job was deleted. */
  readonly deleted?: readonly DeletedJob[];
}

export function takeSnapshot({
  jobs,
  deleted,
  workers,
  invites,
  orders,
  purges,
  ...numbers
}: WorkspaceState): Snapshot {
  return {
    v: snapshotVersion,
    ...numbers,
    jobs: [...jobs.values()].map((table) => ({ table: saveTable(table), trials: table.trials.save() })),
    workers: [...workers.values()].map((worker) => ({
      ...worker,
      retiredBoots: [...worker.retiredBoots],
      claims: worker.claims.save(),
    })),
    invites: [...invites.values()],
    orders: [...orders],
    ...(purges.before === 0 ? {} : { purges: copied(purges) }),
    ...(deleted.size === 0 ? {} : { deleted: [...deleted.values()] }),
  };
}

/** The state that was saved; equal to what folding the same records gives. */
export function restoreSnapshot(snapshot: Snapshot): WorkspaceState {
  const { v: _, jobs, deleted = [], workers, invites = [], orders, purges = noPurges(), ...numbers } = snapshot;
  const tables = jobs.map(({ table, trials }) => restoreTable(table, trials));
  const others = workers.some(({ ended }) => ended === undefined) ? otherEnds(tables) : new Map<WorkerId, number>();
  const worker = (saved: SavedWorker): WorkerRecord => ({
    ...saved,
    rejected: saved.rejected ?? 0, // a snapshot of an earlier version has none
    ended: saved.ended ?? saved.completed + (saved.rejected ?? 0) + saved.failed + (others.get(saved.id) ?? 0),
    setAside: saved.setAside ?? 0,
    invite: saved.invite ?? "",
    pools: saved.pools ?? [],
    isCutOff: saved.isCutOff ?? false,
    retiredBoots: new Set(saved.retiredBoots.slice(-mostRetired)),
    claims: ClaimRing.restored(saved.claims),
  });
  const state = {
    ...numbers,
    jobs: new Map(tables.map((table) => [table.job, table])),
    deleted: new Map(deleted.map((each) => [each.job, each])),
    workers: new Map(workers.map((saved) => [saved.id, worker(saved)])),
    invites: new Map(invites.map((invite) => [invite.id, { ...invite }])),
    orders: new Map(orders),
    purges: copied(purges),
  };
  // Snapshots of earlier versions have no marks on attempts.
  markOpen(state);
  return state;
}

/** Runs of each worker that ended with neither result nor failure; a snapshot of an earlier version does not count them. */
function otherEnds(tables: readonly RunTable[]): Map<WorkerId, number> {
  const ends = new Map<WorkerId, number>();
  for (const { trials } of tables) {
    for (const trial of trials) {
      if (!["pruned", "timed out", "cancelled"].includes(trial.status)) continue;
      const { worker } = lastAttempt(trial);
      ends.set(worker, (ends.get(worker) ?? 0) + 1);
    }
  }
  return ends;
}

const copied = (purges: NonNullable<Snapshot["purges"]>): Purges => ({
  ...purges,
  open: [...purges.open],
  deleting: [...(purges.deleting ?? [])],
});
