import type { CheckpointPlace, JournalEvent } from "../../shared/domain/fold/events.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { lastAttempt, type Trial } from "../../shared/domain/fold/trial.ts";
import { apply, type WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import { LeaseTable } from "../../shared/domain/lease.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import type { Search } from "../../shared/domain/search/search.ts";
import { createSearch } from "../../shared/domain/search/searches.ts";
import type { Log } from "../../shared/log.ts";
import { BusError, type Clock } from "../../shared/ports.ts";
import type { Control } from "../../shared/wire/messages.ts";
import { outlived, stateSubject } from "./checkpoints.ts";
import { coresInUse, obstacle, openJobs } from "./fitting.ts";
import { JobAges } from "./job-age.ts";
import { Shares } from "./shares.ts";

/** Failures in a row on one worker while others succeed: the machine is at fault, and works no more until admitted. */
export const failuresBeforeBench = 3;

/** What a worker last said of itself; not journalled. */
export interface Presence {
  bootId: string;
  /** Processes that worked under this name before. */
  retired: ReadonlySet<string>;
  heardAt: number;
  slots: number;
  targets: readonly string[];
  opportunistic: boolean;
  noCode: boolean;
  version: string;
  /** Its wall clock less ours when it was last heard; null where it does not say. */
  skewMs: number | null;
}

export interface ReignPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Appends to the journal, in the order of the calls; resolves when stored. */
  append(event: JournalEvent): Promise<number>;
  /** Resolves when everything appended so far is stored. */
  flushed(): Promise<void>;
  /** Tells workers something unasked: one of them, or all (null). */
  tell(worker: WorkerId | null, control: Control): void;
  /** Deletes pieces of blobs in BLOB, by subject; wildcards allowed. */
  discard(subject: string): void;
  /** Subjects of the pieces that lie there. */
  stateSubjects(): Promise<string[]>;
  /** Sequence of the newest message in EV, asked of the broker. */
  lastEvidence(): Promise<number>;
  /** Whether this process may answer and decide at this moment. */
  leads(): boolean;
}

/** A claim that cites what does not come goes unanswered, and is asked again. */
const evidencePatienceMs = 4000;
/** What a worker has just stored is here within so long, unless the broker or this process is behind. */
const arrivingMs = 250;
const leastRetryMs = 15_000;
/** With the quarter more that a worker may wait it is still heard within the usual lease. */
const mostRetryMs = 22_000;
/** Of 5000 workers that wait 333 ask in a second, and of more no more than of 7300. */
const retryMsEach = 3;
/** Workers that are woken for each trial that waits, as some may be gone. */
const wokenForATrial = 4;

/**
 * One coordinator's time as leader: the folded journal and what only the leader knows (leases, who was heard from when).
 * The state runs ahead of the broker by the records not yet stored, so that the next choice sees them; nothing is
 * answered before the record it rests on is stored, and when an append is refused the whole reign is thrown away.
 */
export class Reign {
  readonly state: WorkspaceState;
  readonly term: number;
  readonly leaseMs: number;
  readonly leases: LeaseTable;
  readonly presence = new Map<WorkerId, Presence>();
  readonly ages: JobAges;
  /** Whose turn it is. */
  readonly shares: Shares;
  readonly ports: ReignPorts;
  /** Sequence in EV up to which everything has been judged. */
  evidenceSeq: number;
  /** Workers that are benched or stopped, or were: what they hold is looked after by enforce.ts. */
  readonly restrained = new Set<WorkerId>();
  /** Workers with so many failures in a row that they are benched as soon as others succeed. */
  readonly failing = new Set<WorkerId>();
  /** Workers that were told to hand back what they hold: since when, monotonic. */
  readonly stoppedSince = new Map<WorkerId, number>();
  /** Evidence that could not be read or was nobody's to give. */
  dropped = 0;
  readonly #searches = new Map<JobName, Search>();
  readonly #awaitingEvidence: { seq: number; go: () => void }[] = [];
  readonly #awaitingEnd = new Map<string, Set<() => void>>();
  readonly #iters = new Map<string, number>();
  readonly #stateBytes = new Map<JobName, number>();

  /** Workers that were sent away and not woken since. */
  readonly #waiting = new Set<WorkerId>();
  /** Whom an earlier leader has sent away is not known until all have been woken. */
  #knowsWhoWaits = false;

  /** What follows from a record: consequences.ts. */
  readonly #follow: (reign: Reign, event: JournalEvent) => void;

  constructor(
    state: WorkspaceState,
    term: number,
    leaseMs: number,
    ports: ReignPorts,
    follow: (reign: Reign, event: JournalEvent) => void,
  ) {
    this.state = state;
    this.term = term;
    this.leaseMs = leaseMs;
    this.leases = new LeaseTable(leaseMs);
    this.ages = new JobAges(ports.clock);
    this.shares = new Shares(ports.clock.monotonic());
    this.ports = ports;
    this.#follow = follow;
    this.evidenceSeq = state.evidenceSeq;
    this.#adoptLeases();
    for (const [worker, { failuresInRow }] of state.workers) {
      this.restrained.add(worker);
      if (failuresInRow >= failuresBeforeBench) this.failing.add(worker);
    }
  }

  /** Folds a decision, appends it, and does what follows from it; the promise resolves when the decision is stored. */
  record(event: JournalEvent): Promise<number> {
    const needless = outlived(this.state, event);
    apply(this.state, event);
    const stored = this.ports.append(event);
    if (needless && "n" in event) {
      const { job, n } = event;
      stored.then(
        () => this.discardState(job, n, needless),
        () => undefined, // the next leader's sweep finds it
      );
    }
    // Whoever must wait for it awaits the promise; for the others a refusal ends the reign as a whole, which is said there.
    stored.catch(() => undefined);
    this.#follow(this, event);
    return stored;
  }

  searchOf(table: RunTable): Search {
    let search = this.#searches.get(table.job);
    if (!search) {
      const { hpTuning, dgd } = table.submitted.settings;
      search = createSearch(hpTuning, { dgd });
      this.#searches.set(table.job, search);
    }
    return search;
  }

  /** Everything in EV up to `seq` has been judged. */
  judgedUpTo(seq: number): void {
    if (seq <= this.evidenceSeq) return;
    this.evidenceSeq = seq;
    for (let i = this.#awaitingEvidence.length - 1; i >= 0; i -= 1) {
      const waiter = this.#awaitingEvidence[i];
      if (waiter && waiter.seq <= seq) {
        this.#awaitingEvidence.splice(i, 1);
        waiter.go();
      }
    }
  }

  /**
   * Whether everything in EV up to `seq` has been judged; waits a while for it. What the broker does not hold is not waited
   * for: a worker that outlived the restoring of an older backup cites a message that is gone.
   */
  async hasJudged(seq: number): Promise<boolean> {
    // Mostly it is just arriving, and nothing need be asked.
    await this.evidenceJudged(seq, arrivingMs);
    if (seq <= this.evidenceSeq) return true;
    let last: number;
    try {
      last = await this.ports.lastEvidence();
    } catch (error) {
      if (error instanceof BusError) return false; // the broker is away, and the worker asks again
      throw error;
    }
    const due = Math.min(seq, last);
    await this.evidenceJudged(due);
    return this.evidenceSeq >= due;
  }

  /** Resolves when everything in EV up to `seq` has been judged, or after a while: look at `evidenceSeq`. */
  async evidenceJudged(seq: number, patienceMs = evidencePatienceMs): Promise<void> {
    if (seq <= this.evidenceSeq) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        timer.cancel();
        resolve();
      };
      const waiter = { seq, go };
      this.#awaitingEvidence.push(waiter);
      const giveUp = (): void => {
        const at = this.#awaitingEvidence.indexOf(waiter);
        if (at >= 0) this.#awaitingEvidence.splice(at, 1);
        resolve();
      };
      const timer = this.ports.clock.after(patienceMs, giveUp).unref();
    });
  }

  /** Resolves when the trial has ended or was taken from its holder, or after a while. */
  async trialLeft(job: JobName, n: number): Promise<void> {
    const key = `${job}/${n}`;
    const waiters = this.#awaitingEnd.get(key) ?? new Set();
    this.#awaitingEnd.set(key, waiters);
    await new Promise<void>((resolve) => {
      const go = (): void => {
        timer.cancel();
        waiters.delete(go);
        resolve();
      };
      const timer = this.ports.clock.after(evidencePatienceMs, go).unref();
      waiters.add(go);
    });
    if (waiters.size === 0 && this.#awaitingEnd.get(key) === waiters) this.#awaitingEnd.delete(key);
  }

  /**
   * How long a worker that found nothing waits before it asks again unasked; it is usually woken sooner. Longer where so many
   * wait that their questions would be most of the work, yet short of the silence after which nobody counts upon them.
   */
  get retryMs(): number {
    return Math.min(mostRetryMs, Math.max(leastRetryMs, this.#waiting.size * retryMsEach));
  }

  /** A worker was told that there is nothing for it: it asks again when woken. */
  sentAway(worker: WorkerId): void {
    // Those that have waited longest are first.
    this.#waiting.delete(worker);
    this.#waiting.add(worker);
  }

  /** Something to do may have come for everyone: workers that wait ask again. Where none waits nothing is said. */
  wake(): void {
    if (this.#knowsWhoWaits && this.#waiting.size === 0) return;
    this.#knowsWhoWaits = true;
    this.#waiting.clear();
    this.ports.tell(null, { kind: "work", term: this.term });
  }

  /**
   * Trials of this job wait for a slot: a few workers that wait and may take them are woken, those of whom one hears nothing
   * are passed over at the next call. If all were, each of ten thousand would ask at every lost trial.
   */
  wakeFor(table: RunTable): void {
    if (!this.#knowsWhoWaits) {
      this.wake();
      return;
    }
    let left = wokenForATrial * Math.max(1, table.waiting.size);
    const open = openJobs(this);
    for (const worker of this.#waiting) {
      const presence = this.presence.get(worker);
      if (!presence || !this.#mayWork(worker)) continue;
      if (obstacle(table, worker, presence, coresInUse(open, worker)) !== null) continue;
      this.#waiting.delete(worker);
      this.ports.tell(worker, { kind: "work", term: this.term });
      left -= 1;
      if (left === 0) break;
    }
  }

  /** Whether the journal lets it take runs at all. */
  #mayWork(worker: WorkerId): boolean {
    const record = this.state.workers.get(worker);
    return !record || (record.state === "admitted" && record.duty === "working");
  }

  /** A worker asks at once what becomes of the trials that it holds. */
  tellToRenew(worker: WorkerId): void {
    this.ports.tell(worker, { kind: "renew", term: this.term });
  }

  grant(table: RunTable, trial: Trial, charged = true): void {
    const { worker, attempt, bootId } = lastAttempt(trial);
    this.leases.grant({ job: table.job, n: trial.n, attempt, worker, bootId }, this.ports.clock.monotonic(), charged);
  }

  discardState(job: JobName, n: number, place: CheckpointPlace): void {
    this.ports.discard(stateSubject(job, n, place));
  }

  /** A state of a run of that job has so many bytes. */
  sizeOfState(job: JobName, bytes: number): void {
    this.#stateBytes.set(job, bytes);
  }

  stateBytes(job: JobName): number {
    return this.#stateBytes.get(job) ?? 0;
  }

  progress(job: JobName, n: number, iters: number): void {
    this.#iters.set(`${job}/${n}`, iters);
  }

  itersOf(job: JobName, n: number): number {
    return this.#iters.get(`${job}/${n}`) ?? 0;
  }

  forget(job: JobName, n: number): void {
    this.leases.end(job, n);
    this.#iters.delete(`${job}/${n}`);
    for (const go of this.#awaitingEnd.get(`${job}/${n}`) ?? []) go();
  }

  /** After a take-over every holder gets one full period, and losing it is not charged: the silence may have been ours. */
  #adoptLeases(): void {
    for (const table of this.state.jobs.values()) {
      if (table.open === 0) continue;
      for (const trial of table.trials.open()) {
        if (trial.status === "running") this.grant(table, trial, false);
      }
    }
  }
}
