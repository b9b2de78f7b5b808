import type { WorkerId } from "../../shared/domain/names.ts";
import { Ending } from "../../shared/ending.ts";
import { BusError } from "../../shared/ports.ts";
import type { ArtifactList } from "../../shared/wire/artifacts.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import type { Assignment, HeldTrial as HeldMessage } from "../../shared/wire/messages.ts";
import type { RunTask } from "../runner/protocol.ts";
import { uploadFiles } from "./artifacts.ts";
import { HeldAttempt } from "./held-attempt.ts";
import type { KnownJob } from "./known-job.ts";
import type { Outbox } from "./outbox.ts";
import type { Ports } from "./ports.ts";
import { ReportSender } from "./report-sender.ts";
import { RunLimits } from "./run-limits.ts";
import type { RunnerEnd, RunningTask } from "./runners.ts";
import { fetchState, StateKeeper } from "./state-keeper.ts";

/** If a hand-back does not reach the broker in this time, the trial moves when its lease expires. */
const handBackMs = 5000;

/** How a trial's stay on this worker ended. */
export interface StayEnd {
  readonly kind: "ended" | "stopped";
  readonly text: string;
}

export type RunFolders = Pick<RunTask, "directory" | "stateDirectory">;
type GivenUp = "stop" | "handback" | "timeout" | "memory";
type Done = Extract<RunnerEnd, { type: "done" }>;

/** A trial that this worker holds: executes its run, keeps its reports until they are acknowledged, delivers its end. */
export class HeldTrial {
  readonly key: string;
  readonly #assignment: Assignment;
  readonly #ports: Ports<"bus" | "clock" | "chance" | "log" | "runners">;
  readonly #outbox: Outbox;
  readonly #attempt: HeldAttempt;
  readonly #reports: ReportSender;
  readonly #limits: RunLimits;
  #task: RunningTask | undefined;
  #states: StateKeeper | undefined;
  #checkpointSeconds: number;
  /** Folder whose files are uploaded at the end of the run; "" if there is none. */
  #upload = "";
  /** Aborted when a hand-back has taken too long: nothing of the run is delivered any more. */
  readonly #left = new Ending();
  /** Aborted when nobody needs the state to resume from and the run's own states any more. */
  readonly #unwanted = new Ending();
  /** Why the run is to end here; the first reason counts. */
  #end: { readonly kind: GivenUp; readonly reason: string } | undefined;

  /** @param claim  the claim that the assignment answers */
  constructor(
    ports: Ports<"bus" | "clock" | "chance" | "log" | "runners">,
    outbox: Outbox,
    worker: WorkerId,
    assignment: Assignment,
    claim: string,
  ) {
    const { job, n, attempt, limits, checkpointSeconds } = assignment;
    this.key = `${job}/${n}`;
    this.#assignment = assignment;
    this.#ports = ports;
    this.#outbox = outbox;
    this.#attempt = new HeldAttempt({ worker, job, n, attempt, nonce: ports.chance.nonce() }, claim);
    this.#reports = new ReportSender(ports, outbox, this.#attempt);
    this.#limits = new RunLimits(ports.clock, (limit, reason) => this.#giveUp(limit, reason));
    this.#limits.edit(limits?.maxRunSeconds);
    this.#checkpointSeconds = checkpointSeconds;
  }

  get attempt(): number {
    return this.#attempt.number;
  }

  get name(): string {
    return this.#assignment.run;
  }

  get givenUp(): boolean {
    return this.#end !== undefined;
  }

  describe(): HeldMessage {
    const { job, n, attempt } = this.#attempt.address;
    return { job, n, attempt, iters: this.#reports.iters };
  }

  /** Whether the assignment is for this run: a workspace restored from a backup gives the same numbers to other runs. */
  carries({ run, seed, settings }: Assignment): boolean {
    const own = this.#assignment;
    return run === own.run && seed === own.seed && JSON.stringify(settings) === JSON.stringify(own.settings);
  }

  /**
   * The trial was granted again while it ran: the run continues under the new attempt number.
   *
   * @param claim  the claim that was answered with it; a renewal, which keeps the claim, gives none
   */
  regrant(attempt: number, claim?: string): void {
    this.#attempt.regrant(attempt, claim);
  }

  /** Freezes the run, which keeps its runner, its slot and its lease. Returns false if it already was, or is ending. */
  freeze(): boolean {
    if (this.#limits.isFrozen || this.#end) return false;
    this.#limits.freeze();
    this.#task?.freeze();
    return true;
  }

  /** Returns whether the run was frozen. */
  thaw(): boolean {
    if (!this.#limits.isFrozen) return false;
    this.#limits.thaw();
    this.#task?.thaw();
    return true;
  }

  /** An edit of the job changed max_run_time; null: no limit. Time that has already passed counts. */
  limit(maxRunSeconds: number | null): void {
    this.#limits.edit(maxRunSeconds);
  }

  /** The coordinator no longer wants this run. A result that is already on its way still counts. */
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

  #giveUp(kind: GivenUp, reason: string): void {
    this.#end ??= { kind, reason };
    this.#reports.holdBack();
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

  /** The coordinator lengthens the interval if all runs together would send too much. */
  checkpointEvery(seconds: number): void {
    if (seconds === this.#checkpointSeconds) return;
    this.#checkpointSeconds = seconds;
    this.#task?.checkpointEvery(seconds);
  }

  /**
   * Executes the run and delivers its end; resolves when the broker has that. `leaving` is called with the attempt number when
   * the end is sent: from then on the slot is free.
   */
  async run(known: KnownJob, folders: RunFolders, leaving: (attempt: number) => void): Promise<StayEnd> {
    const { settings, hyperparameters } = known.spec;
    const { job, seed } = this.#assignment;
    if (settings.uploadFiles) this.#upload = folders.directory;
    const resume = this.#end ? null : await this.#fetchState();
    if (this.#end) return this.#deliver({ type: "stopped" }, leaving);
    const chosen = hyperparameters.map(({ name }, i) => [name, this.#assignment.settings[i] ?? null] as const);
    const task = {
      job,
      jobText: known.text,
      codeFolder: known.codeFolder,
      settings: Object.fromEntries(chosen),
      seed,
      ...folders,
      keepFiles: settings.hold,
      resume,
      checkpointSeconds: this.#checkpointSeconds,
    };
    const states = new StateKeeper(this.#ports, this.#attempt, (attempt, state) =>
      this.#reports.announce(attempt, state, this.#unwanted),
    );
    this.#states = states;
    const kind = { lowPriority: settings.lowPriority, cores: settings.coresPerRun, network: settings.network };
    this.#task = this.#ports.runners.run(kind, task, (reports, lines, state) => {
      this.#reports.hear(reports, lines);
      if (state) states.keep(state);
    });
    // It was frozen while its spec was still being fetched.
    if (this.#limits.isFrozen) this.#task.freeze();
    this.#limits.begin(settings.maxRunSeconds, settings.memoryPerRun, this.#task.pid);
    const end = await this.#task.end;
    this.#limits.end();
    // Only a run that was handed back needs its state: another worker resumes from it.
    if (!this.#isHandingBack() || end.type !== "stopped") this.#dropStates();
    await states.settled();
    // Reports that are not acknowledged yet travel with the end. It must not wait for them, not even before it is spooled.
    await this.#reports.settle();
    // A result counts, even if the run was asked to stop meanwhile.
    return end.type === "done" ? this.#deliverResult(end, leaving) : this.#deliver(end, leaving);
  }

  /** The state to resume from; null if there is none, or if it cannot be fetched. */
  async #fetchState(): Promise<Uint8Array | null> {
    const { resume, job, n, attempt } = this.#assignment;
    if (!resume) return null;
    try {
      // Its place on the broker names this trial, so nobody but a holder of an attempt at it can have stored it there.
      if (resume.attempt >= attempt) throw new BadMessage(`attempt ${resume.attempt} is not before ${attempt}`);
      return await fetchState(this.#ports, { job, n }, resume, this.#unwanted);
    } catch (error) {
      if (!(error instanceof BusError || error instanceof BadMessage)) throw error;
      this.#ports.log.warn({ job, n, why: error.message }, "a checkpoint cannot be fetched: the run starts afresh");
      return null;
    }
  }

  /** Tells the coordinator how a run without a result ended: as it was asked to, or else how it failed. */
  async #deliver(end: Exclude<RunnerEnd, Done>, leaving: (attempt: number) => void): Promise<StayEnd> {
    const attempt = this.attempt;
    const told = await this.#reports.rest("reports" in end ? end : { reports: [], lines: "" }, this.#left);
    const asked = this.#end;
    if (asked?.kind === "stop") return { kind: "stopped", text: asked.reason };
    if (asked?.kind === "handback") {
      const { reason } = asked;
      const tooLate = new Ending();
      const timer = this.#ports.clock.after(handBackMs, () => tooLate.abort()).unref();
      try {
        const letter = this.#attempt.letter("released", "released", { attempt, fault: "owner", reason });
        await this.#outbox.send(letter, false, tooLate);
      } finally {
        timer.cancel();
      }
      return { kind: "stopped", text: `handed back: ${reason}` };
    }
    if (asked || end.type === "failed") {
      const outcome = asked?.kind === "timeout" ? "timed out" : "failed";
      const { reason, console } = end.type === "failed" ? end : { reason: "", console: "" };
      const why = asked?.reason ?? reason;
      const files = await this.#files(attempt);
      const body = { attempt, ...told, outcome, reason: why.slice(0, 4000), console, ...files } as const;
      leaving(attempt);
      await this.#outbox.send(this.#attempt.letter("failed", "failed", body), true, this.#left);
      return { kind: "ended", text: `${outcome}: ${why.split("\n")[0]}` };
    }
    const reason = end.type === "died" ? end.reason : "the runner stopped without being asked";
    const console = this.#reports.said + (end.type === "died" ? end.console : "");
    const letter = this.#attempt.letter("released", "released", { attempt, fault: "runner", reason, console });
    await this.#outbox.send(letter, true, this.#left);
    return { kind: "stopped", text: reason };
  }

  async #deliverResult(end: Done, leaving: (attempt: number) => void): Promise<StayEnd> {
    const { hpmax, iters, metrics, titles, console } = end;
    const attempt = this.attempt;
    const { reports, ...lines } = await this.#reports.rest(end, this.#left);
    const extras = { ...lines, ...(await this.#files(attempt)) };
    leaving(attempt);
    let tooLarge = "";
    // The list of files may make it too large; the result itself matters more.
    for (const more of [extras, {}]) {
      try {
        const body = { attempt, reports, hpmax, iters, metrics, titles, console, ...more };
        await this.#outbox.send(this.#attempt.letter("result", "result", body), true, this.#left);
        return { kind: "ended", text: `hpmax ${Number(hpmax.toPrecision(5))}` };
      } catch (error) {
        if (!(error instanceof BusError) || error.reason !== "too large") throw error;
        tooLarge = error.message;
      }
    }
    const reason = `the run's result is larger than the broker takes: ${tooLarge}`;
    await this.#outbox.send(
      this.#attempt.letter("failed", "too-large", { attempt, reports: [], outcome: "failed", reason, console: "" }),
      true,
      this.#left,
    );
    return { kind: "ended", text: `failed: ${reason}` };
  }

  /** Uploads the files in the run's folder. */
  async #files(attempt: number): Promise<{ readonly files?: ArtifactList }> {
    if (this.#upload === "") return {};
    const files = await uploadFiles(this.#ports, { ...this.#attempt.address, attempt }, this.#upload, this.#left);
    return files ? { files } : {};
  }
}
