import { rngFrom } from "../../shared/domain/rng.ts";
import type { ReportRow } from "../../shared/wire/messages.ts";
import type { OnReports, RunnerEnd, RunningTask } from "../../worker/node/runners.ts";
import type { RunTask } from "../../worker/runner/protocol.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

/** The properties of simulated trainings. */
export interface Training {
  /** Mean milliseconds of a run on a machine of slowness 1; a run takes between half and twice that. */
  readonly meanMs: number;
  readonly reports: number;
  /** Share of configurations whose training fails in its own code. */
  readonly fails: number;
  /** Share of attempts in which the runner process dies. */
  readonly dies: number;
  /** Share of runs whose hpmax is not finite. */
  readonly diverges: number;
}

/** The machine that trains a task. */
export interface Machine {
  readonly timeline: Timeline;
  readonly worker: SimProcess;
  readonly runners: SimProcess;
  readonly slowness: number;
  /** Reports after which the runner process dies; -1: it does not. */
  readonly diesAt: number;
}

const channelMs = 0.2;
const stopMs = 5;

/** A run's state: how many of its reports it has made. */
const stateOf = (steps: number): Uint8Array => Uint8Array.of(steps >> 8, steps & 255);
const stepsIn = ([high = 0, low = 0]: Uint8Array): number => 256 * high + low;

/** One training in a simulated runner process. */
export class SimTask implements RunningTask {
  readonly pid = 0;
  readonly end: Promise<RunnerEnd>;
  readonly #machine: Machine;
  readonly #training: Training;
  readonly #checkpointMs: number;
  readonly #onReports: OnReports;
  readonly #onSettled: (spentMs: number, iterations: number) => void;
  readonly #startedAt: number;
  readonly #stepMs: number;
  readonly #fails: boolean;
  readonly #diverges: boolean;
  readonly #value: number;
  readonly #begun: number;
  #rows: ReportRow[] = [];
  #done: number;
  #keptAt: number;
  #isOver = false;
  #isFrozen = false;
  #isDue = false;
  #resolve: (end: RunnerEnd) => void = () => undefined;

  /** @param onSettled  called once with the milliseconds and iterations trained */
  constructor(
    machine: Machine,
    training: Training,
    task: RunTask,
    onReports: OnReports,
    onSettled: (spentMs: number, iterations: number) => void,
  ) {
    this.#machine = machine;
    this.#training = training;
    this.#checkpointMs = 1000 * task.checkpointSeconds;
    this.#onReports = onReports;
    this.#onSettled = onSettled;
    this.#startedAt = this.#keptAt = machine.timeline.now;
    // Seeded by the trial, not the attempt: every attempt gives the same result.
    const rng = rngFrom(task.seed);
    const durationMs = training.meanMs * (0.5 + 1.5 * rng.uniform() ** 2) * machine.slowness;
    this.#stepMs = durationMs / training.reports;
    this.#fails = rng.uniform() < training.fails;
    this.#diverges = rng.uniform() < training.diverges;
    this.#value = surface(task.settings) + rng.uniform();
    this.#begun = this.#done = task.resume ? stepsIn(task.resume) : 0;
    this.end = new Promise<RunnerEnd>((resolve) => {
      this.#resolve = resolve;
    });
    this.#after(this.#stepMs, () => this.#step());
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    if (this.#isDue) this.#after(0, () => this.#step());
    this.#isDue = false;
  }

  checkpointEvery(): void {
    // A change has no effect: the simulated task keeps its first interval.
  }

  handBack(): void {
    this.#after(stopMs, () => {
      if (this.#isOver) return;
      if (this.#done > this.#begun) this.#tell(true);
      this.#finish({ type: "stopped" });
    });
  }

  stop(): void {
    this.#after(stopMs, () => this.#finish({ type: "stopped" }));
  }

  /** Its runner process dies. */
  die(): void {
    this.#finish({ type: "died", reason: "the runner process was killed by SIGKILL", console: "" });
  }

  /** Ends its training and reports it to `onSettled`, once. */
  settle(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onSettled(this.#machine.timeline.now - this.#startedAt, this.#done - this.#begun);
  }

  #step(): void {
    if (this.#isOver) return;
    if (this.#isFrozen) {
      this.#isDue = true;
      return;
    }
    if (this.#done === this.#machine.diesAt) {
      this.die();
      return;
    }
    this.#done += 1;
    const { now } = this.#machine.timeline;
    const { reports } = this.#training;
    const hours = (now - this.#startedAt) / 3_600_000;
    const hpmax = this.#diverges ? Number.NaN : this.#value;
    this.#rows.push([1, this.#done, hours, [hpmax], [1]]);
    if (this.#fails && this.#done === Math.ceil(reports / 2)) {
      this.#finish({ type: "failed", reports: this.#rows, reason: "told to fail", console: "", lines: "" });
    } else if (this.#done === reports) {
      this.#finish({
        type: "done",
        reports: this.#rows,
        hpmax,
        iters: this.#done,
        metrics: { "s1-hrs": hours, "s1-val": this.#value },
        titles: {},
        console: "",
        lines: "",
      });
    } else {
      const isCheckpointDue = now - this.#keptAt >= this.#checkpointMs;
      if (isCheckpointDue) this.#keptAt = now;
      this.#tell(isCheckpointDue);
      this.#after(this.#stepMs, () => this.#step());
    }
  }

  #tell(withState: boolean): void {
    const news = this.#rows;
    this.#rows = [];
    const state = { stage: 1, iters: this.#done, bytes: stateOf(this.#done) };
    this.#toWorker(() => {
      if (withState) this.#onReports(news, "", state);
      else this.#onReports(news, "");
    });
  }

  #finish(how: RunnerEnd): void {
    if (this.#isOver) return;
    this.settle();
    this.#toWorker(() => this.#resolve(how));
  }

  #toWorker(action: () => void): void {
    this.#machine.worker.hear(this.#machine.timeline.now + channelMs, action);
  }

  #after(ms: number, action: () => void): void {
    this.#machine.runners.clock.after(ms, action);
  }
}

/** A surface with one optimum, so that a search has something to find. */
function surface(settings: RunTask["settings"]): number {
  let value = 0;
  for (const setting of Object.values(settings))
    if (typeof setting === "number") value -= (setting - 3) * (setting - 3);
  return value;
}
