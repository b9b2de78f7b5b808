import type { WorkerId } from "../../shared/domain/names.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { BusError } from "../../shared/ports.ts";
import { Ending } from "../../shared/time/ending.ts";
import type { Assignment, Control, Renewal, Renewed } from "../../shared/wire/messages.ts";
import { CoordinatorLink } from "./coordinator-link.ts";
import { HeldTrial } from "./held-trial.ts";
import { KnownJobs } from "./job/known-job.ts";
import { PreparedJobs } from "./job/prepared-job.ts";
import { RunPlaces } from "./job/run-places.ts";
import { LeaveOrder } from "./leaving/leave-time.ts";
import { Gate, type Lending, type LendingVoice, LendingVoices, lendingText, openLending } from "./lending.ts";
import { Outbox } from "./outbox.ts";
import type { WorkerPorts } from "./ports.ts";
import { type Claimant, Slots, type SlotsOwner } from "./slots.ts";
import { once, unwrittenText, type WorkerNews } from "./told/news.ts";
import { type InHand, WhatRuns } from "./told/what-runs.ts";

export interface WorkerOptions extends Claimant {
  readonly worker: WorkerId;
  /** Folder that contains the run folders. */
  readonly stateDir: string;
}

const firstRenewalMs = 5000;
const spoolPatienceMs = 8000;
/** After a run that this machine could not execute, for a reason that the next one will meet too. */
const unablePauseMs = 30_000;
/** A worker without runs whose owner lends nothing says so this often; views take it for gone after 20 s. */
const closedRenewalMs = 12_000;

/** One machine's part in the swarm: claims trials for free slots, executes them, renews their leases, delivers their ends. */
export class WorkerNode {
  #options: WorkerOptions;
  readonly #ports: WorkerPorts;
  readonly #log: Log;
  readonly #link: CoordinatorLink;
  readonly #outbox: Outbox;
  readonly #news: (news: WorkerNews) => void;
  readonly #held = new Map<string, HeldTrial>();
  readonly #jobs: KnownJobs;
  readonly #prepared: PreparedJobs;
  readonly #places: RunPlaces;
  readonly #what = new WhatRuns();
  readonly #claiming = new Ending();
  readonly #living = new Ending();
  #renewEveryMs = firstRenewalMs;
  #renewNow: () => void = () => undefined;
  /** Called when the worker holds a first trial. */
  #holds: () => void = () => undefined;
  readonly #slots: Slots;
  readonly #leaving: LeaveOrder;
  readonly #gate = new Gate();
  readonly #voices = new LendingVoices();
  #lending = openLending;
  /** What the coordinator was last told of it. */
  #toldLending = openLending;
  #lendingSince = 0;
  #isThrottled = false;
  #mostRuns = Number.POSITIVE_INFINITY;
  #onLastRun: () => void = () => undefined;
  readonly #tellUnwritten = once(() => this.#news({ kind: "owner", text: unwrittenText(this.#options.stateDir) }));

  constructor(ports: WorkerPorts, options: WorkerOptions, news: (news: WorkerNews) => void) {
    this.#ports = ports;
    this.#options = options;
    this.#log = ports.log;
    this.#news = news;
    this.#leaving = new LeaveOrder(ports.clock);
    this.#link = new CoordinatorLink(ports, options.worker, (silent) =>
      news(
        silent
          ? { kind: "silent", text: "no coordinator answers; runs in progress continue, and the worker keeps asking" }
          : { kind: "answered", text: "the coordinator answers again" },
      ),
    );
    this.#jobs = new KnownJobs(ports, this.#link, this.#living);
    this.#places = new RunPlaces(ports, options.stateDir, this.#jobs);
    this.#prepared = new PreparedJobs(ports, options.noCode, this.#living);
    this.#outbox = new Outbox(ports, options.worker, (text) => news({ kind: "unkept", text }));
    const { worker: _worker, stateDir: _stateDir, ...claimant } = options;
    const owner: SlotsOwner = {
      carry: (assignment, claim, leaving) => this.#carry(assignment, claim, leaving),
      onIdle: (kind, text) => news({ kind, text }),
    };
    const own = { link: this.#link, outbox: this.#outbox, gate: this.#gate, prepared: this.#prepared };
    this.#slots = new Slots({ ...ports, ...own }, claimant, owner, this.#claiming);
  }

  get running(): number {
    return this.#held.size;
  }

  /** What it holds, by job, for the machine's owner. */
  get inHand(): InHand[] {
    return this.#what.inHand([...this.#held.values()].map(({ job }) => job));
  }

  /** What its owner, or the machine, allows now. */
  get lending(): Lending {
    return this.#lending;
  }

  /** Works until told to end; resolves when nothing is running any more. */
  async work(): Promise<void> {
    const deaf = this.#link.listen((control) => this.#hint(control));
    const renewing = this.#renewLoop();
    this.#places.begin(this.#living);
    try {
      // Done first, so that no finished run is trained again. But a letter that the broker refuses must not keep the worker
      // from working.
      await Promise.race([this.#deliverSpooled(), this.#ports.clock.pause(spoolPatienceMs, this.#claiming)]);
      await this.#slots.work();
    } finally {
      if (this.#held.size === 0) await this.#link.leave(this.#options.bootId);
      this.#living.abort();
      this.#holds();
      deaf();
      await renewing;
      await this.#ports.runners.close();
    }
  }

  /** Claims nothing more; runs in progress continue to their end. */
  finish(): void {
    this.#claiming.abort();
  }

  /** Hands every run back within the grace, so that its trial can move at once. A second call only shortens it. */
  handBack(reason: string, graceMs = this.#options.graceMs): void {
    this.#claiming.abort();
    this.#leaving.give(reason, graceMs);
    for (const held of this.#held.values()) held.handBack(reason, graceMs);
  }

  /** What the owner or the machine allows from now on: runs continue, are frozen, or are handed back. */
  lend(said: Lending, by: LendingVoice = "owner"): void {
    const lending = this.#voices.say(by, said);
    if (lending === this.#lending) return;
    if (lending.word !== this.#lending.word) this.#lendingSince = this.#ports.clock.monotonic();
    this.#lending = lending;
    if (lending.word === "open") {
      for (const held of this.#held.values()) held.thaw("owner");
      this.#gate.open("lending");
    } else {
      this.#gate.close("lending");
      for (const held of this.#held.values()) this.#withhold(held);
    }
    this.#news({ kind: "owner", text: lendingText(lending, this.#held.size) });
    this.#holds();
    this.#renewNow();
  }

  /** Sets how many runs go at once. Added slots claim at once; surplus runs continue to their end. */
  resize(slots: number): void {
    this.#options = { ...this.#options, slots };
    this.#slots.resize(slots);
    this.limitRuns(this.#mostRuns);
  }

  /** Sets the most runs at once, whatever the number of slots. */
  limitRuns(most: number): void {
    this.#mostRuns = most;
    this.#gate.limit(Math.min(most, this.#options.slots));
  }

  /** Calls `onDone` and finishes once `runs` runs have ended here since the start. */
  finishAfter(runs: number, onDone: () => void): void {
    this.#gate.limitEnds(runs);
    this.#onLastRun = onDone;
    this.#finishIfDone();
  }

  /** Freezes all runs for a moment, or lets them continue, so that they take no more than their share of the processor. */
  throttle(isThrottled: boolean): void {
    this.#isThrottled = isThrottled;
    for (const held of this.#held.values()) {
      if (isThrottled) held.freeze("share");
      else held.thaw("share");
    }
  }

  /** Whether its owner, or something else, keeps the machine from lending. */
  get isOwnerHere(): boolean {
    return this.#lending.word !== "open";
  }

  /** Claims nothing while the machine is short of memory: `why` says so in words, "" ends it. Runs go on. */
  holdForMemory(why: string): void {
    if (why === "") this.#gate.open("memory");
    else this.#gate.close("memory");
    this.#news({
      kind: "owner",
      text: why === "" ? "there is memory again: it takes runs" : `${why}: it takes no runs`,
    });
  }

  /** Hands back the run that was taken last. Returns its name; undefined if there is none. */
  handBackNewest(reason: string): string | undefined {
    const newest = [...this.#held.values()].findLast((held) => !held.givenUp);
    newest?.handBack(reason);
    return newest?.name;
  }

  #finishIfDone(): void {
    if (!this.#gate.isDone || this.#claiming.aborted) return;
    this.#onLastRun();
    this.finish();
  }

  #withhold(held: HeldTrial): void {
    if (this.#isThrottled) held.freeze("share");
    if (this.#lending.word === "frozen") held.freeze("owner");
    if (this.#lending.word === "closed") held.handBack(this.#lending.why);
  }

  /** The machine slept or this process was suspended: its runs may have moved. Asks at once, over a new connection. */
  woke(): void {
    this.#ports.bus.reconnect();
    this.#renewNow();
    this.#slots.wake();
  }

  async #deliverSpooled(): Promise<void> {
    try {
      const delivered = await this.#outbox.deliverSpooled(this.#claiming);
      if (delivered > 0) this.#log.info({ delivered }, "results that an earlier process left were delivered");
    } catch (error) {
      this.#log.warn(`spooled results stay for the next start: ${String(error)}`);
    }
  }

  /** Carries one trial from its assignment to its acknowledged end; `leaving` is called when the slot is free. */
  async #carry(assignment: Assignment, claim: string, leaving: (attempt: number) => void): Promise<void> {
    const { job, n, run } = assignment;
    const renewMs = assignment.leaseMs / 3;
    const isSooner = renewMs < this.#renewEveryMs;
    this.#renewEveryMs = renewMs;
    if (isSooner) this.#renewNow(); // the current wait was chosen for a longer lease
    const already = this.#held.get(`${job}/${n}`);
    if (already && !already.givenUp && already.carries(assignment)) {
      // Its lease expired and a free slot claimed it again: the run continues under the new attempt number.
      already.regrant(assignment.attempt, claim);
      return;
    }
    if (already) {
      already.stop("the workspace was restored to an older state, and its number now belongs to another run");
      // Both runs use the same folder: wait until the other has left it.
      while (this.#held.get(already.key) === already && !this.#living.aborted)
        await this.#ports.clock.pause(50, this.#living);
    }
    const held = new HeldTrial(this.#ports, this.#outbox, this.#options.worker, assignment, claim, {
      graceMs: this.#options.graceMs,
      say: (text) => this.#news({ kind: "unsaved", run, text }),
    });
    held.holdReports(assignment.holdReports ?? false);
    this.#held.set(held.key, held);
    this.#holds();
    // A claim may be answered after the order to hand everything back.
    if (this.#leaving.isGiven) held.handBack(this.#leaving.reason, this.#leaving.leftMs);
    this.#withhold(held);
    let release = (): void => undefined;
    let isUnable = false;
    try {
      const known = await this.#jobs.get(job);
      if (!known) return;
      const prepared = await this.#prepared.prepare(known, assignment, held.unwanted);
      release = prepared.release;
      if (prepared.why !== "") held.handBack(prepared.why, undefined, prepared.console);
      this.#what.started(job, known, assignment);
      if (!held.givenUp)
        this.#news({ kind: "started", run, text: held.attempt === 1 ? "" : `attempt ${held.attempt}` });
      const folders = this.#places.of(job, run, known.spec.settings.hold);
      const end = await held.run(known, { ...folders, ...prepared.folders }, (attempt) => {
        this.#gate.ended();
        leaving(attempt);
        this.#finishIfDone();
      });
      this.#news({ kind: end.kind, run, text: end.text });
      if (held.unwritten !== "") this.#tellUnwritten();
      isUnable = prepared.isRefused || held.unwritten !== "";
    } catch (error) {
      // This worker ended before the end was delivered, or cannot read the spec. The lease expires, or the spool delivers.
      this.#jobs.forget(job);
      this.#log.error({ job, n }, messageOf(error));
      if (!(error instanceof BusError)) await this.#ports.clock.pause(1000, this.#claiming);
      // The run had to leave while the broker was away, and this process lives on.
      else if (!this.#claiming.aborted) void this.#deliverSpooled();
    } finally {
      release();
      this.#places.clear(job, run);
      if (this.#held.get(held.key) === held) this.#held.delete(held.key);
    }
    // No longer held: a renewal that named it would get it again.
    if (isUnable) await this.#ports.clock.pause(unablePauseMs, this.#claiming);
  }

  async #renewLoop(): Promise<void> {
    const signal = this.#living;
    while (!signal.aborted) {
      while (this.#held.size === 0 && this.#isToldOpen() && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#holds = resolve;
        });
      }
      await new Promise<void>((resolve) => {
        this.#renewNow = resolve;
        const everyMs = this.#held.size === 0 ? closedRenewalMs : this.#renewEveryMs;
        const dueMs = this.#toldLending === this.#lending ? everyMs : 0;
        void this.#ports.clock.pause(dueMs, signal).then(resolve);
      });
      if (!signal.aborted) await this.#renew();
    }
  }

  /** The owner lends, and the coordinator knows it. */
  #isToldOpen(): boolean {
    return this.#lending.word === "open" && this.#toldLending.word === "open";
  }

  /** A separate function: in the loop, its variables would be kept during the wait for the next renewal. */
  async #renew(): Promise<void> {
    const held = [...this.#held.values()].filter((each) => !each.isDropped).map((each) => each.describe());
    if (held.length === 0 && this.#isToldOpen()) return;
    let told = this.#lending;
    const answer = await this.#link.ask(
      async () => {
        told = this.#lending;
        const says = { ...this.#said(), ...this.#ports.vitals?.said() };
        return { kind: "renew", bootId: this.#options.bootId, sentAt: this.#ports.clock.wall(), held, ...says };
      },
      ["renewed"],
      this.#living,
    );
    if (!answer) return;
    this.#toldLending = told;
    this.#renewEveryMs = answer.leaseMs / 3;
    for (const verdict of answer.verdicts) this.#obey(verdict);
    for (const held of this.#held.values()) held.holdReports(answer.holdReports ?? false);
  }

  /** What a renewal says about the worker, which a new leader has not heard yet, and about an owner who does not lend. */
  #said(): Partial<Renewal> {
    const { worker: _worker, stateDir: _stateDir, bootId: _bootId, ...takes } = this.#options;
    const said = { takes: { ...takes, unfit: this.#prepared.unfit } };
    const { word: lending, why: lendingWhy, until: lendingUntil } = this.#lending;
    if (lending === "open") return said;
    const lendingMs = Math.round(this.#ports.clock.monotonic() - this.#lendingSince);
    return { lending, lendingWhy, lendingUntil, lendingMs, ...said };
  }

  #obey({ job, n, verdict, newAttempt, reason, limits, checkpointSeconds }: Renewed["verdicts"][number]): void {
    const trial = this.#held.get(`${job}/${n}`);
    if (!trial) return;
    const { name: run } = trial;
    if (verdict !== "stop") trial.regrant(newAttempt);
    if (limits) trial.limit(limits);
    if (checkpointSeconds > 0) trial.checkpointEvery(checkpointSeconds);
    switch (verdict) {
      case "continue":
        if (trial.thaw("order")) this.#news({ kind: "resumed", run, text: "continues" });
        break;
      case "pause":
        if (trial.freeze("order")) this.#news({ kind: "paused", run, text: reason });
        break;
      case "handback":
        trial.handBack(reason);
        break;
      case "stop":
        trial.stop(reason);
        break;
      default: {
        const never: never = verdict;
        this.#log.warn({ never }, "a verdict of unknown kind");
      }
    }
  }

  #hint(control: Control): void {
    switch (control.kind) {
      case "work":
        this.#slots.wake();
        break;
      case "renew":
        this.#renewNow();
        break;
      case "released":
        void this.#places.release(control.job);
        break;
      default: {
        const never: never = control;
        this.#log.warn({ never }, "a hint of unknown kind");
      }
    }
  }
}
