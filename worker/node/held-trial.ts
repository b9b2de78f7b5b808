import type { WorkerId } from "../../shared/domain/names.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { Ending } from "../../shared/ending.ts";
import type { Log } from "../../shared/log.ts";
import { type Bus, BusError, type Chance, type Clock, type Timer } from "../../shared/ports.ts";
import type { ArtifactList } from "../../shared/wire/artifacts.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import type { StateSum } from "../../shared/wire/checkpoints.ts";
import {
  type Assignment,
  encodeEvidence,
  type HeldTrial as HeldMessage,
  type ReportRow,
} from "../../shared/wire/messages.ts";
import { type EvidenceKind, evidence } from "../../shared/wire/subjects.ts";
import { residentBytes } from "../processes/resident-memory.ts";
import { UnsentLines } from "../runner/unsent-lines.ts";
import { uploadFiles } from "./artifacts.ts";
import type { BlobAddress } from "./chunk-store.ts";
import type { KnownJob } from "./known-job.ts";
import type { Outbox } from "./outbox.ts";
import type { RunnerEnd, Runners, RunningTask } from "./runners.ts";
import { fetchState, StateKeeper } from "./state-keeper.ts";

/** At most one message of reports a second for each run: every stored message costs the broker an fsync. */
const reportsEveryMs = 1000;
const memoryEveryMs = 1000;
/** Reports in one message, which may hold a megabyte. */
const mostReportsTogether = 2000;

/** How a trial's stay on this worker ended. */
export interface StayEnd {
  readonly kind: "ended" | "stopped";
  readonly text: string;
}

export interface HeldTrialPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

/** A trial that this worker holds: runs it, keeps its reports until they are acknowledged, delivers its end. */
export class HeldTrial {
  readonly key: string;
  readonly #assignment: Assignment;
  readonly #worker: WorkerId;
  readonly #ports: HeldTrialPorts;
  #attempt: number;
  /** For each attempt number that this run has had, the claim that it was given for. */
  readonly #claims = new Map<number, string>();
  #iters = 0;
  /** Since when it stands still, and how long it has before; milliseconds. */
  #frozenAt: number | undefined;
  #frozenMs = 0;
  /** Null: no limit; undefined: as the spec says. */
  #maxRunSeconds: number | null | undefined;
  /** The end of what its console has said, should its runner die. */
  #said = "";
  #task: RunningTask | undefined;
  /** Reports not yet in an acknowledged message. */
  #reports: ReportRow[] = [];
  readonly #lines = new UnsentLines();
  #states: StateKeeper | undefined;
  #checkpointSeconds: number;
  #sending: Promise<void> = Promise.resolve();
  #sentAt: number;
  #messages = 0;
  /** Folder whose files are uploaded when the run ends; "": none. */
  #upload = "";
  /** In every msgID: another worker that guessed one could have this one's result taken for a repetition (seen). */
  readonly #nonce: string;
  readonly #ran = new Ending();
  readonly #left = new Ending();
  /** Ends what goes on for a run that is not to begin any more, and for its states. */
  readonly #unwanted = new Ending();
  /** Begins to look at the time, once there is a limit to it. */
  #watchTime: () => void = () => undefined;
  /** Why it is not to go on here; the first reason stands. */
  #end: { kind: "stop" | "handback" | "timeout" | "memory"; reason: string } | undefined;

  /** @param claim  the one that the assignment answers */
  constructor(ports: HeldTrialPorts, worker: WorkerId, assignment: Assignment, claim: string) {
    this.#ports = ports;
    this.#sentAt = ports.clock.monotonic();
    this.#nonce = ports.chance.nonce();
    this.#worker = worker;
    this.#assignment = assignment;
    this.#maxRunSeconds = assignment.limits?.maxRunSeconds;
    this.#attempt = assignment.attempt;
    this.#claims.set(assignment.attempt, claim);
    this.#checkpointSeconds = assignment.checkpointSeconds;
    this.key = `${assignment.job}/${assignment.n}`;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get name(): string {
    return this.#assignment.run;
  }

  get givenUp(): boolean {
    return this.#end !== undefined;
  }

  describe(): HeldMessage {
    const { job, n } = this.#assignment;
    return { job, n, attempt: this.#attempt, iters: this.#iters };
  }

  /** Whether the run in hand is what is assigned; a workspace that was put back gives other runs the same numbers. */
  carries({ run, seed, settings }: Assignment): boolean {
    const own = this.#assignment;
    return run === own.run && seed === own.seed && JSON.stringify(settings) === JSON.stringify(own.settings);
  }

  /**
   * The trial was granted again while it ran: it goes on under the new attempt number, nothing is restarted.
   *
   * @param claim  the claim that was answered so; left out where a renewal was, which keeps the claim
   */
  regrant(attempt: number, claim?: string): void {
    const isNewer = attempt > this.#attempt;
    if (claim !== undefined || isNewer) this.#claims.set(attempt, claim ?? this.#claims.get(this.#attempt) ?? "");
    if (isNewer) this.#attempt = attempt;
  }

  /** Stands still until thawed or ended; keeps its runner, its slot and its lease. Returns whether it did not before. */
  freeze(): boolean {
    if (this.#frozenAt !== undefined || this.#end) return false;
    this.#frozenAt = this.#ports.clock.monotonic();
    this.#task?.freeze();
    return true;
  }

  /** Returns whether it had stood still. */
  thaw(): boolean {
    if (this.#frozenAt === undefined) return false;
    this.#frozenMs += this.#ports.clock.monotonic() - this.#frozenAt;
    this.#frozenAt = undefined;
    this.#task?.thaw();
    return true;
  }

  /** An edit of the job gave its runs another max_run_time; null: none. Time that has passed counts. */
  limit(maxRunSeconds: number | null): void {
    this.#maxRunSeconds = maxRunSeconds;
    this.#watchTime();
  }

  /** The coordinator no longer wants it from here. Its result would still count if it came first, but it is not awaited. */
  stop(reason: string): void {
    this.#giveUp("stop", reason);
  }

  handBack(reason: string): void {
    this.#ports.clock
      .after(handBackMs, () => {
        this.#left.abort();
        this.#dropStates();
      })
      .unref();
    this.#giveUp("handback", reason);
  }

  #giveUp(kind: "stop" | "handback" | "timeout" | "memory", reason: string): void {
    this.#end ??= { kind, reason };
    if (this.#end.kind === "handback" && kind === "handback") this.#task?.handBack();
    else this.#task?.stop();
    if (!this.#task) this.#unwanted.abort();
  }

  #isHandingBack(): boolean {
    return this.#end?.kind === "handback";
  }

  #dropStates(): void {
    this.#states?.end();
    this.#unwanted.abort();
  }

  /** The coordinator stretches the time between checkpoints where all together would send too much. */
  checkpointEvery(seconds: number): void {
    if (seconds === this.#checkpointSeconds) return;
    this.#checkpointSeconds = seconds;
    this.#task?.checkpointEvery(seconds);
  }

  /**
   * Runs it to its end and delivers that; resolves when the broker has it. `leaving` is called with the attempt number when
   * the end goes on its way: its slot is free.
   */
  async run(
    runners: Runners,
    outbox: Outbox,
    known: KnownJob,
    directory: string,
    leaving: (attempt: number) => void = () => undefined,
  ): Promise<StayEnd> {
    if (this.#end) return this.#deliver({ type: "stopped" }, outbox, leaving);
    const { settings, hyperparameters } = known.spec;
    const { job, seed } = this.#assignment;
    if (settings.uploadFiles) this.#upload = directory;
    const names = hyperparameters.map(({ name }, i) => [name, this.#assignment.settings[i] ?? null] as const);
    const kind = { lowPriority: settings.lowPriority, cores: settings.coresPerRun };
    const task = {
      job,
      jobText: known.answer,
      codeFolder: known.codeFolder,
      settings: Object.fromEntries(names),
      seed,
      directory,
      keepFiles: settings.hold,
      resume: await this.#fetchState(),
      checkpointSeconds: this.#checkpointSeconds,
    };
    if (this.#end) return this.#deliver({ type: "stopped" }, outbox, leaving);
    const address = (): Omit<BlobAddress, "blob"> => {
      const { job: name, n } = this.#assignment;
      return { worker: this.#worker, job: name, n, attempt: this.#attempt };
    };
    this.#states = new StateKeeper(this.#ports, address, this.#nonce, (attempt, state) =>
      this.#announce(attempt, state, outbox),
    );
    this.#task = runners.run(kind, task, (reports, lines, state) => {
      this.#hear(reports, lines, outbox);
      if (state) this.#states?.keep(state);
    });
    // Frozen while its spec was still being fetched.
    if (this.#frozenAt !== undefined) this.#task.freeze();
    const timers = this.#watch(settings.maxRunSeconds, settings.memoryPerRun, this.#task.pid);
    let end: RunnerEnd;
    try {
      end = await this.#task.end;
    } finally {
      this.#watchTime = () => undefined;
      for (const timer of timers) timer.cancel();
    }
    // Only who takes over a run that was handed back needs its state.
    if (!this.#isHandingBack() || end.type !== "stopped") this.#dropStates();
    await this.#states.settled();
    // Reports that wait for their acknowledgement go with the end: it must not wait for them, also not to be spooled.
    this.#ran.abort();
    await this.#sending;
    return this.#deliver(end, outbox, leaving);
  }

  /** The state from which it goes on; null where it begins, also because the state could not be had. */
  async #fetchState(): Promise<Uint8Array | null> {
    const { resume, job, n } = this.#assignment;
    if (!resume) return null;
    try {
      return await fetchState(this.#ports, { job, n }, resume, this.#unwanted);
    } catch (error) {
      if (!(error instanceof BusError || error instanceof BadMessage)) throw error;
      this.#ports.log.warn({ job, n, why: error.message }, "a checkpoint cannot be had: the run begins anew");
      return null;
    }
  }

  /** The state is stored: whoever holds the trial next goes on from it. The reports up to there go with the word. */
  #announce(attempt: number, state: StateSum, outbox: Outbox): Promise<void> {
    const told = this.#sending.then(async () => {
      const reports = await this.#sendExcess(this.#reports, outbox);
      this.#reports = [];
      const lines = this.#lines.take();
      const body = { attempt, reports, state, ...(lines === "" ? {} : { lines }) };
      try {
        await outbox.send(this.#letter("checkpoint", attempt, state.blob, body), false, this.#unwanted);
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        this.#keepUnsent(reports, lines);
      }
    });
    this.#sending = told;
    return told;
  }

  #keepUnsent(reports: readonly ReportRow[], lines: string): void {
    this.#reports = [...reports, ...this.#reports];
    const later = this.#lines.take();
    this.#lines.add(lines);
    this.#lines.add(later);
  }

  #watch(specSeconds: number | null, memoryPerRun: number | null, pid: number): Timer[] {
    const startedAt = this.#ports.clock.monotonic();
    // An interval, not one timeout: those end at once beyond 24.8 days, and the limit may be edited.
    const limit = (): number | null => (this.#maxRunSeconds === undefined ? specSeconds : this.#maxRunSeconds);
    const checkTime = (): void => {
      const most = limit();
      if (most === null || this.#frozenAt !== undefined) return;
      if (this.#ports.clock.monotonic() - startedAt - this.#frozenMs < most * 1000) return;
      this.#giveUp("timeout", `not done after max_run_time, ${most} s`);
    };
    const timers: Timer[] = [];
    // Most runs have no limit, and then nothing need look at the clock.
    this.#watchTime = () => {
      if (limit() === null) return;
      this.#watchTime = () => undefined;
      timers.push(this.#ports.clock.every(Math.min(1000, (specSeconds ?? 4) * 250), checkTime));
    };
    this.#watchTime();
    if (memoryPerRun !== null) {
      const check = (): void => {
        const used = residentBytes(pid);
        if (used <= memoryPerRun) return;
        this.#giveUp(
          "memory",
          `it used ${sizeText(used)} of memory, more than memory_per_run, ${sizeText(memoryPerRun)}`,
        );
      };
      timers.push(this.#ports.clock.every(memoryEveryMs, check));
    }
    return timers;
  }

  /** Reports wait until a second has passed since the last message, or for the result. */
  #hear(reports: readonly ReportRow[], lines: string, outbox: Outbox): void {
    this.#reports.push(...reports);
    this.#lines.add(lines);
    this.#said = (this.#said + lines).slice(-mostSaid);
    this.#iters = reports.at(-1)?.[1] ?? this.#iters;
    if (this.#ports.clock.monotonic() - this.#sentAt < reportsEveryMs) return;
    this.#sentAt = this.#ports.clock.monotonic();
    this.#sending = this.#sending.then(() => this.#sendReports(outbox));
  }

  async #sendReports(outbox: Outbox): Promise<void> {
    const reports = this.#reports;
    if ((reports.length === 0 && this.#lines.isEmpty) || this.#end) return;
    this.#reports = [];
    this.#messages += 1;
    const lines = this.#lines.take();
    const body = { attempt: this.#attempt, reports, ...(lines === "" ? {} : { lines }) };
    try {
      await outbox.send(this.#letter("report", this.#attempt, String(this.#messages), body), false, this.#ran);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#keepUnsent(reports, lines);
    }
  }

  /** What goes with a run's end besides its reports: the console's last lines, and the files in its folder. */
  async #leavings(end: RunnerEnd, attempt: number): Promise<{ lines?: string; files?: ArtifactList }> {
    if ("lines" in end) this.#lines.add(end.lines);
    const lines = this.#lines.take();
    const { job, n } = this.#assignment;
    const address = { worker: this.#worker, job, n, attempt, nonce: this.#nonce };
    const files = this.#upload === "" ? null : await uploadFiles(this.#ports, address, this.#upload, this.#left);
    return { ...(lines === "" ? {} : { lines }), ...(files ? { files } : {}) };
  }

  /** Sends what would make the end's message too large ahead of it; returns the rest. */
  async #sendExcess(reports: ReportRow[], outbox: Outbox): Promise<ReportRow[]> {
    let rest = reports;
    while (rest.length > mostReportsTogether && !this.#left.aborted) {
      this.#messages += 1;
      const body = { attempt: this.#attempt, reports: rest.slice(0, mostReportsTogether) };
      await outbox.send(this.#letter("report", this.#attempt, String(this.#messages), body), true, this.#left);
      rest = rest.slice(mostReportsTogether);
    }
    return rest;
  }

  async #deliver(end: RunnerEnd, outbox: Outbox, leaving: (attempt: number) => void): Promise<StayEnd> {
    const attempt = this.#attempt;
    const all = "reports" in end ? [...this.#reports, ...end.reports] : this.#reports;
    const reports = await this.#sendExcess(all, outbox);
    const asked = this.#end;
    if (end.type === "done") {
      const { hpmax, iters, metrics, titles, console } = end;
      const leavings = await this.#leavings(end, attempt);
      leaving(attempt);
      let tooLarge = "";
      // What makes it too large may be the list of files; the result itself matters more.
      for (const more of [leavings, {}]) {
        try {
          const body = { attempt, reports, hpmax, iters, metrics, titles, console, ...more };
          await outbox.send(this.#letter("result", attempt, "result", body), true, this.#left);
          return { kind: "ended", text: `hpmax ${Number(hpmax.toPrecision(5))}` };
        } catch (error) {
          if (!(error instanceof BusError) || error.reason !== "too large") throw error;
          tooLarge = error.message;
        }
      }
      const reason = `the run's result is larger than the broker takes: ${tooLarge}`;
      const body = { attempt, reports: [], outcome: "failed", reason, console: "" } as const;
      await outbox.send(this.#letter("failed", attempt, "too-large", body), true, this.#left);
      return { kind: "ended", text: `failed: ${reason}` };
    }
    if (asked?.kind === "stop") return { kind: "stopped", text: asked.reason };
    if (asked?.kind === "handback") {
      const body = { attempt, fault: "owner", reason: asked.reason } as const;
      const tooLate = new Ending();
      const timer = this.#ports.clock.after(handBackMs, () => tooLate.abort()).unref();
      try {
        await outbox.send(this.#letter("released", attempt, "released", body), false, tooLate);
      } finally {
        timer.cancel();
      }
      return { kind: "stopped", text: `handed back: ${asked.reason}` };
    }
    if (asked || end.type === "failed") {
      const reason = asked?.reason ?? (end.type === "failed" ? end.reason : "");
      const outcome = asked?.kind === "timeout" ? "timed out" : "failed";
      const console = end.type === "failed" ? end.console : "";
      const leavings = await this.#leavings(end, attempt);
      const body = { attempt, reports, outcome, reason: reason.slice(0, 4000), console, ...leavings } as const;
      leaving(attempt);
      await outbox.send(this.#letter("failed", attempt, "failed", body), true, this.#left);
      return { kind: "ended", text: `${outcome}: ${reason.split("\n")[0]}` };
    }
    const reason = end.type === "died" ? end.reason : "the runner stopped unasked";
    const console = this.#said + (end.type === "died" ? end.console : "");
    const body = { attempt, fault: "runner", reason, console } as const;
    await outbox.send(this.#letter("released", attempt, "released", body), true, this.#left);
    return { kind: "stopped", text: reason };
  }

  #letter(
    kind: EvidenceKind,
    attempt: number,
    id: string,
    body: Parameters<typeof encodeEvidence>[0],
  ): Parameters<Outbox["send"]>[0] {
    const { job, n } = this.#assignment;
    return {
      subject: evidence(this.#worker, job, n, kind),
      msgId: `${job}.${n}.${attempt}.${id}.${this.#nonce}`,
      data: encodeEvidence({ ...body, claim: this.#claims.get(attempt) ?? "" }),
    };
  }
}

/** Characters of a console that go with a hand-back, of which the journal keeps the end. */
const mostSaid = 4000;

/** A hand-back that does not reach the broker in this time is left to the lease. */
const handBackMs = 5000;
