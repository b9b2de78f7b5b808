import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Configuration, configurationKey } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName, type RunName, type WorkerId, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { type RunSet, RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { indexOf } from "../../../../support/stories/search.ts";

/** The index's numbers, computed anew each time from everything it was told. */
class Model {
  readonly sets = new Map<
    string,
    { inFlight: number; values: number[]; runs: RunName[]; failedOn: WorkerId[]; other: number; infeasible: number }
  >();
  /** Keys in order of first completion. */
  readonly seen: string[] = [];
  readonly values: number[] = [];
  /** Who leads, a feasible set if there is any, and the completed run after which it took the lead. */
  leader: string | null = null;
  ledSince = 0;

  set(key: string) {
    let set = this.sets.get(key);
    if (!set) {
      set = { inFlight: 0, values: [], runs: [], failedOn: [], other: 0, infeasible: 0 };
      this.sets.set(key, set);
    }
    return set;
  }

  mean(key: string): number {
    const { values } = this.set(key);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  isFeasible(key: string): boolean {
    const { values, infeasible } = this.set(key);
    return infeasible === 0 || values.length > infeasible;
  }

  /** Feasible ones first, then the highest mean, then the one seen last. */
  top(): string | null {
    return this.seen.reduce<string | null>((best, key) => {
      if (best === null || this.isFeasible(key) !== this.isFeasible(best)) {
        return best === null || this.isFeasible(key) ? key : best;
      }
      return this.mean(key) < this.mean(best) ? best : key;
    }, null);
  }

  best(): string | null {
    const top = this.top();
    return top !== null && this.isFeasible(top) ? top : null;
  }

  /** Notes who leads now, and since which completed run. */
  led(): void {
    const top = this.top();
    if (top !== this.leader) this.ledSince = this.values.length;
    this.leader = top;
  }
}

type Step =
  | { readonly do: "start" | "timeOut" | "cancel"; readonly configuration: Configuration }
  | { readonly do: "complete" | "break"; readonly configuration: Configuration; readonly hpmax: number }
  | { readonly do: "fail"; readonly configuration: Configuration; readonly worker: WorkerId };

const configuration = fc.tuple(fc.nat(2), fc.nat(2));
/** Eighths add up without rounding, so that equal means of different runs are common. */
const hpmax = fc.integer({ min: -4, max: 4 }).map((eighths) => eighths / 8);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("start" as const), configuration }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("complete" as const), configuration, hpmax }) },
  fc.record({ do: fc.constant("break" as const), configuration, hpmax }),
  fc.record({ do: fc.constantFrom("timeOut" as const, "cancel" as const), configuration }),
  fc.record({
    do: fc.constant("fail" as const),
    configuration,
    worker: fc.constantFrom("ada", "bob", "cy").map(workerIdFrom),
  }),
);

function take(index: RunSetIndex, model: Model, step: Step, n: number): void {
  const key = configurationKey(step.configuration);
  if (step.do !== "start" && (model.sets.get(key)?.inFlight ?? 0) === 0) {
    assert.throws(() => index.endedOtherwise(step.configuration), /none of it is in flight/);
    return;
  }
  const set = model.set(key);
  set.inFlight += step.do === "start" ? 1 : -1;
  switch (step.do) {
    case "start":
      index.started(step.configuration);
      break;
    case "cancel":
      index.released(step.configuration);
      break;
    case "timeOut":
      set.other++;
      index.endedOtherwise(step.configuration);
      break;
    case "fail":
      set.failedOn.push(step.worker);
      index.failed(step.configuration, step.worker);
      break;
    case "complete":
      if (set.values.length === 0) model.seen.push(key);
      set.values.push(step.hpmax);
      set.runs.push(childRunName(1, n));
      model.values.push(step.hpmax);
      model.led();
      index.completed(step.configuration, step.hpmax, childRunName(1, n));
      break;
    case "break":
      set.infeasible++;
      model.led();
      index.completed(step.configuration, step.hpmax, childRunName(1, n), false);
      break;
    default: {
      const never: never = step;
      throw new Error(`unknown step ${never}`);
    }
  }
}

function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${actual}, expected ${expected}`);
}

function assertAlike(index: RunSetIndex, model: Model): void {
  assert.equal(index.best()?.key ?? null, model.best());
  assert.equal(index.bestFor(), model.best() === null ? 0 : model.values.length - model.ledSince + 1);
  assert.deepEqual(
    [...index].map((runSet) => runSet.key),
    [...model.sets.keys()],
  );
  let ended = 0;
  let inFlight = 0;
  for (const [key, set] of model.sets) {
    const runSet = index.get(key);
    assert.ok(runSet);
    const highest = Math.max(...set.values);
    assert.equal(index.of(runSet.configuration)?.key, key);
    assert.equal(runSet.completed, set.values.length);
    assert.equal(runSet.mean, set.values.length === 0 ? Number.NaN : model.mean(key));
    assertClose(runSet.sampleVariance, varianceOf(set.values));
    assert.equal(runSet.firstSeen, set.values.length === 0 ? null : model.seen.indexOf(key));
    assert.equal(runSet.failed, set.failedOn.length);
    assert.equal(runSet.failedOn, new Set(set.failedOn).size);
    assert.equal(runSet.infeasible, set.infeasible);
    assert.equal(runSet.isFeasible, model.isFeasible(key));
    assert.equal(runSet.ended, set.values.length + set.infeasible + set.failedOn.length + set.other);
    assert.equal(runSet.inFlight, set.inFlight);
    assert.equal(runSet.bestRun, set.runs[set.values.indexOf(highest)] ?? null);
    assert.equal(runSet.bestHpmax, set.values.length === 0 ? Number.NaN : highest);
    assert.equal(index.isExcluded(runSet.configuration), set.failedOn.length >= 3 && new Set(set.failedOn).size >= 2);
    ended += runSet.ended;
    inFlight += runSet.inFlight;
  }
  const infeasible = [...model.sets.values()].reduce((sum, each) => sum + each.infeasible, 0);
  assert.deepEqual(index.totals, { completed: model.values.length, infeasible, ended, inFlight });
  assertClose(index.prior.variance, varianceOf(model.values));
  if (model.values.length > 0) {
    assertClose(index.prior.mean, model.values.reduce((sum, value) => sum + value, 0) / model.values.length);
  }
}

test("run sets agree with a full recount after any runs in any order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const index = new RunSetIndex();
      const model = new Model();
      steps.forEach((each, n) => {
        take(index, model, each, n + 1);
        assert.equal(index.best()?.key ?? null, model.best());
      });
      assertAlike(index, model);
    }),
    { numRuns: 300 },
  );
});

test("an index without runs has no best set, no lead and no prior", () => {
  const index = new RunSetIndex();
  assert.equal(index.best(), null);
  assert.equal(index.bestFor(), 0);
  assert.deepEqual(index.prior, { mean: Number.NaN, variance: 0 });
  assert.deepEqual(index.totals, { completed: 0, infeasible: 0, ended: 0, inFlight: 0 });
  assert.equal(index.of([0, 0]), undefined);
  assert.equal(index.get("0.0"), undefined);
  assert.equal(index.isExcluded([0, 0]), false);
});

test("the best set loses the lead when its mean falls, and the new lead counts from then", () => {
  const index = indexOf([
    [[0], 0.9],
    [[1], 0.5],
  ]);
  assert.deepEqual([index.best()?.key, index.bestFor()], ["0", 2]);
  index.started([0]);
  index.completed([0], 0.0, childRunName(2, 1));
  assert.deepEqual([index.best()?.key, index.bestFor()], ["1", 1]);
  assert.equal(index.get("0")?.bestHpmax, 0.9);
});

test("a run set's age counts from its first completed run, not from its start", () => {
  const index = new RunSetIndex();
  for (const position of [0, 1, 2]) index.started([position]);
  for (const position of [2, 0, 1]) index.completed([position], 0.5, childRunName(1, position + 1));
  assert.deepEqual(
    [...index].map((runSet) => runSet.firstSeen),
    [1, 2, 0],
  );
  assert.equal(index.best()?.key, "1");
});

test("an hpmax that is not finite is refused and changes nothing", () => {
  const index = new RunSetIndex();
  index.started([0]);
  for (const hpmax of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => index.completed([0], hpmax, childRunName(1, 1)), RangeError);
  }
  assert.deepEqual(index.totals, { completed: 0, infeasible: 0, ended: 0, inFlight: 1 });
  assert.equal(index.best(), null);
});

test("diverged runs do not overflow the means and variances of run sets", () => {
  const index = indexOf([
    [[0], -Number.MAX_VALUE],
    [[0], Number.MAX_VALUE],
    [[1], -1e300],
    [[2], 0.5],
  ]);
  const numbers = (runSet: RunSet) => [runSet.mean, runSet.sampleVariance, runSet.bestHpmax];
  for (const runSet of index) assert.ok(numbers(runSet).every(Number.isFinite), `${runSet.key}: ${numbers(runSet)}`);
  assert.ok(Number.isFinite(index.prior.mean) && Number.isFinite(index.prior.variance));
  assert.equal(index.get("0")?.bestHpmax, Number.MAX_VALUE);
  assert.equal(index.best()?.key, "2");
});

test("a run set of equal values has a variance of exactly 0, however they round", () => {
  const index = indexOf(Array.from({ length: 10 }, () => [[0], 0.1] as const));
  assert.equal(index.get("0")?.sampleVariance, 0);
  assert.equal(index.prior.variance, 0);
});

test("a job without hyperparameters has one run set", () => {
  const index = indexOf([
    [[], 0.25],
    [[], 0.75],
  ]);
  assert.equal(index.size, 1);
  assert.equal(index.get("")?.mean, 0.5);
});

test("runs told at their end, of configurations known to be new, count as those that were announced", () => {
  const told = new RunSetIndex();
  const announced = new RunSetIndex();
  const all = [...Array(300).keys()].map((i) => [i % 7, (i * i) % 11]);
  const numbers = new Map<string, number>();
  for (const [i, configuration] of all.entries()) {
    announced.started(configuration);
    announced.completed(configuration, Math.sin(i), childRunName(1, i + 1));
    const known = numbers.get(configurationKey(configuration));
    if (known === undefined) {
      numbers.set(configurationKey(configuration), told.size);
      told.configurations.addNew(configuration);
    }
    told.ran(known ?? told.size, Math.sin(i), childRunName(1, i + 1));
  }
  const tell = (sets: RunSetIndex): unknown => [
    sets.totals,
    sets.bestFor(),
    sets.leaders(9).map(({ key }) => key),
    [...sets].map(({ key, completed, mean, sampleVariance, bestRun, firstSeen, inFlight }) => {
      return { key, completed, mean, sampleVariance, bestRun, firstSeen, inFlight };
    }),
  ];
  assert.deepEqual(tell(told), tell(announced));
  for (const configuration of all) assert.equal(told.of(configuration)?.number, announced.of(configuration)?.number);
  assert.throws(() => told.ran(0, Number.NaN, childRunName(1, 1)), /without a finite hpmax/);
});

test("run sets with a run in flight have one order, whether followed or restored from a snapshot", () => {
  const followed = new RunSetIndex();
  const [first, second]: [Configuration, Configuration] = [[0], [1]];
  followed.started(first);
  followed.started(second);
  followed.completed(first, 0.5, "run1.1" as RunName);
  followed.started(first);
  const restored = new RunSetIndex();
  restored.restore(Uint32Array.from(followed.configurations.rows), 2);
  restored.ran(0, 0.5, "run1.1" as RunName);
  restored.started(1);
  restored.started(0);
  const numbers = (index: RunSetIndex): number[] => index.inFlight().map(({ number }) => number);
  assert.deepEqual(
    [numbers(followed), numbers(restored)],
    [
      [0, 1],
      [0, 1],
    ],
  );
});
