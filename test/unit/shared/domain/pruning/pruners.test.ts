import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CurvePoint } from "../../../../../shared/domain/curve.ts";
import { withMarks } from "../../../../../shared/domain/fold/grown-dials.ts";
import type { Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { SearchModel } from "../../../../../shared/domain/model/search-model.ts";
import { KeptBeliefs, type ModelBeliefs } from "../../../../../shared/domain/pruning/beliefs.ts";
import { JobPruner, type PruningVerdict } from "../../../../../shared/domain/pruning/job-pruner.ts";
import { isSpared } from "../../../../../shared/domain/pruning/model-rule.ts";
import type { PrunerName } from "../../../../../shared/domain/pruning/pruner-names.ts";
import { Rungs, rungsReached } from "../../../../../shared/domain/pruning/rungs.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { indexOf, ordered, ranged } from "../../../../support/stories/search.ts";

/** A configuration's only position says how good it is, 0 to 1; its runs start flat and take off late. */
const curve = (goodness: number, noise: number): number[] =>
  Array.from({ length: 20 }, (_, i) => goodness * Math.max(0, i - 3) + noise * (0.5 + 0.1 * ((i * 7) % 5)));
const meanOf = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

const beliefs: ModelBeliefs = {
  of: ([goodness = 0]) => ({ mean: 6.8 * goodness, sd: 0.3 }),
  meanOf: ([goodness = 0]) => 6.8 * goodness,
  best: 6.8,
  noise: 0.3,
};

class Told {
  readonly pruner: JobPruner;
  readonly configurations = new Map<number, number>();
  readonly #rng = rngFrom("told");
  #n = 0;

  constructor(rule: PrunerName, known: ModelBeliefs | null = beliefs) {
    this.pruner = new JobPruner(rule, 7, {
      stage: 1,
      configurationOf: (n) => [this.configurations.get(n) ?? 0],
      beliefs: () => known ?? undefined,
    });
  }

  /** A run reports, until it is told to stop or has ended. */
  run(goodness: number, sign = 1): { n: number; verdict: PruningVerdict | undefined; hpmax: number } {
    this.#n += 1;
    const n = this.#n;
    this.configurations.set(n, goodness);
    const values = curve(goodness, this.#rng.uniform()).map((value) => sign * value);
    const hpmax = sign * meanOf(values);
    for (const [i, value] of values.entries()) {
      const point: CurvePoint = [1, (i + 1) * 5, 0, [value], [1]];
      this.pruner.report(n, [point]);
      const verdict = this.pruner.judge(n);
      if (verdict) {
        this.pruner.forget(n);
        return { n, verdict, hpmax };
      }
    }
    this.pruner.completed(n, hpmax);
    return { n, verdict: undefined, hpmax };
  }
}

describe("the median rule", () => {
  for (const sign of [1, -1]) {
    test(`the median rule stops what is below the median at the same iterations (${sign === 1 ? "higher" : "lower"} is better)`, () => {
      const told = new Told("median");
      for (const goodness of [0.5, 0.4, 0.6, 0.5, 0.7]) assert.equal(told.run(goodness, sign).verdict, undefined);
      assert.equal(told.run(0.9, sign).verdict, undefined);
      const { verdict } = told.run(0.1, sign);
      // In the sense in which runs report it: the reports of the second case are negative.
      const said = sign === 1 ? /^[\d.]+ by then, the median is [\d.]+$/ : /^-[\d.]+ by then, the median is -[\d.]+$/;
      assert.match(verdict?.reason ?? "", said);
      assert.ok(verdict && verdict.iters >= 15 && verdict.iters <= 60, `${verdict?.iters}`);
      assert.equal(verdict.predicted, undefined);
    });
  }

  test("the median rule stops nothing before five runs have completed", () => {
    const told = new Told("median");
    for (let i = 0; i < 4; i += 1) assert.equal(told.run(0.9).verdict, undefined);
    assert.equal(told.run(0).verdict, undefined);
  });
});

describe("asha", () => {
  test("asha goes on from a rung with the better half", () => {
    const rungs = new Rungs();
    assert.deepEqual(
      [5, 4, 3].map((value) => rungs.reach(0, value, 0)),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(rungs.reach(0, 2, 0), { place: 4, of: 4 });
    assert.equal(rungs.reach(0, 6, 0), undefined);
    assert.deepEqual(rungs.reach(0, 3.5, 0), { place: 4, of: 6 });
    assert.equal(rungs.reach(1, 0, 0), undefined);
  });

  test("asha has its rungs at 3, 6 and 12 of 20 reports", () => {
    assert.deepEqual(
      [2, 3, 5, 6, 11, 12, 20].map((reports) => rungsReached(reports / 20)),
      [0, 1, 1, 2, 2, 3, 3],
    );
  });

  test("asha stops about half of equal runs at each rung, at the rungs only", () => {
    const told = new Told("asha");
    const rng = rngFrom("asha");
    const verdicts = Array.from({ length: 400 }, () => told.run(rng.uniform()).verdict);
    const at = (iters: number): number => verdicts.filter((verdict) => verdict?.iters === iters).length;
    assert.ok(at(15) > 150 && at(15) < 250, `${at(15)} at the first rung`);
    assert.equal(at(15) + at(30) + at(60) + verdicts.filter((verdict) => verdict === undefined).length, 400);
    assert.match(verdicts.find(Boolean)?.reason ?? "", /^\d+\. of the \d+ runs that came to rung 1$/);
  });
});

describe("pruning by the model", () => {
  /** Runs of all kinds have completed. */
  function learned(known: ModelBeliefs | null = beliefs): Told {
    const told = new Told("model", known);
    const rng = rngFrom("learned");
    for (let i = 0; i < 60; i += 1) told.run(i < 8 ? 0.7 + 0.3 * rng.uniform() : rng.uniform());
    return told;
  }

  test("pruning by the model stops hopeless runs early, predicts their ends, and spares one in ten", () => {
    const told = learned();
    let error = 0;
    let stopped = 0;
    for (let i = 0; i < 100; i += 1) {
      const { n, verdict, hpmax } = told.run(0.05);
      assert.equal(verdict === undefined, isSpared(7, n), `trial ${n}`);
      if (!verdict?.predicted) continue;
      stopped += 1;
      assert.ok(verdict.iters <= 50, `${verdict.iters}`);
      assert.match(verdict.reason, /^[\d.]+ ± [\d.e-]+ predicted, the best is 6.8$/);
      error += verdict.predicted.hpmax - hpmax;
      assert.ok(verdict.predicted.weight > 0 && verdict.predicted.weight <= 1);
    }
    assert.ok(stopped > 80);
    assert.ok(Math.abs(error / stopped) < 0.05 * 6.8, `biased by ${error / stopped}`);
  });

  test("pruning by the model leaves alone unlucky runs of good configurations, and runs of unknown ones", () => {
    const told = learned();
    for (let i = 0; i < 20; i += 1) assert.equal(told.run(0.99).verdict, undefined);
    const unknown = learned({ ...beliefs, of: () => ({ mean: 3, sd: 4 }) });
    for (let i = 0; i < 20; i += 1) assert.equal(unknown.run(0.05).verdict, undefined);
  });

  test("pruning by the model stops nothing without a model, or while nobody knows what hpmax is", () => {
    const told = learned(null);
    assert.equal(told.run(0).verdict, undefined);
    const pruner = new JobPruner("model", 7, { stage: 1, configurationOf: () => [0], beliefs: () => beliefs });
    for (let n = 1; n <= 40; n += 1) {
      pruner.report(n, [
        [1, 5, 0, [n], [1]],
        [1, 10, 0, [2 * n], [1]],
      ]);
      assert.equal(pruner.judge(n), undefined);
      pruner.completed(n, 1.234 * n);
    }
  });

  test("pruning by the model spares the same one in ten everywhere", () => {
    const spared = Array.from({ length: 2000 }, (_, n) => isSpared(3, n));
    const count = spared.filter(Boolean).length;
    assert.ok(count > 150 && count < 250, `${count}`);
    assert.deepEqual(
      spared,
      Array.from({ length: 2000 }, (_, n) => isSpared(3, n)),
    );
  });
});

describe("a run of two stages", () => {
  /** Runs train for 100 iterations, where no value is high, and are then tested for 20: hpmax is the mean of the test. */
  class Tested {
    readonly pruner: JobPruner;

    constructor(rule: PrunerName) {
      this.pruner = new JobPruner(rule, 7, { stage: 2, configurationOf: () => [0], beliefs: () => undefined });
    }

    /** Whether the run is to stop while it trains. */
    stopsInTraining(n: number): boolean {
      return this.#isStopped(n, 1, 5, 0);
    }

    /** Whether the run is to stop while it is tested. */
    stopsInTest(n: number, value: number): boolean {
      return this.#isStopped(n, 2, 1, value);
    }

    completes(n: number, value: number): void {
      this.stopsInTraining(n);
      this.stopsInTest(n, value);
      this.pruner.completed(n, value);
    }

    #isStopped(n: number, stage: number, every: number, value: number): boolean {
      const verdicts = Array.from({ length: 20 }, (_, i) => {
        this.pruner.report(n, [[stage, (i + 1) * every, 0, [i % 2 === 0 ? value - 0.5 : value + 0.5], [1]]]);
        return this.pruner.judge(n);
      });
      return verdicts.some((verdict) => verdict !== undefined);
    }
  }

  for (const rule of ["median", "asha"] as const) {
    test(`pruning by ${rule} judges a run by its last stage alone, also if only that is heard`, () => {
      const told = new Tested(rule);
      for (const n of [1, 2, 3, 4, 5, 6]) told.completes(n, 10 * n);
      for (const n of [7, 8]) assert.equal(told.stopsInTraining(n), false, `run ${n} is stopped while it trains`);
      assert.equal(told.stopsInTest(7, 5), true);
      assert.equal(told.stopsInTest(8, 70), false);
      assert.equal(told.stopsInTest(9, 5), true);
    });
  }

  test("pruning compares with no run that reported nothing in its last stage", () => {
    const told = new Tested("median");
    for (const n of [1, 2, 3, 4, 5, 6]) told.completes(n, 10 * n);
    told.stopsInTraining(7);
    told.pruner.completed(7, 40);
    assert.equal(told.stopsInTest(8, 34), true, "the median is 35");
  });
});

describe("values of any size", () => {
  for (const scale of [1e300, 1e-300, 1.7e308, 0]) {
    for (const rule of ["model", "median", "asha"] as const) {
      test(`pruning by ${rule} predicts finite numbers for runs with values about ${scale}`, () => {
        const rng = rngFrom(`${scale}`);
        const pruner = new JobPruner(rule, 7, {
          stage: 1,
          configurationOf: (n) => [n],
          beliefs: () => ({ of: () => ({ mean: 0, sd: scale }), meanOf: () => 0, best: scale, noise: scale }),
        });
        for (let n = 1; n <= 60; n += 1) {
          const values = Array.from({ length: 20 }, () => scale * rng.uniform());
          for (const [i, value] of values.entries()) {
            pruner.report(n, [[1, i + 1, 0, [value], [1]]]);
            const { predicted } = pruner.judge(n) ?? {};
            if (predicted)
              assert.ok(Number.isFinite(predicted.hpmax) && predicted.weight >= 0 && predicted.weight <= 1);
          }
          pruner.completed(n, values.at(-1) ?? 0);
        }
      });
    }
  }
});

describe("rejected results", () => {
  /** What a pruner says of runs of many kinds, by the results of honest runs and of forged ones, which are far better. */
  type Telling = (pruner: JobPruner, forge: () => void) => void;
  const nothing: Telling = () => undefined;
  /** @param grows  whether each honest run is longer than the one before it */
  const verdicts = (rule: PrunerName, told: Telling, first = nothing, grows = false): string => {
    const pruner = new JobPruner(rule, 7, {
      stage: 1,
      configurationOf: (n) => [(n % 10) / 10],
      beliefs: () => beliefs,
    });
    const tell = (n: number, goodness: number): (PruningVerdict | undefined)[] =>
      curve(goodness, (n * 0.37) % 1).map((value, i) => {
        pruner.report(n, [[1, (i + 1) * (grows ? 5 + Math.min(n, 30) / 5 : 5), 0, [value], [1]]]);
        return pruner.judge(n);
      });
    const complete = (n: number, goodness: number): (PruningVerdict | undefined)[] => {
      const said = tell(n, goodness);
      pruner.completed(n, meanOf(curve(goodness, (n * 0.37) % 1)));
      return said;
    };
    const forge = (): void => {
      for (const n of forged) complete(n, 1000 + n);
    };
    first(pruner, forge);
    const early = Array.from({ length: 30 }, (_, i) => complete(i + 1, ((i + 1) % 10) / 10));
    told(pruner, forge);
    const probes = Array.from({ length: 40 }, (_, i) => {
      const said = tell(1000 + i, i / 40);
      pruner.forget(1000 + i);
      return said;
    });
    return JSON.stringify([early, probes]);
  };
  const forged = [101, 102, 103, 104, 105, 106, 107, 108];
  const rejected = new Set(forged);

  for (const rule of ["median", "asha", "model"] as const) {
    test(`pruning by ${rule} is what it would be if rejected results had never come, until they are accepted`, () => {
      const honest = verdicts(rule, () => undefined);
      const believed = verdicts(rule, (_, forge) => forge());
      assert.notEqual(believed, honest);
      const taken = verdicts(rule, (pruner, forge) => {
        forge();
        pruner.judged(rejected);
      });
      assert.equal(taken, honest);
      const accepted = verdicts(rule, (pruner, forge) => {
        forge();
        pruner.judged(rejected);
        pruner.judged(new Set());
      });
      assert.equal(accepted, believed);
    });

    test(`pruning by ${rule} is what it would be if only rejected results had come before, under any leader`, () => {
      const judged: Telling = (pruner) => pruner.judged(rejected);
      const honest = verdicts(rule, judged, nothing, true);
      const same: Telling = (pruner, forge) => {
        forge();
        pruner.judged(rejected);
      };
      assert.equal(verdicts(rule, judged, same, true), honest);
      const next: Telling = (pruner, forge) => {
        pruner.judged(rejected);
        forge();
      };
      assert.equal(verdicts(rule, judged, next, true), honest);
    });
  }
});

test("the pruner's beliefs are kept until there are more results, or others count", () => {
  const modelOf = (best: number): SearchModel =>
    new SearchModel([ordered("a", [1, 2, 3])], indexOf([0, 1, 2].map((at) => [[at], at === 2 ? best : at] as const)));
  const models = [modelOf(1e30), modelOf(2)];
  let at = 0;
  const kept = new KeptBeliefs(() => models[at] ?? null);
  const dials: readonly Hyperparameter[] = [];
  const forged = kept.now(100, dials, 0)?.best ?? 0;
  assert.ok(forged > 1e20);
  at = 1;
  assert.equal(kept.now(102, dials, 0)?.best, forged);
  assert.ok((kept.now(102, dials, 1)?.best ?? forged) < 3);
});

test("the pruner's beliefs about a new mark are those of its place in the range", () => {
  const lr = ranged("lr", { from: 1e-5, to: 1e-2, scale: "log" });
  const best = lr.values.indexOf(5e-4);
  const runs = indexOf([...lr.values.keys(), best].map((at) => [[at], -((at - best) ** 2)] as const));
  const mark = lr.values.length;
  let dials: readonly Hyperparameter[] = [lr];
  const kept = new KeptBeliefs(() => new SearchModel(dials, runs));
  const before = kept.now(1000, dials);
  dials = [withMarks(lr, [4e-4], runs.totals.completed)];
  const after = kept.now(1001, dials);
  assert.ok(before && after);
  const [lowest, highest, other] = [[0], [best], [mark]].map((each) => after.meanOf(each));
  assert.ok(lowest !== undefined && highest !== undefined && other !== undefined);
  assert.ok(highest - other < 0.2 * (highest - lowest), `${lowest}, ${highest}, ${other}`);
});
