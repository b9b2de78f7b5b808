import { join } from "node:path";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import { Ending } from "../../shared/ending.ts";
import type { Log } from "../../shared/log.ts";
import { type Bus, BusError, type Chance, type Clock } from "../../shared/ports.ts";
import type { Assignment, Control, Renewed } from "../../shared/wire/messages.ts";
import { CoordinatorLink } from "./coordinator-link.ts";
import { HeldTrial } from "./held-trial.ts";
import { type JobPorts, KnownJobs } from "./known-job.ts";
import { Outbox } from "./outbox.ts";
import type { Runners } from "./runners.ts";
import type { Spool } from "./spool.ts";
import { Stay } from "./stay.ts";

export interface WorkerPorts extends JobPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly runners: Runners;
  readonly spool: Spool;
  /** Deletes a folder of runs with all that is in it; there may be none. */
  removeFolder(folder: string): void;
}

export interface WorkerOptions {
  readonly worker: WorkerId;
  readonly bootId: string;
  readonly version: string;
  readonly slots: number;
  /** Pools this worker serves; empty: all. */
  readonly targets: readonly string[];
  readonly opportunistic: boolean;
  /** Takes no jobs that bring code along. */
  readonly noCode: boolean;
  /** Where run folders are made. */
  readonly stateDir: string;
}

/** What a worker tells its user. */
export type WorkerNews =
  | {
      readonly kind: "started" | "ended" | "stopped" | "paused" | "resumed";
      readonly run: string;
      readonly text: string;
    }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered"; readonly text: string };

const firstRenewalMs = 5000;
const spoolPatienceMs = 8000;

/** One machine's part in the swarm: claims trials for its free slots, has them run, renews, delivers. */
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
  /** Called when the first trial is in hand. */
  #holds: () => void = () => undefined;
  /** While slots wait for work, one asks for all of them: it ends when that one has got some. */
  #lookout: Ending | undefined;
  #wake: () => void = () => undefined;
  #lastWaiting = "";
  #handingBack: string | undefined;

  constructor(ports: WorkerPorts, options: WorkerOptions, news: (news: WorkerNews) => void) {
    this.#ports = ports;
    this.#options = options;
    this.#log = ports.log;
    this.#news = news;
    this.#link = new CoordinatorLink(ports, options.worker, (silent) =>
      news(
        silent
          ? { kind: "silent", text: "no coordinator answers; runs in hand go on, and I keep asking" }
          : { kind: "answered", text: "the coordinator answers again" },
      ),
    );
    this.#jobs = new KnownJobs(ports, this.#link, this.#living);
    this.#outbox = new Outbox(ports);
  }

  get running(): number {
    return this.#held.size;
  }

  /** Works until told to end; resolves when nothing runs any more. */
  async work(): Promise<void> {
    const deaf = this.#link.listen((control) => this.#hint(control));
    const renewing = this.#renewLoop();
    try {
      // First, so that what is done already is not trained again; but one letter that the broker refuses must not keep
      // this worker from working.
      await Promise.race([this.#deliverSpooled(), this.#ports.clock.pause(spoolPatienceMs, this.#claiming)]);
      await Promise.all(Array.from({ length: this.#options.slots }, () => this.#slot()));
    } finally {
      this.#living.abort();
      this.#holds();
      deaf();
      await renewing;
      await this.#ports.runners.close();
    }
  }

  /** Claims nothing more; the runs in hand end as they will. */
  finish(): void {
    this.#claiming.abort();
  }

  /** Hands every run back: its trial moves at once. */
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

  async #slot(): Promise<void> {
    const signal = this.#claiming;
    const { bootId, version, slots, targets, opportunistic, noCode } = this.#options;
    let claimId = this.#ports.chance.nonce();
    let last: Stay | undefined;
    let isLookout = false;
    const relieve = (): void => {
      if (!isLookout) return;
      isLookout = false;
      this.#lookout?.abort();
      this.#lookout = undefined;
    };
    while (!signal.aborted) {
      const stay = last;
      const answer = await this.#link.ask(
        async (tries) => {
          // The first try travels with the last run's result; asked again, only once that is delivered.
          if (tries > 0) await stay?.delivered;
          const { lastSeq: lastResultSeq } = this.#outbox;
          const after = stay?.onItsWay ?? null;
          const sentAt = this.#ports.clock.wall();
          const own = { bootId, version, slots, targets, opportunistic, noCode };
          return { kind: "claim", claimId, sentAt, lastResultSeq, after, ...own };
        },
        ["assigned", "wait", "refused"],
        signal,
      );
      if (!answer) break;
      const answered = claimId;
      claimId = this.#ports.chance.nonce();
      if (answer.kind === "assigned") {
        relieve();
        this.#lastWaiting = "";
        last = new Stay(answer, (leaving) => this.#carry(answer, answered, leaving), stay?.delivered);
        await last.left;
        continue;
      }
      this.#say(answer.kind === "wait" ? "waiting" : "refused", answer.reason);
      // Drained: the runs in hand end as they will, and then this process.
      if (answer.kind === "refused" && answer.leave) this.finish();
      const retryMs = answer.kind === "wait" ? answer.retryMs : refusedRetryMs;
      if (retryMs === 0) continue;
      // What one slot is told all are told, and of a swarm of ten thousand not each need ask.
      if (this.#lookout && !isLookout) await this.#lookout.ended;
      else {
        isLookout = true;
        this.#lookout ??= new Ending();
        await this.#woken(retryMs);
      }
    }
    relieve();
    await last?.delivered;
  }

  /** One trial, from its assignment to the acknowledged end; `leaving` is called when its slot is free. */
  async #carry(assignment: Assignment, claim: string, leaving: (attempt: number) => void): Promise<void> {
    const { job, n, run } = assignment;
    const renewMs = assignment.leaseMs / 3;
    const isSooner = renewMs < this.#renewEveryMs;
    this.#renewEveryMs = renewMs;
    // The wait that goes on now is for a longer lease.
    if (isSooner) this.#renewNow();
    const already = this.#held.get(`${job}/${n}`);
    if (already && !already.givenUp && already.carries(assignment)) {
      // Its lease ran out and a free slot claimed it again: the run in hand goes on under the new attempt number.
      already.regrant(assignment.attempt, claim);
      return;
    }
    if (already && !already.givenUp) {
      already.stop("the workspace was put back to an older state, and gave its number to another run");
      // Their folders have the same name.
      while (this.#held.get(already.key) === already && !this.#living.aborted)
        await this.#ports.clock.pause(50, this.#living);
    }
    const held = new HeldTrial(this.#ports, this.#options.worker, assignment, claim);
    this.#held.set(held.key, held);
    this.#holds();
    // The answer to a claim may come after the order to hand everything back.
    if (this.#handingBack !== undefined) held.handBack(this.#handingBack);
    try {
      const known = await this.#jobs.get(job);
      if (!known) return;
      if (!held.givenUp)
        this.#news({ kind: "started", run, text: held.attempt === 1 ? "" : `attempt ${held.attempt}` });
      const directory = join(this.#options.stateDir, "runs", job, run);
      const end = await held.run(this.#ports.runners, this.#outbox, known, directory, leaving);
      this.#news({ kind: end.kind, run, text: end.text });
      if (!known.spec.settings.hold) this.#ports.removeFolder(directory);
    } catch (error) {
      // Not delivered before this worker ended, or a spec that cannot be read here: the lease runs out, or the spool delivers.
      this.#jobs.forget(job);
      this.#log.error({ job, n }, error instanceof Error ? error.message : String(error));
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

  /** A function of its own: what it looks at would otherwise be kept through the wait for the next time. */
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
        if (trial.thaw()) this.#news({ kind: "resumed", run, text: "goes on" });
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
        this.#wake();
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

  /** A held job was released: its run folders may go, once the coordinator says so itself. */
  async #discard(job: JobName): Promise<void> {
    if (await this.#jobs.isOver(job)) this.#ports.removeFolder(join(this.#options.stateDir, "runs", job));
  }

  /** Waits for a hint that there is work, with jitter so that a thousand workers do not ask at once. */
  async #woken(mostMs: number): Promise<void> {
    if (this.#claiming.aborted) return;
    const { clock, chance } = this.#ports;
    const woken = new Ending();
    const wake = (): void => woken.abort();
    this.#wake = wake;
    this.#claiming.addEventListener("abort", wake);
    await clock.pause(mostMs * (0.75 + chance.fraction() / 2), woken);
    this.#claiming.removeEventListener("abort", wake);
    if (woken.aborted && !this.#claiming.aborted) await clock.pause(jitterMs * chance.fraction(), this.#claiming);
  }

  #say(kind: "waiting" | "refused", text: string): void {
    if (text === this.#lastWaiting) return;
    this.#lastWaiting = text;
    this.#news({ kind, text });
  }
}

const refusedRetryMs = 30_000;
const jitterMs = 100;
