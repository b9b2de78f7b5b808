import { join } from "node:path";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { Ending } from "../../shared/ending.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { BusError } from "../../shared/ports.ts";
import type { Assignment, Control, Renewed } from "../../shared/wire/messages.ts";
import { CoordinatorLink } from "./coordinator-link.ts";
import { HeldTrial } from "./held-trial.ts";
import { KnownJobs } from "./known-job.ts";
import { Outbox } from "./outbox.ts";
import type { WorkerPorts } from "./ports.ts";
import { refusalOf } from "./refusal.ts";
import { type Claimant, Slots, type SlotsOwner } from "./slots.ts";

export interface WorkerOptions extends Claimant {
  readonly worker: WorkerId;
  /** Folder that contains the run folders. */
  readonly stateDir: string;
}

/** News that a worker prints for its user. */
export type WorkerNews =
  | {
      readonly kind: "started" | "ended" | "stopped" | "paused" | "resumed";
      readonly run: string;
      readonly text: string;
    }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered"; readonly text: string };

const firstRenewalMs = 5000;
const spoolPatienceMs = 8000;
const refusedPauseMs = 30_000;

/** One machine's part in the swarm: claims trials for free slots, executes them, renews their leases, delivers their ends. */
export class WorkerNode {
  readonly #options: WorkerOptions;
  readonly #ports: WorkerPorts;
  readonly #log: Log;
  readonly #link: CoordinatorLink;
  readonly #outbox: Outbox;
  readonly #news: (news: WorkerNews) => void;
  readonly #held = new Map<string, HeldTrial>();
  readonly #jobs: KnownJobs;
  readonly #claiming = new Ending();
  readonly #living = new Ending();
  #renewEveryMs = firstRenewalMs;
  #renewNow: () => void = () => undefined;
  /** Called when the worker holds a first trial. */
  #holds: () => void = () => undefined;
  readonly #slots: Slots;
  #handingBack: string | undefined;

  constructor(ports: WorkerPorts, options: WorkerOptions, news: (news: WorkerNews) => void) {
    this.#ports = ports;
    this.#options = options;
    this.#log = ports.log;
    this.#news = news;
    this.#link = new CoordinatorLink(ports, options.worker, (silent) =>
      news(
        silent
          ? { kind: "silent", text: "no coordinator answers; runs in progress continue, and the worker keeps asking" }
          : { kind: "answered", text: "the coordinator answers again" },
      ),
    );
    this.#jobs = new KnownJobs(ports, this.#link, options.noCode, this.#living);
    this.#outbox = new Outbox(ports);
    const { worker: _worker, stateDir: _stateDir, ...claimant } = options;
    const owner: SlotsOwner = {
      carry: (assignment, claim, leaving) => this.#carry(assignment, claim, leaving),
      onIdle: (kind, text) => news({ kind, text }),
    };
    this.#slots = new Slots({ ...ports, link: this.#link, outbox: this.#outbox }, claimant, owner, this.#claiming);
  }

  get running(): number {
    return this.#held.size;
  }

  /** Works until told to end; resolves when nothing is running any more. */
  async work(): Promise<void> {
    const deaf = this.#link.listen((control) => this.#hint(control));
    const renewing = this.#renewLoop();
    try {
      // Done first, so that no finished run is trained again. But a letter that the broker refuses must not keep the worker
      // from working.
      await Promise.race([this.#deliverSpooled(), this.#ports.clock.pause(spoolPatienceMs, this.#claiming)]);
      await this.#slots.work();
    } finally {
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

  /** Hands every run back, so that its trial can move at once. */
  handBack(reason: string): void {
    this.#claiming.abort();
    this.#handingBack = reason;
    for (const held of this.#held.values()) held.handBack(reason);
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
    // The current wait was chosen for a longer lease.
    if (isSooner) this.#renewNow();
    const already = this.#held.get(`${job}/${n}`);
    if (already && !already.givenUp && already.carries(assignment)) {
      // Its lease expired and a free slot claimed it again: the run continues under the new attempt number.
      already.regrant(assignment.attempt, claim);
      return;
    }
    if (already && !already.givenUp) {
      already.stop("the workspace was restored to an older state, and its number now belongs to another run");
      // Both runs use the same folder.
      while (this.#held.get(already.key) === already && !this.#living.aborted)
        await this.#ports.clock.pause(50, this.#living);
    }
    const held = new HeldTrial(this.#ports, this.#outbox, this.#options.worker, assignment, claim);
    this.#held.set(held.key, held);
    this.#holds();
    // A claim may be answered after the order to hand everything back.
    if (this.#handingBack !== undefined) held.handBack(this.#handingBack);
    try {
      const known = await this.#jobs.get(job);
      if (!known) return;
      const refusal = this.#options.noCode ? refusalOf(known, assignment) : null;
      if (refusal !== null) held.handBack(refusal);
      if (!held.givenUp)
        this.#news({ kind: "started", run, text: held.attempt === 1 ? "" : `attempt ${held.attempt}` });
      const folders = { directory: this.#folder("runs", job, run), stateDirectory: this.#folder("states", job, run) };
      const end = await held.run(known, folders, leaving);
      this.#news({ kind: end.kind, run, text: end.text });
      // A coordinator that gives such runs will give the next one too.
      if (refusal !== null) await this.#ports.clock.pause(refusedPauseMs, this.#claiming);
      this.#ports.removeFolder(folders.stateDirectory);
      if (!known.spec.settings.hold) this.#ports.removeFolder(folders.directory);
    } catch (error) {
      // This worker ended before the end was delivered, or cannot read the spec. The lease expires, or the spool delivers.
      this.#jobs.forget(job);
      this.#log.error({ job, n }, messageOf(error));
      if (!(error instanceof BusError)) await this.#ports.clock.pause(1000, this.#claiming);
    } finally {
      if (this.#held.get(held.key) === held) this.#held.delete(held.key);
    }
  }

  async #renewLoop(): Promise<void> {
    const signal = this.#living;
    while (!signal.aborted) {
      while (this.#held.size === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#holds = resolve;
        });
      }
      await new Promise<void>((resolve) => {
        this.#renewNow = resolve;
        void this.#ports.clock.pause(this.#renewEveryMs, signal).then(resolve);
      });
      if (!signal.aborted) await this.#renew();
    }
  }

  /** A separate function: in the loop, its variables would be kept during the wait for the next renewal. */
  async #renew(): Promise<void> {
    const held = [...this.#held.values()].filter((each) => !each.givenUp).map((each) => each.describe());
    if (held.length === 0) return;
    const { bootId } = this.#options;
    const answer = await this.#link.ask(
      async () => ({ kind: "renew", bootId, sentAt: this.#ports.clock.wall(), held }),
      ["renewed"],
      this.#living,
    );
    if (!answer) return;
    this.#renewEveryMs = answer.leaseMs / 3;
    for (const verdict of answer.verdicts) this.#obey(verdict);
  }

  #obey({ job, n, verdict, newAttempt, reason, limits, checkpointSeconds }: Renewed["verdicts"][number]): void {
    const trial = this.#held.get(`${job}/${n}`);
    if (!trial) return;
    const { name: run } = trial;
    if (verdict !== "stop") trial.regrant(newAttempt);
    if (limits) trial.limit(limits.maxRunSeconds);
    if (checkpointSeconds > 0) trial.checkpointEvery(checkpointSeconds);
    switch (verdict) {
      case "continue":
        if (trial.thaw()) this.#news({ kind: "resumed", run, text: "continues" });
        break;
      case "pause":
        if (trial.freeze()) this.#news({ kind: "paused", run, text: reason });
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
        void this.#discard(control.job);
        break;
      default: {
        const never: never = control;
        this.#log.warn({ never }, "a hint of unknown kind");
      }
    }
  }

  /** A held job was released: its run folders are deleted once the coordinator confirms it. */
  async #discard(job: JobName): Promise<void> {
    if (await this.#jobs.isOver(job)) this.#ports.removeFolder(this.#folder("runs", job));
  }

  /** Run folders, and apart from them what earlier attempts left: no program imports anything from there by chance. */
  #folder(kind: "runs" | "states", ...names: readonly string[]): string {
    return join(this.#options.stateDir, kind, ...names);
  }
}
