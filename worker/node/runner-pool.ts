import type { Log } from "../../shared/log.ts";
import type { RunTask } from "../runner/protocol.ts";
import { RunnerProcess } from "./runner-process.ts";
import type { OnReports, RunnerKind, Runners, RunningTask } from "./runners.ts";

/** Runner processes, kept warm between trials. One trial per process at a time, so that a crash takes that one alone. */
export class RunnerPool implements Runners {
  readonly #log: Log;
  readonly #idle: RunnerProcess[] = [];
  readonly #all = new Set<RunnerProcess>();
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Starts a run in an idle runner of that kind, or in a new one. */
  run(kind: RunnerKind, task: RunTask, onReports: OnReports): RunningTask {
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

  #start(kind: RunnerKind): RunnerProcess {
    // An idle one of another kind makes room: there are never more processes than slots and kinds in use.
    void this.#idle.shift()?.kill();
    const runner = new RunnerProcess(kind, this.#log, () => {
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
