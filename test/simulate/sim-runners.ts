import { type Rng, rngFrom } from "../../shared/domain/rng.ts";
import type { OnReports, RunnerKind, Runners, RunningTask } from "../../worker/node/runners.ts";
import type { RunTask } from "../../worker/runner/protocol.ts";
import { SimProcess } from "./sim-process.ts";
import { SimTask, type Training } from "./sim-task.ts";
import type { Timeline } from "./timeline.ts";

/** Totals over all machines. */
export class Ledger {
  /** Milliseconds of training, in runs that ended and in those that did not. */
  spentMs = 0;
  /** Milliseconds for which slots existed, busy or not, summed over slots. */
  offeredMs = 0;
  iterations = 0;
  started = 0;
}

/** A worker's runner processes: its children, which train on while the worker is frozen and end when it ends. */
export class SimRunners implements Runners {
  readonly #timeline: Timeline;
  readonly #worker: SimProcess;
  readonly #process: SimProcess;
  readonly #training: Training;
  readonly #ledger: Ledger;
  readonly #slowness: () => number;
  readonly #rng: Rng;
  readonly #running = new Set<SimTask>();
  #closed = false;

  constructor(
    timeline: Timeline,
    worker: SimProcess,
    training: Training,
    ledger: Ledger,
    seed: string,
    slowness: () => number,
  ) {
    this.#timeline = timeline;
    this.#worker = worker;
    this.#process = new SimProcess(timeline, `${worker.name} runners`, seed);
    this.#training = training;
    this.#ledger = ledger;
    this.#slowness = slowness;
    this.#rng = rngFrom(`${seed} runners`);
  }

  /** Freezes with the whole machine, as when its owner closes the lid. */
  freeze(): void {
    this.#process.freeze();
  }

  thaw(): void {
    this.#process.thaw();
  }

  kill(): void {
    for (const task of [...this.#running]) task.settle();
    this.#process.kill();
  }

  run(_kind: RunnerKind, task: RunTask, onReports: OnReports): RunningTask {
    if (this.#closed) throw new Error("this worker is ending and starts nothing");
    const diesAt =
      this.#rng.uniform() < this.#training.dies ? Math.floor(this.#rng.uniform() * this.#training.reports) : -1;
    this.#ledger.started += 1;
    const machine = {
      timeline: this.#timeline,
      worker: this.#worker,
      runners: this.#process,
      slowness: this.#slowness(),
      diesAt,
    };
    const made = new SimTask(machine, this.#training, task, onReports, (spentMs, iterations) => {
      this.#running.delete(made);
      this.#ledger.spentMs += spentMs;
      this.#ledger.iterations += iterations;
    });
    this.#running.add(made);
    return made;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const task of [...this.#running]) task.die();
    this.kill();
  }
}
