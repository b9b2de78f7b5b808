import type { Log } from "../../shared/log.ts";
import type { RunTask } from "../runner/protocol.ts";
import { RunnerProcess } from "./runner-process.ts";
import type { OnReports, RunnerKind, Runners, RunningTask } from "./runners.ts";

/** Runner processes, kept warm between trials. Each executes one trial at a time, so a crash affects only that trial. */
export class RunnerPool implements Runners {
  readonly #log: Log;
  readonly #idle: RunnerProcess[] = [];
  readonly #all = new Set<RunnerProcess>();
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Uses an idle runner of that kind, or starts one. */
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
    // An idle runner of another kind makes room, so processes never outnumber the slots.
    void this.#idle.shift()?.kill();
    const runner = new RunnerProcess(kind, this.#log, () => {
      this.#all.delete(runner);
      const at = this.#idle.indexOf(runner);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#all.add(runner);
    return runner;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((runner) => runner.kill()));
  }
}
