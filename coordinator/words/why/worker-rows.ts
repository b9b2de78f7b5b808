import { type Hindrance, inUse, openJobs } from "../../../shared/domain/fitting.ts";
import type { WorkerRecord, WorkspaceState } from "../../../shared/domain/fold/workspace-state.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import type { Status, WorkerStatus } from "../../../shared/wire/messages.ts";
import { heldByWorker, isSilent } from "../silence.ts";
import { withAuthor } from "../status-words.ts";
import { whyIdle } from "./idle.ts";
import type { WorkerNote } from "./worker-note.ts";

/**
 * busy: holds runs. owner active: its owner took the machine back, or uses it while its runs wait. not lending: its owner lends
 * it at other times. lost: silent while it should hold runs. left: it ended in good order. away: not connected.
 */
export type WorkerState =
  | "busy"
  | "idle"
  | "owner active"
  | "not lending"
  | "paused"
  | "draining"
  | "stopped"
  | "benched"
  | "revoked"
  | "lost"
  | "left"
  | "away";

export interface WorkerRow extends Hindrance {
  readonly record: WorkerRecord;
  readonly state: WorkerState;
  /** Why it is in this state; "" if the state says it all. */
  readonly why: string;
  /** Wall clock since when it has been in this state; 0: not known here. */
  readonly since: number;
  readonly held: number;
  /** Undefined until the leader has said. */
  readonly slots: number | undefined;
  /** Pools that it serves, empty: all; undefined until the leader has said. */
  readonly targets: readonly string[] | undefined;
  readonly silentMs: number | undefined;
  /** Percent of its processors, memory and lent GPUs in use, as it last said; undefined: it does not say. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly gpu: number | undefined;
  /** GPUs that it lends, and those that its runs have. */
  readonly gpus: number;
  readonly gpusTaken: number;
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

/** Every worker's state, decided here alone: for `list workers`, `why` and the screen. */
export function workerRows(
  state: WorkspaceState,
  notes: { of(worker: WorkerId): WorkerNote },
  { status, statusAgeMs, wall }: WorkerLook,
): WorkerRow[] {
  const present = new Map(status?.workers.map((each) => [each.worker, each]));
  const held = heldByWorker(state);
  const open = openJobs(state);
  return [...state.workers.values()]
    .map((record): WorkerRow => {
      const says = present.get(record.id);
      const silentMs = says && says.silentMs + statusAgeMs;
      const holds = held.get(record.id) ?? 0;
      const leaseMs = status?.leaseMs ?? null;
      return {
        record,
        ...stateOf(state, record, notes.of(record.id), { holds, silentMs, leaseMs, wall, says }),
        held: holds,
        slots: says?.slots,
        targets: says?.targets,
        silentMs,
        cpu: says?.cpu ?? undefined,
        memory: says?.memory ?? undefined,
        gpu: says?.gpu ?? undefined,
        gpus: says?.gpus ?? 0,
        gpusTaken: says?.gpus ? inUse(open, record.id).gpus : 0,
        owner: ownerRule(says),
        version: says?.version ?? undefined,
        skewMs: says?.skewMs ?? undefined,
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
  /** What it says itself, through the leader. */
  readonly says: WorkerStatus | undefined;
}

type StateOfWorker = Pick<WorkerRow, "state" | "since" | keyof Hindrance>;

function stateOf(state: WorkspaceState, record: WorkerRecord, note: WorkerNote, presence: Presence): StateOfWorker {
  const { holds, silentMs, leaseMs, wall, says } = presence;
  if (record.state !== "admitted") return { state: record.state, since: note.orderedAt, ...whyBarred(record) };
  if (record.duty !== "working") {
    const undo = { change: "", commands: [`nexus resume ${record.id}`] };
    return { state: record.duty, since: note.orderedAt, why: record.dutyReason, ...undo };
  }
  const silentSince = silentMs === undefined ? 0 : wall - silentMs;
  if (says?.left && holds === 0) return { state: "left", since: silentSince, ...leftText(record, note) };
  // A new leader hears a worker only when it asks for work. Until then, a leased run proves that it is there.
  const isUnheard =
    leaseMs !== null && (silentMs === undefined ? holds === 0 : isSilent(record, { silentMs, leaseMs, held: holds }));
  const withheld = isUnheard ? null : withheldBy(presence);
  if (holds > 0) {
    if (isUnheard) {
      const elsewhere = `its runs go to others when their leases end; ${startAgain(record)}`;
      const why = "silent, though it holds runs";
      return { state: "lost", since: silentSince, why, change: elsewhere, commands: [] };
    }
    if (withheld) return withheld;
    return { state: "busy", since: note.busySince, why: "", change: "nothing: it runs", commands: [] };
  }
  if (withheld) return withheld;
  const gone = leaseMs === null ? null : note.gone;
  const change = startAgain(record);
  if (gone?.how === "lost" && !wasHeard(gone.seenAt - (leaseMs ?? 0) / 2, silentSince)) {
    return { state: "lost", since: gone.at, why: gone.why, change, commands: [] };
  }
  if (isUnheard) return { state: "away", since: silentSince, why: gone?.why ?? "not connected", change, commands: [] };
  if (gone?.how === "handed back" && !wasHeard(gone.seenAt, silentSince)) {
    return { state: "owner active", since: gone.at, why: gone.why, change: "its owner starts it again", commands: [] };
  }
  return { state: "idle", since: note.idleSince, ...whyIdle(state, record, presence.says) };
}

const leftText = ({ host, id }: WorkerRecord, { gone }: WorkerNote): Hindrance => ({
  why: gone?.how === "handed back" ? gone.why : "its process has ended in good order",
  change: `start it on ${host || id}: nexus-worker`,
  commands: [],
});

/** Benched or revoked: why, by whom, and how that is undone. */
function whyBarred({ id, state, reason, stateBy, stateActor, isCutOff }: WorkerRecord): Hindrance {
  const whole = stateActor === "coordinator" ? `${reason} (by the coordinator)` : withAuthor(reason, stateBy);
  const why = `${whole}${isCutOff ? "; the broker refuses its key" : ""}`;
  return state === "revoked"
    ? {
        why: `${why}; its key opens nothing any more`,
        change: "its machine may join again under this name once it is forgotten",
        commands: [`nexus workers forget ${id}`],
      }
    : { why, change: "", commands: [`nexus admit ${id}`] };
}

export const startAgain = ({ host, id }: WorkerRecord): string =>
  `it resumes as soon as it reconnects; if its process has ended, start it on ${host || id}: nexus-worker`;

/** How its owner keeps it from work, as the worker itself says; null if the owner lets it work. */
function withheldBy({ says, silentMs = 0, wall }: Presence): StateOfWorker | null {
  if (!says?.lending || says.lending === "open") return null;
  const { lendingWhy, lendingUntil, lendingMs } = says;
  return {
    state: says.lending === "frozen" ? "owner active" : "not lending",
    since: wall - (lendingMs ?? 0) - (silentMs - says.silentMs),
    why: lendingWhy ?? "",
    change: lendingUntil ? `lends again ${lendingUntil}` : "lends again when its owner lets it",
    commands: [],
  };
}

/** A lost worker had been silent for a lease; if it was heard after that, it is there. */
const wasHeard = (after: number, heardAt: number): boolean => heardAt > after;

function ownerRule(presence: WorkerStatus | undefined): string {
  if (!presence) return "";
  const pools = presence.targets.length === 0 ? "" : ` ${presence.targets.join(",")}`;
  return `${presence.opportunistic ? "spare time" : "always"}${pools}`;
}

/** Whether nothing is heard of a worker in this state. */
export const isGone = (state: WorkerState): boolean => state === "lost" || state === "left" || state === "away";

/** How many are in each state, for the header. */
export function workerCounts(rows: readonly WorkerRow[]): Map<WorkerState, number> {
  const counts = new Map<WorkerState, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
