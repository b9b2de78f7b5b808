import type { WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { Status } from "../../shared/wire/messages.ts";
import { type WorkerRow, workerRows } from "../words/why/worker-rows.ts";
import type { WorkerNotes } from "./worker-notes.ts";

/** Workers' states are looked up this often: they also change by the clock, and cost a pass over all workers. */
const everyMs = 500;

/** What is known of the workers, and when. Times are monotonic milliseconds, except `wall`. */
export interface Looked {
  readonly now: number;
  /** Rises with everything that happened. */
  readonly version: number;
  readonly state: WorkspaceState;
  readonly notes: WorkerNotes;
  readonly status: Status | null;
  readonly statusAge: number;
  readonly isLeaderSilent: boolean;
  readonly wall: number;
}

interface Seen {
  readonly rows: readonly WorkerRow[];
  readonly byName: ReadonlyMap<WorkerId, WorkerRow>;
  readonly at: number;
  readonly version: number;
}

/** The state of each worker, at most a second old. */
export class WorkersLook {
  #seen: Seen | null = null;

  of({ now, version, state, notes, status, statusAge, isLeaderSilent, wall }: Looked): Seen {
    const seen = this.#seen;
    if (seen && now >= seen.at && now - seen.at < (seen.version === version ? 2 : 1) * everyMs) return seen;
    // A silent leader says nothing about its workers.
    const rows = workerRows(state, notes, { status: isLeaderSilent ? null : status, statusAgeMs: statusAge, wall });
    const byName = new Map(rows.map((row) => [row.record.id, row]));
    this.#seen = { rows, byName, at: now, version };
    return this.#seen;
  }
}
