import { appendFileSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Goal, told } from "../../shared/domain/goal.ts";
import type { Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import type { ChosenSettings, MetricReport } from "../../shared/domain/run.ts";
import { eventFileName, fileEnd, fileStart, hparamsSession, scalars } from "../../shared/tensorboard/event-file.ts";

interface LoggedRun {
  readonly goal: Goal;
  readonly hyperparameters: readonly Hyperparameter[];
  readonly settings: ChosenSettings;
  /** Seconds since 1970. */
  readonly startedAt: number;
}

/**
 * Writes the reports of a run on this machine to `tensorboard/` in its folder, where TensorBoard can follow it. Workers do not
 * log the runs of a swarm: `nexus download` makes the same file from all reports of a run, from all its machines.
 */
export class TensorBoardLog {
  readonly #file: string;
  readonly #run: LoggedRun;
  #hasBegun = false;

  constructor(directory: string, run: LoggedRun) {
    this.#run = run;
    const folder = join(directory, "tensorboard");
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, eventFileName(run.startedAt, hostname()));
  }

  /** @param names  of the values: s1-rew, s1-win */
  report({ iters, hours, values }: MetricReport, names: readonly string[]): void {
    this.#begin(names);
    const measured = names.flatMap((name, i) => {
      const value = values[i] ?? Number.NaN;
      return Number.isNaN(value) ? [] : [[name, value] as const];
    });
    appendFileSync(this.#file, scalars(this.#run.startedAt + 3600 * hours, iters, measured));
  }

  /** @param hpmax  null if the run has failed */
  end(hpmax: number | null, iters: number, seconds: number): void {
    this.#begin([]);
    if (hpmax !== null)
      appendFileSync(this.#file, scalars(seconds, iters, [[this.#run.goal.name, told(this.#run.goal, hpmax)]]));
    appendFileSync(this.#file, fileEnd(seconds, hpmax === null ? "failure" : "success"));
  }

  /** The metrics are known only with the first report. */
  #begin(names: readonly string[]): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { goal, hyperparameters, settings, startedAt } = this.#run;
    const chosen = hyperparameters.map(({ name }) => settings[name] ?? null);
    appendFileSync(this.#file, fileStart(hparamsSession(hyperparameters, chosen, [goal.name, ...names], startedAt)));
  }
}
