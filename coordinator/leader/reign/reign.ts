import { mayEverTake, type WhatItTakes } from "../../../shared/domain/fitting.ts";
import type { CheckpointPlace, JournalEvent, TrialEvent } from "../../../shared/domain/fold/events.ts";
import type { RunTable } from "../../../shared/domain/fold/run-table.ts";
import { lastAttempt } from "../../../shared/domain/fold/trial.ts";
import {
  apply,
  checkpointOf,
  type FailedTrial,
  type WorkspaceState,
} from "../../../shared/domain/fold/workspace-state.ts";
import { LeaseTable } from "../../../shared/domain/lease.ts";
import type { JobName, WorkerId } from "../../../shared/domain/names.ts";
import type { JobPruner } from "../../../shared/domain/pruning/job-pruner.ts";
import type { LendingSaid } from "../../../shared/wire/lending.ts";
import type { MachineSaid } from "../../../shared/wire/machine.ts";
import { chunks } from "../../../shared/wire/subjects.ts";
import { AwaitedEvidence } from "./awaited-evidence.ts";
import { BestsSoFar } from "./bests-so-far.ts";
import { BundlePieces } from "./bundle-pieces.ts";
import { Choices } from "./choices.ts";
import { Enrolments } from "./enrolments.ts";
import { JobAges } from "./job-age.ts";
import type { OwnQueue } from "./own-queue.ts";
import type { ReignPorts } from "./ports.ts";
import { PurgesUnderWay } from "./purges-under-way.ts";
import { Quotas } from "./quotas.ts";
import { RepeatedLines } from "./repeated-lines.ts";
import { Shares } from "./shares.ts";
import { WaitingWorkers } from "./waiting-workers.ts";

/** Failures in a row, while others succeed, after which the machine is at fault: it is benched until admitted. */
export const failuresBeforeBench = 3;

/** What a worker last said of itself; not journalled. */
export interface Presence extends WhatItTakes {
  bootId: string;
  /** The newest of the processes that worked under this name before. */
  readonly retired: Set<string>;
  heardAt: number;
  version: string;
  /** Its wall clock minus ours, in milliseconds, when it was last heard; null if it does not say. */
  skewMs: number | null;
  /** How long it takes at most to hand its runs back; it may not say. */
  graceMs?: number | undefined;
  /** What its owner allowed when it was last heard. */
  lending: LendingSaid;
  /** Why it got nothing when it last asked, where the journal does not say. */
  refusal?: string | null;
  /** What its machine had left then; null if it does not say. */
  machine: MachineSaid | null;
  /** Whether it said that it ends. */
  left?: boolean;
}

type Undated<Event> = Event extends JournalEvent ? Omit<Event, "at"> & { readonly at?: number } : never;
/** A record without its time, which is now. */
export type Decision = Undated<JournalEvent>;

/** Checkpoints that nobody needs once this record is stored. */
function outlived(
  state: WorkspaceState,
  event: JournalEvent,
): readonly Pick<FailedTrial, "job" | "n" | "checkpoint">[] {
  if (!("n" in event)) return [];
  const checkpoint = replaced(state, event);
  const own = checkpoint ? [{ job: event.job, n: event.n, checkpoint }] : [];
  // A worker that completes a run is not sick: its failures stand.
  const row = event.type === "completed" ? state.workers.get(event.worker)?.failureRow : undefined;
  return row && row.length > 0 ? [...own, ...row] : own;
}

/** The checkpoint that its trial needs no more after this record. */
function replaced(state: WorkspaceState, event: TrialEvent): CheckpointPlace | null {
  const isEnd = event.type === "completed" || event.type === "ended";
  const isUnread = event.type === "checkpoint-lost" && event.what === "unread";
  if (!isEnd && !isUnread && event.type !== "checkpoint") return null;
  const trial = state.jobs.get(event.job)?.trial(event.n);
  if (!trial?.checkpoint) return null;
  // An earlier holder made the new one: the present holder may just be fetching the older state.
  const isFromElsewhere = event.type === "checkpoint" && lastAttempt(trial).attempt !== event.attempt;
  return isFromElsewhere ? null : trial.checkpoint;
}

/**
 * One coordinator's time as leader: the folded journal, and what only the leader knows, such as leases and who was heard when.
 * The state is ahead of the broker by the records not yet stored, so that the next choice sees them. No answer is given before
 * the record that it rests on is stored, and when an append is refused the whole reign is thrown away.
 */
export class Reign {
  readonly state: WorkspaceState;
  readonly term: number;
  readonly leaseMs: number;
  /** When this coordinator began to lead, in monotonic milliseconds. */
  readonly beganAt: number;
  readonly leases: LeaseTable;
  readonly presence = new Map<WorkerId, Presence>();
  readonly ages: JobAges;
  /** Whose turn it is. */
  readonly shares: Shares;
  readonly ports: ReignPorts;
  readonly evidence: AwaitedEvidence;
  readonly waiting: WaitingWorkers;
  /** Workers that are or were benched or stopped; enforce.ts takes their runs from them. */
  readonly restrained = new Set<WorkerId>();
  /** Workers that are benched, or whose failures are taken back, as soon as others succeed. */
  readonly failing = new Set<WorkerId>();
  /** When each worker was told to hand its runs back, in monotonic milliseconds. */
  readonly stoppedSince = new Map<WorkerId, number>();
  readonly enrolments = new Enrolments();
  readonly quotas: Quotas;
  readonly purges = new PurgesUnderWay();
  readonly bundles: BundlePieces;
  /** Whether what is left of EV is kept for results. */
  onlyResults = false;
  /** Bytes that BLOB takes, as far as it is known; -1: not limited. */
  blobMost = -1;
  readonly choices: Choices;
  readonly bests: BestsSoFar;
  /** Searches of users that are open. */
  readonly own = new Map<JobName, OwnQueue>();
  /** Lines about what workers should not have sent. */
  readonly repeated: RepeatedLines;
  /** Messages that could not be read, or that their sender had no right to send. */
  dropped = 0;
  /** Runs that were taken from their holders. */
  losses = 0;
  /** Pruners of the jobs whose runs are pruned, from the first report on; the last ones that are over are kept. */
  readonly pruners = new Map<JobName, JobPruner>();
  readonly #iters = new Map<string, number>();
  readonly #stateBytes = new Map<JobName, number>();

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
    this.beganAt = ports.clock.monotonic();
    this.bundles = new BundlePieces(ports, state);
    this.leases = new LeaseTable(leaseMs);
    this.ages = new JobAges(ports.clock);
    this.shares = new Shares(this.beganAt, (worker, table) => {
      const said = this.presence.get(worker);
      const isHere = said !== undefined && said.left !== true && ports.clock.monotonic() - said.heardAt < 2 * leaseMs;
      return isHere && mayEverTake(table, worker, said);
    });
    this.ports = ports;
    this.quotas = new Quotas(ports.quotas);
    this.choices = new Choices(ports.clock);
    this.bests = new BestsSoFar(ports.clock);
    this.repeated = new RepeatedLines(ports.log);
    this.#follow = follow;
    this.evidence = new AwaitedEvidence(state.evidenceSeq, ports);
    this.waiting = new WaitingWorkers(state, this.presence, ports, term);
    this.#adoptLeases();
    for (const [worker, { state: standing, failuresInRow, failureRow }] of state.workers) {
      this.restrained.add(worker);
      const isBenched = standing === "benched" && failureRow.length > 0;
      if (isBenched || failuresInRow >= failuresBeforeBench) this.failing.add(worker);
    }
  }

  /** Folds a decision, appends it, and does what follows from it; the promise resolves when the decision is stored. */
  record(decision: Decision): Promise<number> {
    const event = { at: this.ports.clock.wall(), ...decision } as JournalEvent; // a decision and its time
    const needless = outlived(this.state, event);
    apply(this.state, event);
    const stored = this.ports.append(event);
    for (const { job, n, checkpoint } of needless) {
      if (!checkpoint) continue;
      this.discardState(job, n, checkpoint);
      if ("n" in event && (job !== event.job || n !== event.n)) this.pruners.get(job)?.forget(n);
    }
    // Callers that must wait await the promise. For the others a refusal ends the reign, which is logged there.
    stored.catch(() => undefined);
    this.#follow(this, event);
    return stored;
  }

  /** Counts a message that cannot be read or believed; of many from one sender only some are logged. */
  drop(sender: string, fields: object, text: string): void {
    this.dropped += 1;
    this.repeated.warn(sender, this.ports.clock.monotonic(), fields, text);
  }

  /** Makes a worker ask at once whether it keeps the trials that it holds. */
  tellToRenew(worker: WorkerId): void {
    this.ports.tell(worker, { kind: "renew", term: this.term });
  }

  /** Gives the holder of a trial a full period from now. */
  grant(table: RunTable, n: number, charged = true): void {
    const trial = table.trial(n);
    if (!trial) throw new RangeError(`${table.job} has no trial ${n}`);
    const { worker, attempt, bootId } = lastAttempt(trial);
    this.leases.grant({ job: table.job, n, attempt, worker, bootId }, this.ports.clock.monotonic(), charged);
  }

  /**
   * Deletes a state once the records that make it needless are stored: if one is refused, another leader may need it. It stays if
   * the trial goes on from it, or may: anyone may repeat the message that led to this.
   */
  discardState(job: JobName, n: number, place: Pick<CheckpointPlace, "worker" | "attempt" | "blob">): void {
    const isNeeded = (): boolean => {
      const kept = checkpointOf(this.state, job, n);
      return kept?.worker === place.worker && kept.attempt === place.attempt && kept.blob === place.blob;
    };
    const discard = async (): Promise<void> => {
      const wasNeeded = isNeeded();
      await this.ports.flushed();
      if (isNeeded()) return;
      if (wasNeeded) await this.ports.flushed(); // A record decided meanwhile made it needless.
      if (this.ports.leads()) this.ports.discard(chunks(place.worker, job, n, place.attempt, place.blob));
    };
    // What is not deleted now, a sweep finds.
    discard().catch(() => undefined);
  }

  /** The size of the newest checkpoint of a job's runs. */
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
    this.evidence.left(job, n);
  }

  /** Drops what was kept of a deleted job, whose runs have ended before. */
  forgetJob(job: JobName): void {
    this.pruners.delete(job);
    this.#stateBytes.delete(job);
    this.bests.forget(job);
  }

  /** Drops all that was kept of a forgotten worker. */
  forgetWorker(worker: WorkerId): void {
    this.presence.delete(worker);
    this.restrained.delete(worker);
    this.failing.delete(worker);
    this.stoppedSince.delete(worker);
    this.quotas.forget(worker);
    this.shares.forgetWorker(worker);
  }

  /** After a take-over every lease gets a full period, and its loss is not charged: the silence may have been ours. */
  #adoptLeases(): void {
    for (const table of this.state.jobs.values()) {
      if (table.open === 0) continue;
      for (const trial of table.trials.open()) {
        if (trial.status !== "running") continue;
        this.grant(table, trial.n, false);
        // So that a new job is even with those that its own workers serve.
        this.shares.served(table, lastAttempt(trial).worker);
      }
    }
  }
}
