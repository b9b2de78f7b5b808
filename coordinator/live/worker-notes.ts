import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../shared/domain/names.ts";
import { nothingSeen, type WorkerNote } from "../words/why/worker-note.ts";

type Note = { -readonly [Key in keyof WorkerNote]: WorkerNote[Key] } & {
  /** The attempts that it holds, if they were seen to begin. */
  readonly held: Set<string>;
  /** When its last runs completed, oldest first. */
  readonly ends: number[];
};

/** A shorter pause is just the change from one run to the next. */
const betweenRunsMs = 5000;
/** Ends of attempts that are remembered; the trials of older ones have long ended. */
const mostEnds = 5000;
/** A worker's pace rests on at most this many of its last runs, none older than a day. */
const mostPace = 30;
const paceMs = 86_400_000;

/** What the journal says about workers beyond its fold: since when they are busy or idle, and how their stays ended. */
export class WorkerNotes {
  readonly #notes = new Map<WorkerId, Note>();
  readonly #ends = new Map<string, number>();

  /** @param seenAt  this machine's wall clock; the event's own time for events of the past, as the best guess */
  event(event: JournalEvent, seenAt: number): void {
    if (!("worker" in event)) return;
    const { type, worker, at } = event;
    const note = this.#noteOf(worker);
    switch (type) {
      case "worker-enrolled":
        note.idleSince = at;
        return;
      case "worker-state":
        note.orderedAt = at;
        return;
      case "assigned":
        if (note.busySince === 0 || (note.held.size === 0 && at - note.idleSince > betweenRunsMs)) note.busySince = at;
        note.held.add(key(event));
        note.gone = null;
        return;
      case "completed":
      case "ended":
      case "lost": {
        if (note.held.delete(key(event)) && note.held.size === 0) note.idleSince = at;
        if (type === "completed") note.ends.push(at);
        if (note.ends.length > mostPace) note.ends.shift();
        if (type !== "lost") return;
        this.#remember(key(event), at);
        // If the worker reported the end itself, it was not silent.
        const isSilence = event.outcome === "lost" && event.ev === 0;
        if (isSilence) note.gone = { how: "lost", why: event.reason, at, seenAt };
        if (event.outcome === "reclaimed") note.gone = { how: "handed back", why: event.reason, at, seenAt };
        return;
      }
      default:
        return;
    }
  }

  of(worker: WorkerId): WorkerNote {
    return this.#notes.get(worker) ?? nothingSeen;
  }

  /**
   * Runs that a worker completes a minute, by its last ones; undefined before the second of the last day.
   *
   * @param wall  now, by the journal's clock: while nothing ends, the pace falls
   */
  paceOf(worker: WorkerId, wall: number): number | undefined {
    const recent = this.#notes.get(worker)?.ends.filter((at) => wall - at < paceMs) ?? [];
    const [first] = recent;
    const isUsable = first !== undefined && recent.length > 1 && wall > first;
    return isUsable ? (60_000 * (recent.length - 1)) / (wall - first) : undefined;
  }

  /** The worker was heard again. */
  cameBack(worker: WorkerId, at: number): void {
    const note = this.#noteOf(worker);
    note.gone = null;
    note.idleSince = at;
  }

  /** When an attempt was lost; undefined if that was not seen. */
  endOf(attempt: AttemptName): number | undefined {
    return this.#ends.get(key(attempt));
  }

  #noteOf(worker: WorkerId): Note {
    let note = this.#notes.get(worker);
    if (!note) {
      note = { ...nothingSeen, held: new Set(), ends: [] };
      this.#notes.set(worker, note);
    }
    return note;
  }

  #remember(attempt: string, at: number): void {
    this.#ends.set(attempt, at);
    if (this.#ends.size > mostEnds) this.#ends.delete(this.#ends.keys().next().value ?? "");
  }
}

interface AttemptName {
  readonly job: string;
  readonly n: number;
  readonly attempt: number;
}

const key = ({ job, n, attempt }: AttemptName): string => `${job} ${n} ${attempt}`;
