import { type ChildProcess, fork } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { Log } from "../shared/log.ts";
import type { ReportRow } from "../shared/wire/messages.ts";
import type { FromRunner, JobText, ToRunner } from "./runner/protocol.ts";

/** What a runner process must be: those of different kinds are not interchangeable. */
export interface RunnerKind {
  readonly lowPriority: boolean;
  readonly cores: number;
}

export interface RunnerTask {
  readonly job: string;
  readonly jobText: JobText;
  readonly settings: Extract<ToRunner, { type: "run" }>["settings"];
  readonly seed: number;
  readonly directory: string;
  readonly keepFiles: boolean;
}

export type RunnerEnd =
  | Extract<FromRunner, { type: "done" | "failed" | "stopped" }>
  /** The process ended under the run. */
  | { readonly type: "died"; readonly reason: string };

export interface RunningTask {
  readonly pid: number;
  readonly end: Promise<RunnerEnd>;
  /** Asks the run to stop; its process is killed when it does not within the grace period. */
  stop(): void;
}

const runnerProgram = fileURLToPath(new URL("./runner/main.js", import.meta.url));
const stopGraceMs = 2000;
/** Thread counts of the numeric libraries that training programs use. */
const threadVariables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"];
const nice = 19;

/** Runner processes, kept warm between trials. One trial per process at a time, so that a crash takes that one alone. */
export class RunnerPool {
  readonly #log: Log;
  readonly #idle: Runner[] = [];
  readonly #all = new Set<Runner>();
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Starts a run in an idle runner of that kind, or in a new one. */
  run(kind: RunnerKind, task: RunnerTask, onReports: (reports: readonly ReportRow[]) => void): RunningTask {
    if (this.#closed) throw new Error("this worker is ending and starts nothing");
    const at = this.#idle.findLastIndex(
      (each) => each.kind.lowPriority === kind.lowPriority && each.kind.cores === kind.cores,
    );
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    const runner = idle ?? this.#start(kind);
    const running = runner.run(task, onReports);
    void running.end.then((end) => {
      if (this.#closed || end.type === "died") void runner.kill();
      else this.#idle.push(runner);
    });
    return running;
  }

  #start(kind: RunnerKind): Runner {
    // An idle one of another kind makes room: there are never more processes than slots and kinds in use.
    void this.#idle.shift()?.kill();
    const runner = new Runner(kind, this.#log, () => {
      this.#all.delete(runner);
      const at = this.#idle.indexOf(runner);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#all.add(runner);
    return runner;
  }

  /** Ends every process at once. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((runner) => runner.kill()));
  }
}

class Runner {
  readonly kind: RunnerKind;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #knownJobs = new Set<string>();
  #current:
    | { id: number; onReports: (reports: readonly ReportRow[]) => void; end: (end: RunnerEnd) => void }
    | undefined;
  #count = 0;
  #dead = "";

  constructor(kind: RunnerKind, log: Log, onExit: () => void) {
    this.kind = kind;
    const threads = Object.fromEntries(threadVariables.map((name) => [name, String(kind.cores)]));
    this.#child = fork(runnerProgram, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, ...threads },
    });
    const { pid } = this.#child;
    if (pid !== undefined && kind.lowPriority) {
      try {
        setPriority(pid, nice);
      } catch (error) {
        log.warn({ pid, error: String(error) }, "a low-priority runner could not be made nice");
      }
    }
    this.#child.on("message", (message: FromRunner) => this.#hear(message));
    this.#exited = new Promise((resolve) => {
      const ended = (reason: string): void => {
        this.#died(reason);
        onExit();
        resolve();
      };
      this.#child.once("error", (error) => ended(`the runner process could not be started: ${error.message}`));
      this.#child.once("exit", (code, signal) =>
        ended(
          signal === null ? `the runner process ended with code ${code}` : `the runner process was killed by ${signal}`,
        ),
      );
    });
  }

  run(task: RunnerTask, onReports: (reports: readonly ReportRow[]) => void): RunningTask {
    this.#count += 1;
    const id = this.#count;
    const { job, jobText, settings, seed, directory, keepFiles } = task;
    let grace: NodeJS.Timeout | undefined;
    const end = new Promise<RunnerEnd>((resolve) => {
      this.#current = {
        id,
        onReports,
        end: (how) => {
          clearTimeout(grace);
          this.#current = undefined;
          resolve(how);
        },
      };
    });
    if (this.#dead !== "") this.#current?.end({ type: "died", reason: this.#dead });
    else {
      const text = this.#knownJobs.has(job) ? null : jobText;
      this.#knownJobs.add(job);
      this.#tell({ type: "run", id, job, jobText: text, settings, seed, directory, keepFiles });
    }
    return {
      pid: this.#child.pid ?? 0,
      end,
      stop: () => {
        if (this.#current?.id !== id || grace) return;
        this.#tell({ type: "stop", id });
        grace = setTimeout(() => this.#child.kill("SIGKILL"), stopGraceMs);
      },
    };
  }

  /** Ends the process; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#dead === "") this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #tell(message: ToRunner): void {
    this.#child.send(message, (error) => {
      if (error) this.#died(error.message);
    });
  }

  #hear(message: FromRunner): void {
    if (message.type === "ready" || message.id !== this.#current?.id) return;
    if (message.type === "reports") this.#current.onReports(message.reports);
    else this.#current.end(message);
  }

  #died(reason: string): void {
    if (this.#dead === "") this.#dead = reason;
    this.#current?.end({ type: "died", reason });
  }
}
