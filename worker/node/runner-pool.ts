import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { RunTask } from "../runner/protocol.ts";
import { type Housing, plainHousing } from "./housing.ts";
import { launchOf } from "./runner-launch.ts";
import { RunnerProcess } from "./runner-process.ts";
import type { OnReports, RunnerEnd, RunnerKind, Runners, RunningTask } from "./runners.ts";

const isSameView = (a: RunnerKind["gpus"], b: RunnerKind["gpus"]): boolean =>
  JSON.stringify(a?.variables ?? null) === JSON.stringify(b?.variables ?? null);

/** The end of a run whose process this machine does not start: another one may. */
function neverStarted(why: string): RunningTask {
  const reason = `the runner process could not be started: ${why}`;
  const end: RunnerEnd = { type: "failed", reason, isOfMachine: true, reports: [], lines: "", console: "" };
  const nothing = (): void => undefined;
  const calls = { stop: nothing, handBack: nothing, checkpointEvery: nothing, freeze: nothing, thaw: nothing };
  return { pid: 0, end: Promise.resolve(end), ...calls };
}

/** Runner processes, kept warm between trials. Each executes one trial at a time, so a crash affects only that trial. */
export class RunnerPool implements Runners {
  readonly #log: Log;
  readonly #housing: Housing;
  readonly #graceMs: number;
  readonly #idle: RunnerProcess[] = [];
  readonly #all = new Set<RunnerProcess>();
  #closed = false;

  /** @param graceMs  how long a run that was told to stop may take, before its process is killed */
  constructor(log: Log, housing: Housing = plainHousing(), graceMs = 2000) {
    this.#log = log;
    this.#housing = housing;
    this.#graceMs = graceMs;
  }

  /** Uses an idle runner of that kind, or starts one. */
  run(kind: RunnerKind, task: RunTask, onReports: OnReports): RunningTask {
    if (this.#closed) throw new Error("this worker is ending and starts nothing");
    const at = this.#idle.findLastIndex((each) => {
      const { lowPriority, cores, gpus } = each.kind;
      const isOfKind = lowPriority === kind.lowPriority && cores === kind.cores && isSameView(gpus, kind.gpus);
      return isOfKind && each.sees(task);
    });
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    let runner: RunnerProcess;
    try {
      runner = idle ?? this.#start(kind, task);
    } catch (error) {
      return neverStarted(messageOf(error));
    }
    const running = runner.run(task, onReports);
    // Nothing of the run may still be running when its folders are read.
    if (runner.isForOne) return { ...running, end: running.end.then((end) => runner.kill().then(() => end)) };
    void running.end.then((end) => {
      if (this.#closed || end.type === "died" || runner.isSpoilt) void runner.kill();
      else this.#idle.push(runner);
    });
    return running;
  }

  /** @throws if no process can be started */
  #start(kind: RunnerKind, task: RunTask): RunnerProcess {
    // An idle runner of another kind makes room, so processes never outnumber the slots.
    void this.#idle.shift()?.kill();
    const launch = launchOf(this.#housing, kind, task);
    try {
      const runner = new RunnerProcess(kind, launch, this.#log, this.#graceMs, () => {
        this.#all.delete(runner);
        const at = this.#idle.indexOf(runner);
        if (at >= 0) this.#idle.splice(at, 1);
      });
      this.#all.add(runner);
      return runner;
    } catch (error) {
      void launch.group?.remove();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((runner) => runner.kill()));
  }
}
