import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../shared/deadline.ts";
import type { JobName, WorkerId } from "../shared/domain/names.ts";
import type { Spec } from "../shared/domain/spec.ts";
import { carriedDefaults, readSpec } from "../shared/domain/spec-read.ts";
import type { Log } from "../shared/log.ts";
import { type Bus, BusError } from "../shared/ports.ts";
import type { Assignment, Control, JobAnswer } from "../shared/wire/messages.ts";
import { CoordinatorLink } from "./coordinator-link.ts";
import { HeldTrial } from "./held-trial.ts";
import { Outbox } from "./outbox.ts";
import { RunnerPool } from "./runner-pool.ts";

export interface WorkerOptions {
  readonly worker: WorkerId;
  readonly bootId: string;
  readonly version: string;
  readonly slots: number;
  /** Pools this worker serves; empty: all. */
  readonly targets: readonly string[];
  readonly opportunistic: boolean;
  /** Spool and run folders. */
  readonly stateDir: string;
}

/** What a worker tells its user. */
export type WorkerNews =
  | { readonly kind: "started" | "ended" | "stopped"; readonly run: string; readonly text: string }
  | { readonly kind: "waiting" | "refused" | "silent" | "answered"; readonly text: string };

/** A job's text and what its settings ask of this machine. */
export interface KnownJob {
  readonly answer: JobAnswer;
  readonly spec: Spec;
}

const firstRenewalMs = 5000;
const spoolPatienceMs = 8000;

/** One machine's part in the swarm: claims trials for its free slots, has them run, renews, delivers. */
export class WorkerNode {
  readonly #options: WorkerOptions;
  readonly #log: Log;
  readonly #link: CoordinatorLink;
  readonly #outbox: Outbox;
  readonly #pool: RunnerPool;
  readonly #news: (news: WorkerNews) => void;
  readonly #held = new Map<string, HeldTrial>();
  readonly #jobs = new Map<JobName, Promise<KnownJob | undefined>>();
  readonly #claiming = new AbortController();
  readonly #living = new AbortController();
  #renewEveryMs = firstRenewalMs;
  #renewNow: () => void = () => undefined;
  readonly #wakers = new Set<() => void>();
  #lastWaiting = "";
  #handingBack: string | undefined;

  constructor(bus: Bus, options: WorkerOptions, log: Log, news: (news: WorkerNews) => void) {
    this.#options = options;
    this.#log = log;
    this.#news = news;
    this.#link = new CoordinatorLink(bus, options.worker, log, (silent) =>
      news(
        silent
          ? { kind: "silent", text: "no coordinator answers; runs in hand go on, and I keep asking" }
          : { kind: "answered", text: "the coordinator answers again" },
      ),
    );
    this.#outbox = new Outbox(bus, join(options.stateDir, "spool"), log);
    this.#pool = new RunnerPool(log);
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
      await Promise.race([this.#deliverSpooled(), pause(spoolPatienceMs, this.#claiming.signal)]);
      await Promise.all(Array.from({ length: this.#options.slots }, () => this.#slot()));
    } finally {
      this.#living.abort();
      deaf();
      await renewing;
      await this.#pool.close();
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
      const delivered = await this.#outbox.deliverSpooled(this.#claiming.signal);
      if (delivered > 0) this.#log.info({ delivered }, "results that an earlier process left were delivered");
    } catch (error) {
      this.#log.warn(`spooled results stay for the next start: ${String(error)}`);
    }
  }

  async #slot(): Promise<void> {
    const { signal } = this.#claiming;
    const { bootId, version, slots, targets, opportunistic } = this.#options;
    let claimId = newClaimId();
    while (!signal.aborted) {
      const answer = await this.#link.ask(
        { kind: "claim", claimId, bootId, version, slots, lastResultSeq: this.#outbox.lastSeq, targets, opportunistic },
        ["assigned", "wait", "refused"],
        signal,
      );
      if (!answer) break;
      claimId = newClaimId();
      if (answer.kind === "assigned") {
        this.#lastWaiting = "";
        await this.#carry(answer);
      } else if (answer.kind === "wait") {
        this.#say("waiting", answer.reason);
        if (answer.retryMs > 0) await this.#woken(answer.retryMs);
      } else {
        this.#say("refused", answer.reason);
        await this.#woken(refusedRetryMs);
      }
    }
  }

  /** One trial, from its assignment to the acknowledged end. */
  async #carry(assignment: Assignment): Promise<void> {
    const { job, n, run } = assignment;
    const renewMs = assignment.leaseMs / 3;
    const isSooner = renewMs < this.#renewEveryMs;
    this.#renewEveryMs = renewMs;
    // The wait that goes on now is for a longer lease.
    if (isSooner) this.#renewNow();
    const already = this.#held.get(`${job}/${n}`);
    if (already && !already.givenUp) {
      // Its lease ran out and a free slot claimed it again: the run in hand goes on under the new attempt number.
      already.regrant(assignment.attempt);
      return;
    }
    const held = new HeldTrial(this.#options.worker, assignment);
    this.#held.set(held.key, held);
    // The answer to a claim may come after the order to hand everything back.
    if (this.#handingBack !== undefined) held.handBack(this.#handingBack);
    try {
      const known = await this.#knownJob(job);
      if (!known) return;
      if (!held.givenUp)
        this.#news({ kind: "started", run, text: held.attempt === 1 ? "" : `attempt ${held.attempt}` });
      const directory = join(this.#options.stateDir, "runs", job, run);
      const end = await held.run(this.#pool, this.#outbox, known, directory);
      this.#news({ kind: end.kind, run, text: end.text });
      if (!known.spec.settings.hold && existsSync(directory)) rmSync(directory, { recursive: true, force: true });
    } catch (error) {
      // Not delivered before this worker ended, or a spec that cannot be read here: the lease runs out, or the spool delivers.
      this.#jobs.delete(job);
      this.#log.error({ job, n }, error instanceof Error ? error.message : String(error));
      if (!(error instanceof BusError)) await pause(1000, this.#claiming.signal);
    } finally {
      if (this.#held.get(held.key) === held) this.#held.delete(held.key);
    }
  }

  #knownJob(job: JobName): Promise<KnownJob | undefined> {
    let known = this.#jobs.get(job);
    if (!known) {
      known = this.#askJob(job);
      this.#jobs.set(job, known);
    }
    return known;
  }

  async #askJob(job: JobName): Promise<KnownJob | undefined> {
    const answer = await this.#link.ask({ kind: "job", job }, ["job"], this.#living.signal);
    if (!answer) return undefined;
    const { file, text, sources, commandLine } = answer;
    const read = readSpec({ file, text, commandLine, defaults: carriedDefaults(sources) });
    if (!read.ok)
      throw new Error(
        `the spec of ${job} cannot be read here: ${read.problems.map(({ message }) => message).join("; ")}`,
      );
    return { answer, spec: read.spec };
  }

  async #renewLoop(): Promise<void> {
    const { signal } = this.#living;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#renewNow = resolve;
        void pause(this.#renewEveryMs, signal).then(resolve);
      });
      const held = [...this.#held.values()].filter((each) => !each.givenUp);
      if (held.length === 0 || signal.aborted) continue;
      const { bootId } = this.#options;
      const answer = await this.#link.ask(
        { kind: "renew", bootId, held: held.map((each) => each.describe()) },
        ["renewed"],
        signal,
      );
      if (!answer) return;
      this.#renewEveryMs = answer.leaseMs / 3;
      for (const { job, n, verdict, newAttempt, reason } of answer.verdicts) {
        const trial = this.#held.get(`${job}/${n}`);
        if (verdict === "continue") trial?.regrant(newAttempt);
        else trial?.stop(reason);
      }
    }
  }

  #hint(control: Control): void {
    switch (control.kind) {
      case "work":
        for (const wake of this.#wakers) wake();
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
    const answer = await this.#link.ask({ kind: "job", job }, ["job"], this.#living.signal);
    if (answer?.over) rmSync(join(this.#options.stateDir, "runs", job), { recursive: true, force: true });
  }

  /** Waits for a hint that there is work, with jitter so that a thousand workers do not ask at once. */
  async #woken(mostMs: number): Promise<void> {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    this.#wakers.add(wake);
    await pause(mostMs * (0.75 + Math.random() / 2), AbortSignal.any([woken.signal, this.#claiming.signal]));
    this.#wakers.delete(wake);
    if (woken.signal.aborted) await pause(jitterMs * Math.random(), this.#claiming.signal);
  }

  #say(kind: "waiting" | "refused", text: string): void {
    if (text === this.#lastWaiting) return;
    this.#lastWaiting = text;
    this.#news({ kind, text });
  }
}

const refusedRetryMs = 30_000;
const jitterMs = 100;

const newClaimId = (): string => randomBytes(9).toString("base64url");
