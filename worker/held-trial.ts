import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { WorkerId } from "../shared/domain/names.ts";
import { BusError } from "../shared/ports.ts";
import {
  type Assignment,
  encodeEvidence,
  type HeldTrial as HeldMessage,
  type ReportRow,
} from "../shared/wire/messages.ts";
import { type EvidenceKind, evidence } from "../shared/wire/subjects.ts";
import type { KnownJob } from "./node.ts";
import type { Outbox } from "./outbox.ts";
import type { RunnerEnd, RunnerPool, RunningTask } from "./runner-pool.ts";

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

/** A trial that this worker holds: runs it, keeps its reports until they are acknowledged, delivers its end. */
export class HeldTrial {
  readonly key: string;
  readonly #assignment: Assignment;
  readonly #worker: WorkerId;
  #attempt: number;
  #iters = 0;
  #task: RunningTask | undefined;
  /** Reports not yet in an acknowledged message. */
  #reports: ReportRow[] = [];
  #sending: Promise<void> = Promise.resolve();
  #sentAt = performance.now();
  #messages = 0;
  /** In every msgID: another worker that guessed one could have this one's result taken for a repetition (seen). */
  readonly #nonce = randomBytes(9).toString("base64url");
  readonly #ran = new AbortController();
  readonly #left = new AbortController();
  /** Why it is not to go on here; the first reason stands. */
  #end: { kind: "stop" | "handback" | "timeout" | "memory"; reason: string } | undefined;

  constructor(worker: WorkerId, assignment: Assignment) {
    this.#worker = worker;
    this.#assignment = assignment;
    this.#attempt = assignment.attempt;
    this.key = `${assignment.job}/${assignment.n}`;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get givenUp(): boolean {
    return this.#end !== undefined;
  }

  describe(): HeldMessage {
    const { job, n } = this.#assignment;
    return { job, n, attempt: this.#attempt, iters: this.#iters };
  }

  /** The trial was granted again while it ran: it goes on under the new attempt number, nothing is restarted. */
  regrant(attempt: number): void {
    if (attempt > this.#attempt) this.#attempt = attempt;
  }

  /** The coordinator no longer wants it from here. Its result would still count if it came first, but it is not awaited. */
  stop(reason: string): void {
    this.#giveUp("stop", reason);
  }

  handBack(reason: string): void {
    setTimeout(() => this.#left.abort(), handBackMs).unref();
    this.#giveUp("handback", reason);
  }

  #giveUp(kind: "stop" | "handback" | "timeout" | "memory", reason: string): void {
    this.#end ??= { kind, reason };
    this.#task?.stop();
  }

  /** Runs it to its end and delivers that; resolves when the broker has it. */
  async run(pool: RunnerPool, outbox: Outbox, known: KnownJob, directory: string): Promise<StayEnd> {
    if (this.#end) return this.#deliver({ type: "stopped", id: 0 }, outbox);
    const { settings, hyperparameters } = known.spec;
    const { job, seed } = this.#assignment;
    const names = hyperparameters.map(({ name }, i) => [name, this.#assignment.settings[i] ?? null] as const);
    const kind = { lowPriority: settings.lowPriority, cores: settings.coresPerRun };
    const task = {
      job,
      jobText: known.answer,
      settings: Object.fromEntries(names),
      seed,
      directory,
      keepFiles: settings.hold,
    };
    this.#task = pool.run(kind, task, (reports) => this.#hear(reports, outbox));
    const timers = this.#watch(settings.maxRunSeconds, settings.memoryPerRun, this.#task.pid);
    let end: RunnerEnd;
    try {
      end = await this.#task.end;
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
    // Reports that wait for their acknowledgement go with the end: it must not wait for them, also not to be spooled.
    this.#ran.abort();
    await this.#sending;
    return this.#deliver(end, outbox);
  }

  #watch(maxRunSeconds: number | null, memoryPerRun: number | null, pid: number): NodeJS.Timeout[] {
    const timers: NodeJS.Timeout[] = [];
    if (maxRunSeconds !== null) {
      const reason = `not done after max_run_time, ${maxRunSeconds} s`;
      const startedAt = performance.now();
      // An interval, not one timeout: those end at once beyond 24.8 days.
      const check = (): void => {
        if (performance.now() - startedAt >= maxRunSeconds * 1000) this.#giveUp("timeout", reason);
      };
      timers.push(setInterval(check, Math.min(1000, maxRunSeconds * 250)));
    }
    if (memoryPerRun !== null) {
      const check = (): void => {
        const used = residentBytes(pid);
        if (used <= memoryPerRun) return;
        this.#giveUp(
          "memory",
          `it used ${megabytes(used)} of memory, more than memory_per_run, ${megabytes(memoryPerRun)}`,
        );
      };
      timers.push(setInterval(check, memoryEveryMs));
    }
    return timers;
  }

  /** Reports wait until a second has passed since the last message, or for the result. */
  #hear(reports: readonly ReportRow[], outbox: Outbox): void {
    this.#reports.push(...reports);
    this.#iters = reports.at(-1)?.[1] ?? this.#iters;
    if (performance.now() - this.#sentAt < reportsEveryMs) return;
    this.#sentAt = performance.now();
    this.#sending = this.#sending.then(() => this.#sendReports(outbox));
  }

  async #sendReports(outbox: Outbox): Promise<void> {
    const reports = this.#reports;
    if (reports.length === 0 || this.#end) return;
    this.#reports = [];
    this.#messages += 1;
    const body = { attempt: this.#attempt, reports };
    try {
      await outbox.send(this.#letter("report", this.#attempt, String(this.#messages), body), false, this.#ran.signal);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      this.#reports = [...reports, ...this.#reports];
    }
  }

  /** Sends what would make the end's message too large ahead of it; returns the rest. */
  async #sendExcess(reports: ReportRow[], outbox: Outbox): Promise<ReportRow[]> {
    let rest = reports;
    while (rest.length > mostReportsTogether && !this.#left.signal.aborted) {
      this.#messages += 1;
      const body = { attempt: this.#attempt, reports: rest.slice(0, mostReportsTogether) };
      await outbox.send(this.#letter("report", this.#attempt, String(this.#messages), body), true, this.#left.signal);
      rest = rest.slice(mostReportsTogether);
    }
    return rest;
  }

  async #deliver(end: RunnerEnd, outbox: Outbox): Promise<StayEnd> {
    const attempt = this.#attempt;
    const all = "reports" in end ? [...this.#reports, ...end.reports] : this.#reports;
    const reports = await this.#sendExcess(all, outbox);
    const asked = this.#end;
    if (end.type === "done") {
      const { hpmax, iters, metrics, console } = end;
      try {
        const body = { attempt, reports, hpmax, iters, metrics, console };
        await outbox.send(this.#letter("result", attempt, "result", body), true, this.#left.signal);
      } catch (error) {
        if (!(error instanceof BusError) || error.reason !== "too large") throw error;
        const reason = `the run's result is larger than the broker takes: ${error.message}`;
        const body = { attempt, reports: [], outcome: "failed", reason, console: "" } as const;
        await outbox.send(this.#letter("failed", attempt, "too-large", body), true, this.#left.signal);
        return { kind: "ended", text: `failed: ${reason}` };
      }
      return { kind: "ended", text: `hpmax ${Number(hpmax.toPrecision(5))}` };
    }
    if (asked?.kind === "stop") return { kind: "stopped", text: asked.reason };
    if (asked?.kind === "handback") {
      const body = { attempt, fault: "owner", reason: asked.reason } as const;
      await outbox.send(this.#letter("released", attempt, "released", body), false, AbortSignal.timeout(handBackMs));
      return { kind: "stopped", text: `handed back: ${asked.reason}` };
    }
    if (asked || end.type === "failed") {
      const reason = asked?.reason ?? (end.type === "failed" ? end.reason : "");
      const outcome = asked?.kind === "timeout" ? "timed out" : "failed";
      const console = end.type === "failed" ? end.console : "";
      const body = { attempt, reports, outcome, reason: reason.slice(0, 4000), console } as const;
      await outbox.send(this.#letter("failed", attempt, "failed", body), true, this.#left.signal);
      return { kind: "ended", text: `${outcome}: ${reason.split("\n")[0]}` };
    }
    const reason = end.type === "died" ? end.reason : "the runner stopped unasked";
    const body = { attempt, fault: "runner", reason } as const;
    await outbox.send(this.#letter("released", attempt, "released", body), true, this.#left.signal);
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
      data: encodeEvidence(body),
    };
  }
}

/** A hand-back that does not reach the broker in this time is left to the lease. */
const handBackMs = 5000;

/** Resident memory of a process; 0 where the system does not tell. */
function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return Number.isFinite(pages) ? pages * 4096 : 0;
  } catch {
    return 0; // no /proc on this system, or the process has just ended
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
