import type { JournalEvent } from "../../shared/domain/events.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import type { WorkerRecord, WorkspaceState } from "../../shared/domain/workspace-state.ts";
import type { Status, WorkerStatus } from "../../shared/wire/messages.ts";
import type { Style } from "./styled.ts";

/** busy: it holds runs. owner active: its owner took the machine back. lost: nothing was heard of it for too long. */
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

/** A symbol for each, so that colour is never needed to tell them apart. */
export const workerSymbols: Readonly<Record<WorkerState, { readonly symbol: string; readonly style: Style }>> = {
  busy: { symbol: "●", style: "good" },
  idle: { symbol: "○", style: "plain" },
  "owner active": { symbol: "◆", style: "accent" },
  paused: { symbol: "=", style: "warn" },
  draining: { symbol: "▼", style: "warn" },
  stopped: { symbol: "-", style: "warn" },
  benched: { symbol: "!", style: "bad" },
  revoked: { symbol: "!", style: "bad" },
  lost: { symbol: "✗", style: "bad" },
  away: { symbol: ".", style: "dim" },
};

export interface WorkerRow {
  readonly record: WorkerRecord;
  readonly state: WorkerState;
  /** Why it is so; empty where the state says it all. */
  readonly why: string;
  /** Wall clock of the last thing that the journal says of it; 0: nothing since this screen began to look. */
  readonly since: number;
  readonly held: number;
  /** Undefined while the leader has not said. */
  readonly slots: number | undefined;
  readonly silentMs: number | undefined;
  readonly owner: string;
  readonly version: string | undefined;
  /** Its wall clock less the leader's, where that is worth a word. */
  readonly skewMs: number | undefined;
}

/** What the journal's events say of workers beyond its fold: since when, and whether the owner is back. */
export class WorkerNotes {
  readonly #notes = new Map<WorkerId, { at: number; isOwnerActive: boolean; why: string; isLost: boolean }>();

  event(event: JournalEvent): void {
    if (!("worker" in event)) return;
    const isOwnerActive = event.type === "lost" && event.outcome === "reclaimed";
    const isLost = event.type === "lost" && event.outcome === "lost";
    const why = event.type === "lost" ? event.reason : "";
    const before = this.#notes.get(event.worker);
    // A run more or less changes nothing about how the worker is.
    if (before && event.type !== "worker-state" && before.isOwnerActive === isOwnerActive && before.isLost === isLost) {
      before.why = why;
      return;
    }
    this.#notes.set(event.worker, { at: event.at, isOwnerActive, isLost, why });
  }

  of(worker: WorkerId): {
    readonly at: number;
    readonly isOwnerActive: boolean;
    readonly isLost: boolean;
    readonly why: string;
  } {
    return this.#notes.get(worker) ?? { at: 0, isOwnerActive: false, isLost: false, why: "" };
  }
}

/** A worker that renews at a third of the lease and has not been heard for a whole one is lost. */
export function workerRows(
  state: WorkspaceState,
  notes: WorkerNotes,
  status: Status | null,
  statusAgeMs: number,
): WorkerRow[] {
  const present = new Map(status?.workers.map((each) => [each.worker, each]));
  const held = heldBy(state);
  return [...state.workers.values()]
    .map((record): WorkerRow => {
      const presence = present.get(record.id);
      const silentMs = presence && presence.silentMs + statusAgeMs;
      const holds = held.get(record.id) ?? 0;
      const note = notes.of(record.id);
      // A new leader hears of a worker only when it asks for more; until then a run that is still leased speaks for it.
      const isUnheard = silentMs === undefined ? holds === 0 : silentMs > 2 * (status?.leaseMs ?? 0);
      const isSilent = status !== null && isUnheard;
      return {
        record,
        ...stateOf(record, holds, note, isSilent, status !== null),
        since: note.at,
        held: holds,
        slots: presence?.slots,
        silentMs,
        owner: ownerRule(presence),
        version: presence?.version ?? undefined,
        skewMs: presence?.skewMs ?? undefined,
      };
    })
    .sort((a, b) => (a.record.id < b.record.id ? -1 : 1));
}

function stateOf(
  record: WorkerRecord,
  holds: number,
  note: { readonly isOwnerActive: boolean; readonly isLost: boolean; readonly why: string },
  isSilent: boolean,
  isKnown: boolean,
): { readonly state: WorkerState; readonly why: string } {
  if (record.state !== "admitted") return { state: record.state, why: record.reason };
  if (record.duty !== "working") return { state: record.duty, why: record.dutyReason };
  if (holds > 0)
    return { state: isSilent && isKnown ? "lost" : "busy", why: isSilent ? "silent, though it holds runs" : "" };
  if (note.isOwnerActive) return { state: "owner active", why: note.why };
  if (note.isLost && isSilent) return { state: "lost", why: note.why };
  return isSilent ? { state: "away", why: "not connected" } : { state: "idle", why: "" };
}

function ownerRule(presence: WorkerStatus | undefined): string {
  if (!presence) return "";
  const pools = presence.targets.length === 0 ? "" : ` ${presence.targets.join(",")}`;
  return `${presence.opportunistic ? "spare time" : "always"}${pools}`;
}

/** Trials that each worker holds, over all jobs. */
function heldBy(state: WorkspaceState): Map<WorkerId, number> {
  const held = new Map<WorkerId, number>();
  for (const table of state.jobs.values()) {
    for (const [worker, count] of table.holding) held.set(worker, (held.get(worker) ?? 0) + count);
  }
  return held;
}

/** How many are in each state, for the header. */
export function workerCounts(rows: readonly WorkerRow[]): Map<WorkerState, number> {
  const counts = new Map<WorkerState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
