import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import type { WorkerId } from "../../shared/domain/names.ts";

/** How a worker's last stay ended, where not by a result. */
export interface Gone {
  /** lost: nothing was heard of it. handed back: its owner, or an operator, took its runs from it. */
  readonly how: "lost" | "handed back";
  readonly why: string;
  /** Wall clock of the journal, for people ... */
  readonly at: number;
  /** ... and of whoever looks, for comparing: two machines' clocks may differ. */
  readonly seenAt: number;
}

interface Note {
  /** The attempts that it holds, as far as this screen has seen them begin. */
  readonly held: Set<string>;
  /** When it took the first of them after a pause, and when it gave back the last one; 0: not seen. */
  busySince: number;
  idleSince: number;
  /** When what it may do was changed. */
  orderedAt: number;
  gone: Gone | null;
}

/** A pause as short as this is only the way from one run to the next. */
const betweenRunsMs = 5000;
/** Ends of attempts that are remembered; older ones are of trials that have long ended. */
const mostEnds = 5000;

/** What the journal's events say of workers and their stays beyond its fold: since when, and how they ended. */
export class WorkerNotes {
  readonly #notes = new Map<WorkerId, Note>();
  readonly #ends = new Map<string, number>();

  /** @param seenAt  wall clock of whoever looks; of events that are read and not live, the event's own is the best guess */
  event(event: JournalEvent, seenAt: number): void {
    if (!("worker" in event)) return;
    const { type, worker, at } = event;
    const note = this.#of(worker);
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
        if (type !== "lost") return;
        this.#remember(key(event), at);
        // A stay whose end the worker told itself was no silence.
        const isSilence = event.outcome === "lost" && event.ev === 0;
        if (isSilence) note.gone = { how: "lost", why: event.reason, at, seenAt };
        if (event.outcome === "reclaimed") note.gone = { how: "handed back", why: event.reason, at, seenAt };
        return;
      }
      default:
        return;
    }
  }

  /** What is known of the end of a worker's last stay; null while it has a run, or nothing went wrong. */
  goneOf(worker: WorkerId): Gone | null {
    return this.#notes.get(worker)?.gone ?? null;
  }

  /** It was heard again. */
  cameBack(worker: WorkerId, at: number): void {
    const note = this.#of(worker);
    note.gone = null;
    note.idleSince = at;
  }

  /** Since when it has had runs, one after the other; 0: not seen. */
  busySince(worker: WorkerId): number {
    return this.#notes.get(worker)?.busySince ?? 0;
  }

  /** Since when it has had none; 0: not seen. */
  idleSince(worker: WorkerId): number {
    return this.#notes.get(worker)?.idleSince ?? 0;
  }

  orderedAt(worker: WorkerId): number {
    return this.#notes.get(worker)?.orderedAt ?? 0;
  }

  /** When an attempt ended that its trial outlived; undefined where that was not seen. */
  endOf(attempt: AttemptName): number | undefined {
    return this.#ends.get(key(attempt));
  }

  #of(worker: WorkerId): Note {
    let note = this.#notes.get(worker);
    if (!note) {
      note = { held: new Set(), busySince: 0, idleSince: 0, orderedAt: 0, gone: null };
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
