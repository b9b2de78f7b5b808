import { gpuNeed } from "../../shared/domain/gpu-shares.ts";
import type { JobName, WorkerId } from "../../shared/domain/names.ts";
import type { JobSettings } from "../../shared/domain/runspec/job-settings.ts";
import { BusError } from "../../shared/ports.ts";
import { Ending } from "../../shared/time/ending.ts";
import type { ArtifactList } from "../../shared/wire/artifacts.ts";
import { mostHeldBytes } from "../../shared/wire/checkpoints.ts";
import { mostGpuText } from "../../shared/wire/evidence.ts";
import type { Assignment, Holding, StateLoss } from "../../shared/wire/messages.ts";
import type { GpuLoan, GpuView } from "../gpus/lent-gpus.ts";
import type { RunTask } from "../runner/protocol.ts";
import { uploadFiles } from "./artifacts.ts";
import { type FetchedState, lossOf, receiveState } from "./given-state.ts";
import { HeldAttempt } from "./held-attempt.ts";
import { type KnownJob, reachedText } from "./job/known-job.ts";
import type { JobFolders } from "./job/prepared-job.ts";
import { LeaveTime, savingMs, usualGraceMs } from "./leaving/leave-time.ts";
import type { Outbox } from "./outbox.ts";
import type { Ports } from "./ports.ts";
import { ReportSender } from "./report-sender.ts";
import { type EditedLimits, RunLimits } from "./run-limits.ts";
import type { RunnerEnd, RunningTask } from "./runners.ts";
import type { Letter } from "./spool.ts";
import { StateKeeper } from "./state-keeper.ts";

/** How a trial's stay on this worker ended. */
export interface StayEnd {
  readonly kind: "ended" | "stopped";
  readonly text: string;
}

export interface StayOptions {
  /** Longest time for a hand-back, in milliseconds. */
  readonly graceMs?: number | undefined;
  /** Hears what the machine's owner may want to know. */
  say?(text: string): void;
}

type HeldTrialPorts = Ports<"bus" | "clock" | "chance" | "log" | "runners" | "disk" | "gpus" | "removeFolder">;
export type RunFolders = Pick<RunTask, "directory" | "stateDirectory" | keyof JobFolders>;
/** An operator's order, the owner's use of this machine, or the share of the processor that the owner lends. */
type FrozenBy = "order" | "owner" | "share";
type GivenUp = "stop" | "handback" | "timeout" | "memory";
type Done = Extract<RunnerEnd, { type: "done" }>;

/** A trial that this worker holds: executes its run, keeps its reports until they are acknowledged, delivers its end. */
export class HeldTrial {
  readonly key: string;
  readonly job: JobName;
  /** Why this machine could not execute the run, where the watch of its disk sees no cause; "" if it could. */
  unwritten = "";
  readonly #assignment: Assignment;
  readonly #ports: HeldTrialPorts;
  readonly #outbox: Outbox;
  readonly #attempt: HeldAttempt;
  readonly #reports: ReportSender;
  readonly #limits: RunLimits;
  #task: RunningTask | undefined;
  #states: StateKeeper | undefined;
  #checkpointSeconds: number;
  /** Folder whose files are uploaded at the end of the run; "" if there is none. */
  #upload = "";
  #loan: GpuLoan | null = null;
  /** Aborted when a hand-back has taken too long: nothing of the run is delivered any more. */
  readonly #left = new Ending();
  /** Aborted when nobody needs the state to resume from and the run's own states any more. */
  readonly unwanted = new Ending();
  /** Why the run is to end here; the first reason counts. */
  #end: { readonly kind: GivenUp; readonly reason: string } | undefined;
  readonly #leaveTime: LeaveTime;
  /** What was printed before the run could begin, if it could not. */
  #said = "";
  #environment = "";
  /** Tells the machine's owner. */
  readonly #say: (text: string) => void;
  readonly #graceMs: number;
  /** What keeps the run frozen. */
  readonly #frozenBy = new Set<FrozenBy>();

  /** @param claim  the claim that the assignment answers */
  constructor(
    ports: HeldTrialPorts,
    outbox: Outbox,
    worker: WorkerId,
    assignment: Assignment,
    claim: string,
    { graceMs = usualGraceMs, say = () => undefined }: StayOptions = {},
  ) {
    this.#graceMs = graceMs;
    this.#leaveTime = new LeaveTime(ports.clock);
    this.#say = say;
    const { job, n, attempt, limits, checkpointSeconds } = assignment;
    this.key = `${job}/${n}`;
    this.job = job;
    this.#assignment = assignment;
    this.#ports = ports;
    this.#outbox = outbox;
    this.#attempt = new HeldAttempt({ worker, job, n, attempt, nonce: ports.chance.nonce() }, claim);
    this.#reports = new ReportSender(ports, outbox, this.#attempt);
    this.#limits = new RunLimits(ports.clock, (limit, reason) => this.#giveUp(limit, reason));
    this.#limits.edit(limits ?? {});
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

  describe(): Holding {
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

  /** Freezes the run; it keeps its runner, slot and lease. False if `by` already keeps it frozen, or it is ending. */
  freeze(by: FrozenBy): boolean {
    if (this.#frozenBy.has(by) || this.#end) return false;
    this.#frozenBy.add(by);
    if (!this.#limits.isFrozen) {
      this.#limits.freeze();
      this.#task?.freeze();
    }
    return true;
  }

  /** The run goes on unless something else keeps it frozen. Returns whether it goes on now. */
  thaw(by: FrozenBy): boolean {
    if (!this.#frozenBy.delete(by) || this.#frozenBy.size > 0) return false;
    this.#limits.thaw();
    this.#task?.thaw();
    return true;
  }

  /** Edits of the job changed its limits. Time that has already passed counts. */
  limit(limits: EditedLimits): void {
    this.#limits.edit(limits);
  }

  /** The coordinator no longer wants this run. A result that is already on its way still counts. */
  stop(reason: string): void {
    this.#giveUp("stop", reason);
  }

  /**
   * The run saves itself, its state is uploaded, and the coordinator is told, all within the grace. A second call can only
   * shorten it.
   */
  handBack(reason: string, workersGraceMs = this.#graceMs, said = ""): void {
    this.#said ||= said;
    const graceMs = Math.min(workersGraceMs, this.#limits.graceMs);
    const late = (): void => this.#states?.giveUp(`${Math.round(graceMs / 1000)} s were not enough to carry it`);
    const over = (): void => {
      this.#left.abort();
      void this.#reports.settle(); // The news of a lost checkpoint queues behind a report that no broker takes.
      this.#dropStates();
    };
    if (this.#leaveTime.begin(graceMs, late, over)) this.#giveUp("handback", reason, savingMs(graceMs));
  }

  #giveUp(kind: GivenUp, reason: string, forSavingMs = 0): void {
    this.#end ??= { kind, reason };
    this.#reports.holdBack();
    if (this.#end.kind === "handback" && kind === "handback") this.#task?.handBack(forSavingMs);
    else this.#task?.stop();
    if (!this.#task) this.unwanted.abort();
  }

  /** Whether nobody waits for it any more. However else it ends, it is held until that is told: files may be on their way. */
  get isDropped(): boolean {
    return this.#end?.kind === "stop";
  }

  get #isHandingBack(): boolean {
    return this.#end?.kind === "handback";
  }

  #dropStates(): void {
    this.#states?.end();
    this.unwanted.abort();
  }

  /** The coordinator lengthens the interval if all runs together would send too much. */
  checkpointEvery(seconds: number): void {
    if (seconds === this.#checkpointSeconds) return;
    this.#checkpointSeconds = seconds;
    this.#task?.checkpointEvery(seconds);
  }

  /** The broker is nearly full: until it is not, reports wait for the end of the run, and no state is stored. */
  holdReports(isHeld: boolean): void {
    this.#reports.isHeld = isHeld;
  }

  /**
   * Executes the run and delivers its end; resolves when the broker has that. `leaving` is called with the attempt
   * number when a result or a failure is sent: from then on the slot is free.
   */
  async run(known: KnownJob, folders: RunFolders, leaving: (attempt: number) => void): Promise<StayEnd> {
    try {
      return await this.#execute(known, folders, leaving);
    } finally {
      this.#loan?.end();
    }
  }

  async #execute(known: KnownJob, folders: RunFolders, leaving: (attempt: number) => void): Promise<StayEnd> {
    const { settings, hyperparameters } = known.spec;
    const { job, seed } = this.#assignment;
    if (settings.uploadFiles) this.#upload = folders.directory;
    this.#environment = folders.environment?.text ?? "";
    this.#limits.give(settings.graceSeconds);
    const resume = this.#end ? null : await this.#receiveState(folders.stateDirectory);
    const gpus = await this.#gpus(settings);
    if (this.#end) return this.#deliver({ type: "stopped" }, leaving);
    const chosen = hyperparameters.map(({ name }, i) => [name, this.#assignment.settings[i] ?? null] as const);
    const task = {
      job,
      jobText: known.text,
      settings: Object.fromEntries(chosen),
      seed,
      ...folders,
      keepFiles: settings.hold,
      resume: resume?.bytes ?? null,
      hasStateFiles: resume?.hasFiles ?? false,
      checkpointSeconds: this.#checkpointSeconds,
      savingSeconds: savingMs(Math.min(this.#graceMs, this.#limits.graceMs)) / 1000,
    };
    const { checkpointLimit = mostHeldBytes, resume: given } = this.#assignment;
    const room = { bytes: checkpointLimit, asked: settings.checkpointLimit };
    const states = new StateKeeper(this.#ports, this.#attempt, room, {
      stored: (attempt, state) => this.#reports.announce(attempt, state, this.unwanted),
      lost: (attempt, lost) => this.#lost(attempt, given && lost.what === "unread" ? lossOf(given, lost.reason) : lost),
    });
    this.#states = states;
    const { lowPriority, coresPerRun: cores, network } = settings;
    const kind = { lowPriority, cores, network, ...gpus };
    this.#task = this.#ports.runners.run(kind, task, (reports, lines, state) => {
      this.#reports.hear(reports, lines);
      // While reports are held, a checkpoint could not be announced; do not store it.
      if (state && this.#reports.isHeld) state.tail?.close();
      else if (state) states.keep(state);
    });
    // It may have been frozen while its spec was still being fetched.
    if (this.#limits.isFrozen) this.#task.freeze();
    this.#limits.begin(settings.maxRunSeconds, settings.memoryPerRun, this.#task.pid);
    const end = await this.#task.end;
    this.#loan?.end();
    this.#limits.end();
    // Only a run that was handed back needs its state: another worker resumes from it.
    if (!this.#isHandingBack || end.type === "done" || end.type === "failed") this.#dropStates();
    if (!this.#end && (end.type === "failed" || end.type === "died")) {
      const blame = this.#blame(folders.directory, end.type === "failed" && end.isOfMachine ? end.reason : "");
      if (blame !== "") this.#end = { kind: "handback", reason: blame };
    }
    void this.#reports.settle(); // What becomes of a state is told behind them.
    await states.settled();
    // The end carries the reports not yet acknowledged: waiting for their messages would delay it, even its spooling.
    await this.#reports.settle();
    // A result counts, even if the run was asked to stop meanwhile.
    return end.type === "done" ? this.#deliverResult(known, end, leaving) : this.#deliver(end, leaving);
  }

  /** What the run sees of the GPUs. Waits until those it needs are free. */
  async #gpus(settings: JobSettings): Promise<{ readonly gpus?: GpuView }> {
    const { gpus } = this.#ports;
    const need = gpuNeed(settings);
    if (!gpus) return {};
    if (!need) return { gpus: gpus.viewWithout(settings.gpusPerRun === 0) };
    if (!this.#end) this.#loan = await gpus.take(need, this.unwanted);
    return this.#loan ? { gpus: this.#loan.view } : {};
  }

  /** The state to resume from; null if there is none, or if it is of no use here, which the coordinator is told. */
  async #receiveState(folder: string): Promise<FetchedState | null> {
    const given = await receiveState(this.#ports, this.#assignment, folder, this.unwanted);
    if (given.kind === "here") return given.state;
    if (given.kind === "unwritten") this.handBack(this.#blame(folder, given.why));
    if (given.kind === "unread") void this.#lost(this.attempt, given.lost);
    return null;
  }

  /**
   * Why this machine, and not the run, is at fault; "" if it is not.
   *
   * @param unwritten  why it could not write the run's files, or execute it; "" if it could
   */
  #blame(runFolder: string, unwritten: string): string {
    const seen = this.#ports.disk?.blameFor(runFolder) ?? "";
    if (seen === "") this.unwritten = unwritten;
    return seen || unwritten;
  }

  #lost(attempt: number, lost: StateLoss): Promise<void> {
    const what = lost.what === "unsaved" ? "was not carried" : "cannot be read, so the run begins afresh";
    this.#say(`its checkpoint ${what}: ${lost.reason}`);
    return this.#reports.lost(attempt, lost, this.unwanted);
  }

  /** Tells the coordinator how a run without a result ended: as it was asked to, or else how it failed. */
  async #deliver(end: Exclude<RunnerEnd, Done>, leaving: (attempt: number) => void): Promise<StayEnd> {
    const attempt = this.attempt;
    const told = this.#reports.rest("reports" in end ? end : { reports: [], lines: "" });
    const asked = this.#end;
    if (asked?.kind === "stop") return { kind: "stopped", text: asked.reason };
    if (asked?.kind === "handback") {
      const { reason } = asked;
      const tooLate = new Ending();
      const timer = this.#ports.clock.after(this.#leaveTime.tellingMs, () => tooLate.abort()).unref();
      try {
        const body = { attempt, fault: "owner", reason, console: this.#said } as const;
        const letter = this.#attempt.letter("released", "released", body);
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
      const body = { attempt, ...told, ...this.#ranOn(), outcome, reason: why.slice(0, 4000), console } as const;
      const letter = (files: object): Letter => this.#attempt.letter("failed", "failed", { ...body, ...files });
      const files = await this.#sendAhead(attempt, () => letter({}));
      leaving(attempt);
      await this.#outbox.send(letter(files), true, this.#left);
      return { kind: "ended", text: `${outcome}: ${why.split("\n")[0]}` };
    }
    const reason = end.type === "died" ? end.reason : "the runner stopped without being asked";
    const console = this.#reports.said + (end.type === "died" ? end.console : "");
    const letter = this.#attempt.letter("released", "released", { attempt, fault: "runner", reason, console });
    await this.#outbox.send(letter, true, this.#left);
    return { kind: "stopped", text: reason };
  }

  async #deliverResult(known: KnownJob, end: Done, leaving: (attempt: number) => void): Promise<StayEnd> {
    const { hpmax, iters, metrics, titles, console } = end;
    const attempt = this.attempt;
    const { reports, ...lines } = this.#reports.rest(end);
    const body = { attempt, reports, hpmax, iters, metrics, titles, console };
    const letter = (more: object): Letter => this.#attempt.letter("result", "result", { ...body, ...more });
    const ran = { ...lines, ...this.#ranOn() };
    const extras = { ...ran, ...(await this.#sendAhead(attempt, () => letter(ran))) };
    leaving(attempt);
    let tooLarge = "";
    // The list of files may make it too large; the result itself matters more.
    for (const more of [extras, {}]) {
      try {
        await this.#outbox.send(letter(more), true, this.#left);
        return { kind: "ended", text: reachedText(known, hpmax) };
      } catch (error) {
        if (!(error instanceof BusError) || error.reason !== "too large") throw error;
        tooLarge = error.message;
      }
    }
    const reason = `the run's result is larger than the broker takes: ${tooLarge}`;
    const failed = { attempt, reports: [], outcome: "failed", reason, console: "" } as const;
    await this.#outbox.send(this.#attempt.letter("failed", "too-large", failed), true, this.#left);
    return { kind: "ended", text: `failed: ${reason}` };
  }

  #ranOn(): { readonly gpus?: string; readonly environment?: string } {
    const gpus = this.#loan ? { gpus: this.#loan.view.text.slice(0, mostGpuText) } : {};
    return this.#environment === "" ? gpus : { ...gpus, environment: this.#environment };
  }

  /** Sends reports and files that go ahead of the end, which is spooled as `end` gives it if that may take long. */
  async #sendAhead(attempt: number, end: () => Letter): Promise<{ readonly files?: ArtifactList }> {
    const over = this.#leaveTime.ahead();
    const keep = (): void => this.#outbox.keepAhead(end());
    await this.#reports.sendAhead(attempt, over, keep);
    if (this.#upload === "") return {};
    const address = { ...this.#attempt.address, attempt };
    const files = await uploadFiles(this.#ports, address, this.#upload, over, keep);
    return files ? { files } : {};
  }
}
