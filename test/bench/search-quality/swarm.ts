import type { Configuration } from "../../../shared/domain/hyperparameter.ts";
import { childRunName } from "../../../shared/domain/names.ts";
import { type Rng, rngFrom } from "../../../shared/domain/rng.ts";
import type { RunSetIndex } from "../../../shared/domain/run-sets/run-set.ts";
import { normal } from "./luck.ts";
import { hpmaxOf, type Surface } from "./surface.ts";

/** Standard deviation of the logarithm of a run's time. */
const speedDeviation = 0.25;

/** A run in flight, or just ended. */
export interface SimulatedRun {
  /** Number of its choice, from 1. */
  readonly n: number;
  readonly configuration: Configuration;
  /** What it has reported so far. */
  readonly values: readonly number[];
  /** What it will have reported at its end. */
  readonly whole: readonly number[];
  /** The simulated time of its next report; a run takes 1 on average. */
  readonly at: number;
}

/** The caller's part: it chooses configurations and hears of runs. */
export interface SwarmParts {
  /** The configuration that choice `n` tries. */
  choose(n: number): Configuration | Promise<Configuration>;
  /** Called after a run's last report; the run sets already hold the run. */
  completed?(run: SimulatedRun, hpmax: number): void | Promise<void>;
  /** Called after each report but a run's last: whether to stop the run. Default: never. */
  stops?(run: SimulatedRun): boolean;
  /** Handles a stopped run. Default: the run sets record that it ended. */
  stopped?(run: SimulatedRun): void;
  /** Called at each budget, in ascending order. */
  reached(budget: number): void | Promise<void>;
}

export interface SwarmSize {
  readonly workers: number;
  /** Determines the luck and times of runs, whatever is chosen. */
  readonly seed: number | string;
  /** In whole runs' reports, ascending; the reports of stopped runs count too. */
  readonly budgets: readonly number[];
}

/**
 * A search on a simulated clock: asynchronous workers that each take the next choice as soon as their run has ended, with
 * lognormal run times. Reports come evenly spread over a run.
 *
 * @param runSets  empty; the caller's search reads them
 */
export async function simulateSwarm(
  surface: Surface,
  runSets: RunSetIndex,
  { workers, seed, budgets }: SwarmSize,
  parts: SwarmParts,
): Promise<void> {
  const luck = rngFrom(`luck ${seed}`);
  const speed = rngFrom(`speed ${seed}`);
  const busy: Busy[] = [];
  let n = 0;
  const startOne = async (now: number): Promise<void> => {
    const configuration = await parts.choose(++n);
    runSets.started(configuration);
    busy.push(new Busy(n, configuration, surface.run(configuration, luck), now, runTime(speed)));
  };
  for (let worker = 0; worker < workers; worker++) await startOne(0);
  let reported = 0;
  for (const budget of budgets) {
    for (; reported < budget * surface.reports; reported++) {
      const next = soonest(busy);
      const run = busy[next];
      if (!run) throw new Error("no worker is busy");
      const { at } = run;
      const isWhole = run.report();
      if (isWhole) {
        const hpmax = hpmaxOf(surface.hpmaxIs, run.values);
        runSets.completed(run.configuration, hpmax, childRunName(1, run.n));
        await parts.completed?.(run, hpmax);
      } else if (parts.stops?.(run)) {
        if (parts.stopped) parts.stopped(run);
        else runSets.endedOtherwise(run.configuration);
      } else continue;
      busy.splice(next, 1);
      // Nothing is chosen once the last budget is reached.
      if (reported + 1 < (budgets.at(-1) ?? 0) * surface.reports) await startOne(at);
    }
    await parts.reached(budget);
  }
}

class Busy implements SimulatedRun {
  readonly n: number;
  readonly configuration: Configuration;
  readonly values: number[] = [];
  at: number;
  readonly whole: readonly number[];
  readonly #perReport: number;

  constructor(n: number, configuration: Configuration, whole: readonly number[], now: number, time: number) {
    this.n = n;
    this.configuration = configuration;
    this.whole = whole;
    this.#perReport = time / whole.length;
    this.at = now + this.#perReport;
  }

  /** Makes the next report; returns whether it was the last. */
  report(): boolean {
    this.values.push(this.whole[this.values.length] ?? Number.NaN);
    this.at += this.#perReport;
    return this.values.length === this.whole.length;
  }
}

const runTime = (speed: Rng): number => Math.exp(speedDeviation * normal(speed));

function soonest(busy: readonly Busy[]): number {
  let first = 0;
  for (let i = 1; i < busy.length; i++) if ((busy[i]?.at ?? 0) < (busy[first]?.at ?? 0)) first = i;
  return first;
}
