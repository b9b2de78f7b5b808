import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { printableLines } from "../../shared/domain/printable.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { canFreeze, FrozenProcess } from "../processes/frozen-process.ts";
import { FrozenGroup } from "../processes/groups/frozen-group.ts";
import { endMarked, marked } from "../processes/leftovers.ts";
import type { Keeper } from "../processes/priority/standing.ts";
import { reaperSignal } from "../processes/reaper/scripts.ts";
import { infoDescriptor } from "../processes/sandbox.ts";
import { SandboxLife } from "../processes/sandbox-life.ts";
import { Channel } from "../runner/channel.ts";
import type { FromRunner, RunState, RunTask, ToRunner } from "../runner/protocol.ts";
import { mostRunnerBytes, readFromRunner } from "./from-runner.ts";
import { OpenFiles } from "./open-files.ts";
import type { Launch } from "./runner-launch.ts";
import type { OnReports, RunnerEnd, RunnerKind, RunningTask, TakenState } from "./runners.ts";

/** Descriptor of the pipe in the runner, after the three standard ones; worker/runner/main.ts opens it. */
const channelDescriptor = 3;
/** Least time to end for a run that had hardly any time to save itself. */
const leastStopMs = 500;
/** How long the pipes of a runner that has exited are still read. */
const lastWordsMs = 1000;
/** How many characters of a runner's stderr are kept. */
const mostComplaints = 4000;
/** A reaper ends everything and then itself; if it takes longer, it is killed. */
const longestReapingMs = 12_000;

/** A process that executes runs (worker/runner/main.ts), one after another. */
export class RunnerProcess {
  readonly kind: RunnerKind;
  readonly isForOne: boolean;
  readonly #launch: Launch;
  readonly #life: SandboxLife | undefined;
  readonly #keeper: Keeper | undefined;
  readonly #child: ChildProcess;
  readonly #channel: Channel<FromRunner, ToRunner>;
  readonly #exited: Promise<void>;
  /** The last run: the runner has its job's text. */
  #last: Pick<RunTask, "job" | "jobText"> | undefined;
  #current: { id: number; task: RunTask; onReports: OnReports; end: (end: RunnerEnd) => void } | undefined;
  #count = 0;
  #dead = "";
  /** It said what cannot be read, and is being killed; or it never was a process. */
  isSpoilt = false;
  #frozen: Pick<FrozenProcess, "thaw"> | undefined;
  readonly #log: Log;
  readonly #graceMs: number;
  /** The end of its stderr: for example, why the engine aborted. */
  #complaints = "";

  /** @throws if the system starts no process at once */
  constructor(kind: RunnerKind, launch: Launch, log: Log, graceMs: number, onExit: () => void) {
    this.#graceMs = graceMs;
    this.kind = kind;
    this.isForOne = launch.isForOne;
    this.#launch = launch;
    this.#log = log;
    this.#child = spawn(launch.command, launch.words, {
      stdio: ["ignore", "ignore", "pipe", "pipe", ...(launch.isSandbox ? ["pipe" as const] : [])],
      env: launch.environment,
      // The kernel may group processes by session, and this process's session is the owner's terminal. A Ctrl-C there
      // must not reach a runner.
      detached: true,
    });
    const { stdio }: Partial<ChildProcess> = this.#child;
    if (!stdio) {
      // Not even its pipes could be made. The event says so too, and would end this process if nobody heard it.
      this.#child.once("error", () => undefined);
      throw new Error("too many files are open here (ulimit -n, or the system's limit)");
    }
    const pipe = stdio[channelDescriptor] as Duplex; // "pipe" makes it a socket at both ends
    if (launch.isSandbox) this.#life = new SandboxLife(stdio[infoDescriptor] as Readable);
    // If the runner is gone, its exit says so.
    pipe.on("error", (error) => log.debug({ pid: this.#child.pid, error: error.message }, "a runner's pipe broke"));
    this.#channel = new Channel(pipe, {
      mostBytes: mostRunnerBytes,
      read: readFromRunner,
      hear: (message) => this.#hear(message),
      spoilt: (why) => this.#misheard(why),
    });
    const words = new StringDecoder("utf8");
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      const text = words.write(chunk);
      // The job's code wrote this, and the terminal is somebody else's.
      process.stderr.write(printableLines(text));
      this.#complaints = (this.#complaints + text).slice(-mostComplaints);
    });
    const { pid } = this.#child;
    if (pid !== undefined) {
      const low = (why: string): void => log.warn({ pid, why }, "a runner keeps the normal priority in part");
      try {
        launch.standing.started(pid);
      } catch (error) {
        low(messageOf(error));
      }
      this.#keeper = launch.standing.keeper(pid, low);
    }
    this.#exited = new Promise((resolve) => {
      const ended = async (reason: string): Promise<void> => {
        await this.#life?.gone();
        this.#died(reason);
        endMarked(launch.mark);
        await launch.group?.remove();
        onExit();
        resolve();
      };
      this.#child.once("error", (error) => void ended(`the runner process could not be started: ${error.message}`));
      const howEnded = (code: number | null, signal: string | null): string =>
        signal === null ? `the runner process ended with code ${code}` : `the runner process was killed by ${signal}`;
      // On "close", not "exit": the runner's last words may still be in the pipe.
      this.#child.once("close", (code, signal) => void ended(howEnded(code, signal)));
      // But a program that it started and left behind may keep its pipes open for hours.
      this.#child.once("exit", (code, signal) =>
        setTimeout(() => void ended(howEnded(code, signal)), lastWordsMs).unref(),
      );
    });
  }

  /** Whether it can execute the task: in a sandbox it sees the folders of one job only. */
  sees(task: RunTask): boolean {
    return this.#launch.job === null || this.#isOfLastJob(task);
  }

  /** A workspace that was restored to an older state may give the job's name to another, with another text. */
  #isOfLastJob({ job, jobText }: RunTask): boolean {
    return this.#last?.job === job && this.#last.jobText === jobText;
  }

  run(task: RunTask, onReports: OnReports): RunningTask {
    this.#count += 1;
    const id = this.#count;
    const { job, jobText, ...rest } = task;
    let grace: NodeJS.Timeout | undefined;
    const end = new Promise<RunnerEnd>((resolve) => {
      this.#current = {
        id,
        task,
        onReports,
        end: (how) => {
          clearTimeout(grace);
          // The end was already on its way when the run was frozen.
          this.#thaw();
          this.#keeper?.end();
          this.#current = undefined;
          resolve(how);
        },
      };
    });
    if (this.#dead !== "") this.#current?.end({ type: "died", reason: this.#dead, console: this.#complaints });
    else {
      const text = this.#isOfLastJob(task) ? null : jobText;
      this.#last = { job, jobText };
      this.#tell({ type: "run", id, job, jobText: text, ...rest });
      this.#keeper?.begin();
    }
    let killAt = Number.POSITIVE_INFINITY;
    let isStopped = false;
    const killAfter = (ms: number): boolean => {
      if (this.#current?.id !== id || isStopped || performance.now() + ms >= killAt) return false;
      this.#thaw();
      killAt = performance.now() + ms;
      clearTimeout(grace);
      grace = setTimeout(() => this.#kill(), ms);
      return true;
    };
    return {
      pid: this.#child.pid ?? 0,
      end,
      freeze: () => {
        if (this.#current?.id === id) this.#freeze();
      },
      thaw: () => {
        if (this.#current?.id === id) this.#thaw();
      },
      checkpointEvery: (seconds) => {
        if (this.#current?.id === id) this.#tell({ type: "checkpoint-every", id, seconds });
      },
      handBack: (savingMs) => {
        if (killAfter(savingMs + Math.min(this.#graceMs, leastStopMs + savingMs / 2)))
          this.#tell({ type: "handback", id, savingMs });
      },
      stop: () => {
        // A run that is saving itself continues to do so.
        if (killAt === Number.POSITIVE_INFINITY && killAfter(this.#graceMs)) this.#tell({ type: "stop", id });
        isStopped = true;
      },
    };
  }

  /** Kills the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#thaw();
    if (this.#dead === "") this.#kill();
    await this.#exited;
  }

  #kill(): void {
    if (this.#life?.end()) return;
    if (!this.#launch.isReaper) {
      this.#child.kill("SIGKILL");
      return;
    }
    this.#child.kill(reaperSignal);
    const late = setTimeout(() => this.#child.kill("SIGKILL"), longestReapingMs).unref();
    this.#child.once("exit", () => clearTimeout(late));
  }

  #freeze(): void {
    const { pid } = this.#child;
    if (this.#frozen || pid === undefined || this.#dead !== "") return;
    const { isReaper, isSandbox, mark, group } = this.#launch;
    // Whatever a run detaches stays below its reaper or in its sandbox.
    const detached = isReaper || isSandbox ? () => [] : () => marked(mark);
    if (group) this.#frozen = new FrozenGroup(group);
    else if (canFreeze) {
      const frozen = new FrozenProcess(pid, { isReaper, detached });
      this.#frozen = frozen;
      if (frozen.others.length > 0)
        this.#log.warn(
          { pids: frozen.others },
          "processes of a run belong to another user, and go on while it is frozen",
        );
    } else this.#log.warn({ pid }, "no process can be frozen on this system: the run goes on");
  }

  #thaw(): void {
    this.#frozen?.thaw();
    this.#frozen = undefined;
  }

  #tell(message: ToRunner): void {
    this.#channel.send(message);
  }

  #hear(message: FromRunner): void {
    if (message.id !== this.#current?.id) return;
    if (message.type === "reports") this.#current.onReports(message.reports, message.lines);
    else if (message.type === "checkpoint")
      this.#current.onReports(
        message.reports,
        message.lines,
        this.#taken(message.id, this.#current.task, message.state),
      );
    else this.#current.end(message);
  }

  /** Opens the files of a state, and tells the run that it may go on. */
  #taken(id: number, task: RunTask, { files = [], ...state }: RunState): TakenState {
    if (files.length === 0) return state;
    try {
      return { ...state, tail: OpenFiles.open(task, files) };
    } catch (error) {
      return { ...state, problem: messageOf(error) };
    } finally {
      this.#tell({ type: "taken", id });
    }
  }

  /** Only a job's own code can send what no run may send. The run fails, and its process is killed. */
  #misheard(why: string): void {
    const { pid } = this.#child;
    this.isSpoilt = true;
    this.#log.warn({ pid, why }, "a runner's message could not be read; the runner is killed");
    const reason = `the run told its worker what no run may tell: ${why}`;
    this.#current?.end({ type: "failed", reason, reports: [], lines: "", console: this.#complaints });
    this.#kill();
  }

  #died(reason: string): void {
    if (this.#dead === "") this.#dead = reason;
    this.#thaw();
    const console = this.#complaints;
    if (this.#child.pid === undefined) {
      // The system made no process; another machine may.
      this.isSpoilt = true;
      this.#current?.end({ type: "failed", reason, isOfMachine: true, reports: [], lines: "", console });
    } else this.#current?.end({ type: "died", reason, console });
  }
}
