import type { Lead } from "../../shared/domain/evaluation/lead.ts";
import type { JournalEvent } from "../../shared/domain/fold/events.ts";
import { hasResult } from "../../shared/domain/fold/rejection.ts";
import type { RunTable } from "../../shared/domain/fold/run-table.ts";
import { holderOf, type Trial } from "../../shared/domain/fold/trial.ts";
import { emptyWorkspace, type WorkspaceState } from "../../shared/domain/fold/workspace-state.ts";
import type { MachineHealth } from "../../shared/domain/health/machine-health.ts";
import type { Standing } from "../../shared/domain/model/standings.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import type { LeaseStatus, ReportRow, Status } from "../../shared/wire/messages.ts";
import { statusEveryMs } from "../../shared/wire/status.ts";
import type { RunEvidence } from "../reading/evidence-reader.ts";
import { type TimeLeft, timeLeft, timeLeftHoldsMs } from "../words/time-left.ts";
import { type Waiting, type WaitingWords, whyWaiting } from "../words/waiting.ts";
import { whyJob } from "../words/why/job-why.ts";
import { frozenText } from "../words/why/run-why.ts";
import type { Why } from "../words/why/why.ts";
import { isGone, type WorkerRow, type WorkerState, workerRows } from "../words/why/worker-rows.ts";
import { ChoicesSeen } from "./choices-seen.ts";
import { CurveStore, LiveCurve } from "./curve-store.ts";
import { type EventLevel, EventList } from "./event-list.ts";
import type { Findings } from "./findings.ts";
import { HealthLook } from "./health-look.ts";
import { Lately } from "./lately.ts";
import { Leading } from "./leading.ts";
import type { LiveSearchOptions, SearchListener } from "./live-search-options.ts";
import { Meter } from "./meter.ts";
import { newestJob } from "./newest-job.ts";
import { PastEvents } from "./past-events.ts";
import { ReportSilence } from "./report-silence.ts";
import { RunsBySet } from "./runs-by-set.ts";
import { SideWork } from "./side-work.ts";
import { WorkerNotes } from "./worker-notes.ts";
import { type Work, WorkerWork } from "./worker-work.ts";
import { WorkersLook } from "./workers-look.ts";

/** Missed status messages after which there seems to be no leader (one a second, less often with many leases) ... */
const wordsMissed = 3;
/** ... but not before this: a machine may be busy. */
const leastSilenceMs = 5000;
/** Cap on the silence counted between two looks, a second apart: a suspended view proves nothing about the leader. */
const mostSilencePerLookMs = 1500;

/** A job counts as stalled if none of its runs has started or ended for this long, and none is running. */
const betweenRunsMs = 3000;

/**
 * One search as it is now: the folded journal, what else was heard, and what follows from both. `Feed` keeps it up to date; the
 * terminal screen, the plain view and any other view read it. Nothing here knows about a cursor, a colour or a terminal.
 *
 * Times named `now` are milliseconds of one monotonic clock, the same for the feed and for `look`.
 */
export class LiveSearch {
  readonly events = new EventList();
  readonly curves = new CurveStore();
  readonly notes = new WorkerNotes();
  /** Computes what frames show but do not wait for. */
  readonly sideWork = new SideWork();
  readonly #choices = new ChoicesSeen();
  /** Reports of the shown job that came in the last seconds. */
  readonly reports = new Meter();
  /** Which runs of the shown job have not reported for long. */
  readonly silence = new ReportSilence();
  state: WorkspaceState = emptyWorkspace();
  /** Rises with everything that happened. */
  version = 0;
  job: JobName | null = null;
  /** Whether the journal has been read to its end: what comes now is news. */
  isLive = false;
  /** Whether reports from before the first look are still being read. */
  isCatchingUp = false;
  /** Whether the broker has not been reachable for a while. */
  isAway = false;
  /** What the leader said last. */
  status: Status | null = null;
  /** Leases of the shown job, by trial number. */
  leases: ReadonlyMap<number, LeaseStatus> = new Map();
  /** When somebody last looked. */
  now = 0;
  /** The newest findings about the shown search; null: none yet. */
  findings: Findings | null = null;
  /** Whether a `FindingsDesk` finds out how long the best has led, so that a frame need not. */
  hasDesk = false;
  readonly #options: LiveSearchOptions;
  readonly #listeners: SearchListener[] = [];
  readonly #past = new PastEvents();
  /** When something last happened to a run of the shown job; undefined: not since this view has been live. */
  #runsAt: number | undefined;
  #statusAt = 0;
  #standsSince = 0;
  /** How long the leader has been silent while this view was listening. */
  #silentMs = 0;
  #lookedAt: number | undefined;
  /** Trials whose evidence was read, and whether it held reports. */
  readonly #read = new Map<number, boolean>();
  readonly #consoles = new Map<number, string>();
  /** The drawn metric of each stage, if the journal does not name it yet. */
  readonly #metrics = new Map<number, string>();
  readonly #runsBySet = new RunsBySet();
  readonly #leading = new Leading(this.sideWork);
  readonly #health = new HealthLook(this.sideWork);
  readonly #timeLeft = new Lately(this.sideWork, {
    make: (table: RunTable) => timeLeft(table, this.wall),
    leastMs: timeLeftHoldsMs,
  });
  readonly #work = new WorkerWork();
  readonly #workerStates = new Map<WorkerId, WorkerState>();
  readonly #workers = new WorkersLook();

  constructor(options: LiveSearchOptions = {}) {
    this.#options = options;
  }

  listen(listener: SearchListener): void {
    this.#listeners.push(listener);
  }

  get wall(): number {
    return this.#options.wall?.() ?? Date.now();
  }

  get table(): RunTable | undefined {
    return this.job === null ? undefined : this.state.jobs.get(this.job);
  }

  /** A record was folded into `state`. */
  happened(event: JournalEvent, state: WorkspaceState): void {
    this.state = state;
    this.version += 1;
    this.notes.event(event, this.isLive ? this.wall : event.at);
    this.#choices.event(event);
    if (event.type === "job-deleted" && event.messages === null) this.#forget(event.job);
    if (this.isLive && "n" in event && event.job === this.job) {
      this.#runsAt = this.now;
      if (event.type === "completed" || event.type === "ended") this.silence.ended(event.n, this.now);
    }
    if (this.isLive) this.events.event(event, this.#tableOf(event));
    else this.#past.add(event);
    for (const listener of this.#listeners) listener.event?.(event, this.#tableOf(event));
    const { showsNewJobs = true, staysWhenOver = false } = this.#options;
    const isFree = this.job === null || (!staysWhenOver && this.table?.isOver);
    if (this.isLive && event.type === "job" && showsNewJobs && isFree) this.showJob(event.job);
  }

  /** The journal has been read to its end. */
  live(state: WorkspaceState): void {
    this.state = state;
    this.isLive = true;
    this.version += 1;
    this.#past.tell(this.events, (event) => this.#tableOf(event));
  }

  #tableOf(event: JournalEvent): RunTable | undefined {
    return "job" in event ? this.state.jobs.get(event.job) : undefined;
  }

  /** Something about this view, not about the search. */
  note(text: string, level: EventLevel): void {
    if (this.events.add(this.wall, text, level)) this.#options.onNote?.(text);
  }

  /** Drops a deleted job. If it was shown, the newest other job takes its place, provided that others may be shown. */
  #forget(job: JobName): void {
    this.events.forget(job);
    this.#past.forget(job);
    const { showsNewJobs = true } = this.#options;
    if (job === this.job) this.showJob((showsNewJobs && newestJob(this.state)) || null);
  }

  /** @param job  null: none is left */
  showJob(job: JobName | null): void {
    if (job === this.job) return;
    this.job = job;
    this.version += 1;
    this.leases = new Map();
    this.findings = null;
    this.#standsSince = 0;
    this.#runsAt = undefined;
    for (const store of [this.curves, this.reports, this.silence, this.#read, this.#consoles, this.#metrics])
      store.clear();
    for (const listener of this.#listeners) listener.jobShown?.();
  }

  /** The leader told its status. */
  heard(status: Status, now: number): void {
    if (status.term < this.state.term) return;
    this.status = status;
    this.#statusAt = now;
    this.#silentMs = 0;
    this.leases = new Map(status.leases.filter(({ job }) => job === this.job).map((lease) => [lease.n, lease]));
    for (const { n, iters } of this.leases.values()) this.silence.saidBy(n, iters, now);
    this.version += 1;
    this.#watchWorkers(status);
    for (const line of this.#health.news(this.state, now)) this.events.add(this.wall, line, "trouble");
  }

  /** Notes workers that went and came back, which the journal does not record. */
  #watchWorkers(status: Status): void {
    const { wall } = this;
    for (const { record, state, why } of workerRows(this.state, this.notes, { status, statusAgeMs: 0, wall })) {
      const before = this.#workerStates.get(record.id);
      this.#workerStates.set(record.id, state);
      if (before === undefined || isGone(before) === isGone(state)) continue;
      if (state === "left") this.events.add(wall, `worker ${record.id} has left: ${why}`, "info");
      else if (isGone(state)) this.events.add(wall, `worker ${record.id} is ${state}: ${why}`, "trouble");
      else {
        this.notes.cameBack(record.id, wall);
        this.events.add(wall, `worker ${record.id} is back`, "info");
      }
    }
  }

  /** Reports of a trial of the shown job came in. */
  reported(n: number, rows: readonly ReportRow[], now: number, attempt = 1): void {
    // Old reports say nothing about the present rate.
    if (!this.isCatchingUp) {
      this.reports.add(rows.length, now);
      this.silence.heard(n, now);
    }
    for (const [stage, iters, hours, [value = Number.NaN]] of rows)
      this.curves.add(n, stage, iters, hours, value, attempt);
  }

  /** Everything stored about a trial of the shown job was read. */
  evidenceRead(n: number, { curve, console }: Pick<RunEvidence, "curve" | "console">): void {
    const own = new LiveCurve();
    for (const { stage, iters, hours, metrics } of curve.stages) {
      const [drawn] = metrics;
      if (drawn) this.#metrics.set(stage, drawn.name);
      for (const [at, iter] of iters.entries()) own.add(stage, iter, hours[at] ?? 0, drawn?.values[at] ?? Number.NaN);
    }
    this.#read.set(n, own.count > 0);
    if (own.count > 0) this.curves.replace(n, own);
    if (console !== null) this.#consoles.set(n, console);
  }

  look(now: number): void {
    const passed = now - (this.#lookedAt ?? now);
    this.#silentMs += Math.min(mostSilencePerLookMs, Math.max(0, passed));
    this.#lookedAt = this.now = now;
  }

  /** Milliseconds since the leader's last status. */
  get statusAge(): number {
    return Math.max(0, this.now - this.#statusAt);
  }

  /** Whether the leader has been silent for so long that there seems to be none. */
  get isLeaderSilent(): boolean {
    const leases = [...this.state.jobs.values()].reduce((sum, { running }) => sum + running, 0);
    const everyMs = statusEveryMs(leases + this.state.workers.size);
    return this.#silentMs > Math.max(leastSilenceMs, (wordsMissed + 1) * everyMs);
  }

  /** The first of the standings; null while no run has completed. */
  get leader(): Standing | null {
    const { table } = this;
    return table ? this.#leading.leader(table, this.now) : null;
  }

  /** How long the leader has led; null if not known yet. */
  get lead(): Lead | null {
    const { table, findings, hasDesk } = this;
    return table ? this.#leading.lead(table, this.now, hasDesk ? findings : undefined) : null;
  }

  /** How long the shown job still takes; undefined if nothing says so. */
  get timeLeft(): TimeLeft | undefined {
    return this.table && this.#timeLeft.of(this.table, this.now);
  }

  /** The thread beside the screen has new findings. */
  found(findings: Findings): void {
    if (findings.job !== this.job) return;
    this.findings = findings;
    this.version += 1;
  }

  /** Why nothing of the shown job runs; null if something does, or if it cannot be known. */
  whyWaiting(words: WaitingWords): Waiting | null {
    const { table, status, isLeaderSilent } = this;
    if (!table || this.isAway || !(status || isLeaderSilent)) return null;
    return whyWaiting(table, this.state, (!isLeaderSilent && status) || undefined, words);
  }

  /** Wall clock since when the shown job has stood still as far as this view has seen; 0: it does not. */
  get standsSince(): number {
    const stands = this.standstill !== "";
    if (!stands) this.#standsSince = 0;
    else if (this.#standsSince === 0) this.#standsSince = this.wall;
    return this.#standsSince;
  }

  /** What holds up the shown job, in the words of `nexus why`; "" if nothing does, it has ended, or it cannot be known. */
  get standstill(): string {
    const { table, status, isLeaderSilent } = this;
    if (!table || table.isOver || this.isAway || !status || isLeaderSilent) return "";
    // Between two runs of a worker nothing runs for a moment.
    if (table.running === 0 && this.#runsAt !== undefined && this.now - this.#runsAt < betweenRunsMs) return "";
    const { state, weight, why } = this.whyJob(table);
    const isOrdered = state !== "waiting" && state !== "running";
    return weight === "stuck" || (weight === "waits" && !isOrdered) ? why : "";
  }

  /** Why a job of the workspace runs, waits, stands or has ended, in the words of `nexus why`. */
  whyJob(table: RunTable): Why {
    const status = this.isLeaderSilent ? null : this.status;
    const rows = this.#workers.of(this).byName;
    return whyJob(table, { state: this.state, status, joinLine: "-", rows, orderedAt: 0 });
  }

  /** Which of the workspace's jobs is shown, in the order of submission from 1, and how many there are; null if none is. */
  get jobPlace(): { readonly at: number; readonly of: number } | null {
    const { jobs } = this.state;
    const at = this.job === null ? -1 : [...jobs.keys()].indexOf(this.job);
    return at < 0 ? null : { at: at + 1, of: jobs.size };
  }

  /** Why the configuration of a run of the shown job was tried; "" if nothing says so, undefined if only the journal does. */
  whyChosen({ n, why }: Trial): string | undefined {
    return (this.job && this.#choices.of(this.job, n)) ?? (why || undefined);
  }

  /** Why a run is frozen because of its worker's owner; "" if it is not. */
  frozen(trial: Trial): string {
    const holder = trial.order === "" ? holderOf(trial) : undefined;
    return holder ? frozenText(this.#workers.of(this).byName.get(holder.worker)) : "";
  }

  /** How the worker's machine compares with the others. */
  healthOf(worker: WorkerId): MachineHealth | undefined {
    return this.#health.of(this.state, this.now).get(worker);
  }

  workers(): readonly WorkerRow[] {
    return this.#workers.of(this).rows;
  }

  /** What a worker runs now, as the leader last said. */
  workOf(worker: WorkerId): readonly Work[] {
    return this.#work.of(worker, this.state, this.isLeaderSilent ? null : this.status);
  }

  /** The runs of a run set, newest first. */
  runsOf(key: string): readonly Trial[] {
    return this.table ? this.#runsBySet.of(this.table, key) : [];
  }

  /** What the leader last said of the trial's lease. */
  leaseOf(trial: Trial): LeaseStatus | undefined {
    return holderOf(trial) ? this.leases.get(trial.n) : undefined;
  }

  /** Seconds until the trial's lease ends; undefined if nobody holds one. */
  leaseSecondsOf(trial: Trial): number | undefined {
    const lease = this.leaseOf(trial);
    return lease && Math.max(0, Math.round((lease.leftMs - this.statusAge) / 1000));
  }

  /** Iterations of the result, or the most reported so far. */
  itersOf(trial: Trial): number | undefined {
    if (hasResult(trial)) return trial.iters;
    const iters = Math.max(trial.iters, this.curves.of(trial.n)?.last.iters ?? 0, this.leaseOf(trial)?.iters ?? 0);
    return iters > 0 ? iters : undefined;
  }

  /** Whether a trial may have a curve that is yet to be read: never read, or let go since to make room. */
  isCurveToCome(n: number): boolean {
    return this.curves.of(n) === undefined && (this.#read.get(n) ?? true);
  }

  /** The end of what the run printed; "" if not known. */
  consoleOf(trial: Trial): string {
    return this.#consoles.get(trial.n) ?? trial.console;
  }

  /** The metric drawn for a stage, such as `s1-rew`; "" if its name is not known yet. */
  metricOf(stage: number): string {
    const prefix = `s${stage}-`;
    const named = this.table?.columns.find((name) => name.startsWith(prefix) && name !== `${prefix}hrs`);
    return named ?? this.#metrics.get(stage) ?? "";
  }
}
