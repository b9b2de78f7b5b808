import type { CurvePoint } from "../curve.ts";
import { quantile } from "../statistics.ts";
import { FinishedCurves, gridPoints } from "./finished-curves.ts";
import { belowMedian } from "./median-rule.ts";
import { ModelRule, type PrunedSearch } from "./model-rule.ts";
import { OpenCurve } from "./open-curve.ts";
import type { Predicted } from "./predicted.ts";
import type { PrunerName } from "./pruner-names.ts";
import { Rungs, rungsReached } from "./rungs.ts";
import { SummaryFinder, type SummaryKind, summaryOf } from "./summary-kind.ts";
import { valueText } from "./value-text.ts";

/** The decision to stop a run. */
export interface PruningVerdict {
  /** Shown to people after "pruned". */
  readonly reason: string;
  /** Iterations that the run had reached. */
  readonly iters: number;
  readonly predicted?: Predicted;
}

interface OpenRun {
  readonly curve: OpenCurve;
  /** The run was last judged after this many twentieths of a whole run. */
  step: number;
  rungs: number;
}

/** Runs are judged only between these parts of a whole run: earlier says too little, later saves too little. */
const earliest = 0.15;
const latest = 0.95;

/**
 * The pruning of one job: takes every report and says which runs should stop. Runs are judged in their last stage, from
 * which hpmax comes. Nothing here depends on time or chance: the same reports and results in the same order give the same
 * verdicts.
 */
export class JobPruner {
  readonly #rule: PrunerName;
  /** The last stage: what earlier ones report is another metric. */
  readonly #stage: number;
  readonly #model: ModelRule;
  readonly #open = new Map<number, OpenRun>();
  readonly #finished = new FinishedCurves();
  readonly #finder = new SummaryFinder();
  /** Votes on the kind of summary, by place among the finished curves. */
  readonly #votes: number[] = [];
  readonly #rungs = new Rungs();
  /** Trials whose reports do not count. */
  #rejected: ReadonlySet<number> = new Set();
  /** Iterations of a whole run: the median of `of` curves that count. */
  #total = { iters: 0, of: -1 };

  constructor(rule: PrunerName, seed: number, search: PrunedSearch) {
    this.#rule = rule;
    this.#stage = search.stage;
    this.#model = new ModelRule(seed, search);
  }

  /** @param points  in the order in which they were measured */
  report(n: number, points: readonly CurvePoint[]): void {
    let run = this.#open.get(n);
    if (!run) {
      run = { curve: new OpenCurve(), step: 0, rungs: 0 };
      this.#open.set(n, run);
    }
    for (const point of points) run.curve.add(point);
  }

  /** The decision to stop the run, by its reports; undefined: it goes on. Call after each report; most are cheap. */
  judge(n: number): PruningVerdict | undefined {
    const run = this.#open.get(n);
    const kind = this.#finder.found();
    if (!run || !kind || this.#rule === "none" || run.curve.stage !== this.#stage) return undefined;
    const total = this.#wholeRun();
    const part = run.curve.iters / total;
    const step = Math.floor(part * gridPoints + 1e-9);
    if (!(step > run.step)) return undefined;
    run.step = step;
    if (part < earliest - 1e-9 || part > latest) return undefined;
    const verdict = this.#verdict(n, run, kind, total);
    return verdict && { iters: run.curve.iters, ...verdict };
  }

  completed(n: number, hpmax: number): void {
    const run = this.#open.get(n);
    this.#open.delete(n);
    if (!run || run.curve.reports === 0 || run.curve.stage !== this.#stage) return;
    const place = this.#finished.add(n, run.curve, hpmax);
    this.#votes[place] = this.#finder.learn(run.curve, hpmax);
    this.#model.completed(n, hpmax, place);
    // A new leader also replays runs that were rejected long ago.
    if (!this.#finished.counts(place)) this.#recount();
  }

  /** Reports of these trials no longer count, but may later count again. Keeps a reference to the set. */
  judged(rejected: ReadonlySet<number>): void {
    this.#rejected = rejected;
    this.#finished.judged(rejected);
    this.#rungs.judged(rejected);
    this.#recount();
    this.#total = { iters: 0, of: -1 };
  }

  /** The run has ended without a result. */
  forget(n: number): void {
    this.#open.delete(n);
    this.#model.forget(n);
  }

  /** Forgets every open run for which `isOpen` is false. */
  keep(isOpen: (n: number) => boolean): void {
    for (const n of [...this.#open.keys()]) if (!isOpen(n)) this.forget(n);
  }

  #verdict(n: number, run: OpenRun, kind: SummaryKind, total: number): Omit<PruningVerdict, "iters"> | undefined {
    const { curve } = run;
    const soFar = summaryOf(curve, kind);
    switch (this.#rule) {
      case "none":
        return undefined;
      case "median": {
        const median = belowMedian(this.#finished, curve.iters, soFar, kind);
        return median === undefined
          ? undefined
          : { reason: `${valueText(kind.sign * soFar)} by then, the median is ${valueText(kind.sign * median)}` };
      }
      case "asha": {
        const reached = rungsReached(curve.iters / total);
        let verdict: Omit<PruningVerdict, "iters"> | undefined;
        for (; run.rungs < reached; run.rungs += 1) {
          const behind = this.#rungs.reach(run.rungs, soFar, n);
          if (behind)
            verdict = { reason: `${behind.place}. of the ${behind.of} runs that came to rung ${run.rungs + 1}` };
        }
        return verdict;
      }
      case "model":
        return this.#model.judge(n, curve, kind, total, this.#finished, this.#open.size);
      default: {
        const never: never = this.#rule;
        throw new RangeError(`there is no pruner ${String(never)}`);
      }
    }
  }

  #recount(): void {
    const { size, counted } = this.#finished;
    this.#finder.recount([...this.#finished.newest(size)].map((place) => this.#votes[place] ?? 0));
    this.#model.judged(this.#rejected, size - counted);
  }

  /** Median iterations of the completed runs; recomputed once more than a tenth more of them count. */
  #wholeRun(): number {
    const { counted, iters } = this.#finished;
    if (counted > this.#total.of * 1.1) {
      const sorted = iters.filter((_, place) => this.#finished.counts(place)).sort((a, b) => a - b);
      this.#total = { iters: quantile(sorted, 0.5), of: counted };
    }
    return this.#total.iters;
  }
}
