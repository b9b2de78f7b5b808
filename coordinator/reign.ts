import type { JournalEvent } from "../shared/domain/events.ts";
import { LeaseTable } from "../shared/domain/lease.ts";
import type { JobName, WorkerId } from "../shared/domain/names.ts";
import type { RunTable } from "../shared/domain/run-table.ts";
import { createSearch, type Search } from "../shared/domain/search/search.ts";
import { isOpen, lastAttempt, type Trial } from "../shared/domain/trial.ts";
import { apply, type WorkspaceState } from "../shared/domain/workspace-state.ts";
import type { Log } from "../shared/log.ts";
import type { Clock } from "../shared/ports.ts";
import type { Control } from "../shared/wire/messages.ts";

/** What a worker last said of itself; not journalled. */
export interface Presence {
  bootId: string;
  /** Processes that worked under this name before. */
  retired: ReadonlySet<string>;
  heardAt: number;
  slots: number;
  targets: readonly string[];
  opportunistic: boolean;
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
  /** Whether this process may answer and decide at this moment. */
  leads(): boolean;
}

/** A claim that cites what does not come goes unanswered, and is asked again. */
const evidencePatienceMs = 4000;

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
  readonly ports: ReignPorts;
  /** Sequence in EV up to which everything has been judged. */
  evidenceSeq: number;
  /** Evidence that could not be read or was nobody's to give. */
  dropped = 0;
  readonly #searches = new Map<JobName, Search>();
  readonly #awaitingEvidence: { seq: number; go: () => void }[] = [];
  readonly #iters = new Map<string, number>();

  constructor(state: WorkspaceState, term: number, leaseMs: number, ports: ReignPorts) {
    this.state = state;
    this.term = term;
    this.leaseMs = leaseMs;
    this.leases = new LeaseTable(leaseMs);
    this.ports = ports;
    this.evidenceSeq = state.evidenceSeq;
    this.#adoptLeases();
  }

  /** Folds a decision and appends it; the promise resolves when it is stored. */
  record(event: JournalEvent): Promise<number> {
    apply(this.state, event);
    const stored = this.ports.append(event);
    // Whoever must wait for it awaits the promise; for the others a refusal ends the reign as a whole, which is said there.
    stored.catch(() => undefined);
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

  /** Resolves when everything in EV up to `seq` has been judged, or after a while: look at `evidenceSeq`. */
  async evidenceJudged(seq: number): Promise<void> {
    if (seq <= this.evidenceSeq) return;
    await new Promise<void>((resolve) => {
      const waiter = { seq, go: (): void => resolve() };
      this.#awaitingEvidence.push(waiter);
      setTimeout(() => {
        const at = this.#awaitingEvidence.indexOf(waiter);
        if (at >= 0) this.#awaitingEvidence.splice(at, 1);
        resolve();
      }, evidencePatienceMs).unref();
    });
  }

  /** Something to do may have come: workers that wait ask again. */
  wake(): void {
    this.ports.tell(null, { kind: "work", term: this.term });
  }

  grant(table: RunTable, trial: Trial, charged = true): void {
    const { worker, attempt, bootId } = lastAttempt(trial);
    this.leases.grant({ job: table.job, n: trial.n, attempt, worker, bootId }, this.ports.clock.monotonic(), charged);
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
  }

  /** After a take-over every holder gets one full period, and losing it is not charged: the silence may have been ours. */
  #adoptLeases(): void {
    for (const table of this.state.jobs.values()) {
      if (table.open === 0) continue;
      for (const trial of table.trials) {
        if (isOpen(trial) && trial.status === "running") this.grant(table, trial, false);
      }
    }
  }
}
