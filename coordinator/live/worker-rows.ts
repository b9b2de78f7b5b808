import type { WorkerRecord, WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { Status, WorkerStatus } from "../../shared/wire/messages.ts";
import { heldBy, isSilent } from "../words/silence.ts";
import type { WorkerNote, WorkerNotes } from "./worker-notes.ts";

/**
 * busy: holds runs. owner active: its owner took the machine back. lost: silent while it should hold runs. away: not connected.
 */
export type WorkerState =
  | "busy"
  | "idle"
  | "owner active"
  | "paused"
  | "draining"
  | "stopped"
  | "benched"
  | "revoked"
  | "lost"
  | "away";

export interface WorkerRow {
  readonly record: WorkerRecord;
  readonly state: WorkerState;
  /** Why it is in this state; "" if the state says it all. */
  readonly why: string;
  /** Wall clock since when it has been in this state; 0: not known here. */
  readonly since: number;
  readonly held: number;
  /** Undefined until the leader has said. */
  readonly slots: number | undefined;
  readonly silentMs: number | undefined;
  readonly owner: string;
  readonly version: string | undefined;
  /** Its wall clock minus the leader's, if the difference matters. */
  readonly skewMs: number | undefined;
}

/** lab-2 before lab-10. */
const byName = new Intl.Collator("en", { numeric: true });

export interface WorkerLook {
  /** What the leader said last; null if it is silent. */
  readonly status: Status | null;
  /** Milliseconds since then. */
  readonly statusAgeMs: number;
  /** Wall clock of the machine that shows it. */
  readonly wall: number;
}

export function workerRows(
  state: WorkspaceState,
  notes: WorkerNotes,
  { status, statusAgeMs, wall }: WorkerLook,
): WorkerRow[] {
  const present = new Map(status?.workers.map((each) => [each.worker, each]));
  const held = heldBy(state);
  return [...state.workers.values()]
    .map((record): WorkerRow => {
      const presence = present.get(record.id);
      const silentMs = presence && presence.silentMs + statusAgeMs;
      const holds = held.get(record.id) ?? 0;
      const leaseMs = status?.leaseMs ?? null;
      return {
        record,
        ...stateOf(record, notes.of(record.id), { holds, silentMs, leaseMs, wall }),
        held: holds,
        slots: presence?.slots,
        silentMs,
        owner: ownerRule(presence),
        version: presence?.version ?? undefined,
        skewMs: presence?.skewMs ?? undefined,
      };
    })
    .sort((a, b) => byName.compare(a.record.id, b.record.id));
}

interface Presence {
  readonly holds: number;
  readonly silentMs: number | undefined;
  /** Null while the leader is silent: then no worker is called lost or away. */
  readonly leaseMs: number | null;
  readonly wall: number;
}

type StateOfWorker = Pick<WorkerRow, "state" | "why" | "since">;

function stateOf(record: WorkerRecord, note: WorkerNote, presence: Presence): StateOfWorker {
  const { holds, silentMs, leaseMs, wall } = presence;
  if (record.state !== "admitted") return { state: record.state, why: record.reason, since: note.orderedAt };
  if (record.duty !== "working") return { state: record.duty, why: record.dutyReason, since: note.orderedAt };
  const silentSince = silentMs === undefined ? 0 : wall - silentMs;
  // A new leader hears a worker only when it asks for work. Until then, a leased run proves that it is there.
  const isUnheard =
    leaseMs !== null && (silentMs === undefined ? holds === 0 : isSilent(record, { silentMs, leaseMs, held: holds }));
  if (holds > 0) {
    if (isUnheard) return { state: "lost", why: "silent, though it holds runs", since: silentSince };
    return { state: "busy", why: "", since: note.busySince };
  }
  const gone = leaseMs === null ? null : note.gone;
  if (gone?.how === "lost" && !wasHeard(gone.seenAt - (leaseMs ?? 0) / 2, silentSince)) {
    return { state: "lost", why: gone.why, since: gone.at };
  }
  if (isUnheard) return { state: "away", why: gone?.why ?? "not connected", since: silentSince };
  if (gone?.how === "handed back" && !wasHeard(gone.seenAt, silentSince)) {
    return { state: "owner active", why: gone.why, since: gone.at };
  }
  return { state: "idle", why: "", since: note.idleSince };
}

/** A lost worker had been silent for a lease; if it was heard after that, it is there. */
const wasHeard = (after: number, heardAt: number): boolean => heardAt > after;

function ownerRule(presence: WorkerStatus | undefined): string {
  if (!presence) return "";
  const pools = presence.targets.length === 0 ? "" : ` ${presence.targets.join(",")}`;
  return `${presence.opportunistic ? "spare time" : "always"}${pools}`;
}

/** Whether nothing is heard of a worker in this state. */
export const isGone = (state: WorkerState): boolean => state === "lost" || state === "away";

/** How many are in each state, for the header. */
export function workerCounts(rows: readonly WorkerRow[]): Map<WorkerState, number> {
  const counts = new Map<WorkerState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
