import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { canonical } from "../../shared/domain/conditions/activity.ts";
import { isAllowed } from "../../shared/domain/conditions/constraints.ts";
import {
  type Configuration,
  configurationKey,
  type Hyperparameter,
  type Range,
  rangeScales,
} from "../../shared/domain/hyperparameter.ts";
import { CurrentModel } from "../../shared/domain/model/current-model.ts";
import { childRunName, workerIdFrom } from "../../shared/domain/names.ts";
import { type RunSet, RunSetIndex, type RunSets } from "../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../shared/domain/search/choice-queue.ts";
import type { Choice, Search, SearchView } from "../../shared/domain/search/search.ts";
import { choiceRng, planRng } from "../../shared/domain/seeds.ts";
import { allowedKeys, isIn, type LinkedSpace, linkedSpace } from "../support/stories/linked-spaces.ts";
import { ordered, tutorialHyperparameters, unordered, viewOf } from "../support/stories/search.ts";

export interface SearchImplementation {
  readonly name: string;
  readonly make: () => Search;
}

/** A range of at most four marks, in the order in which they came. */
const rangeOf: fc.Arbitrary<Hyperparameter> = fc
  .record({
    scale: fc.constantFrom(...rangeScales),
    marks: fc.shuffledSubarray([1, 2, 4, 8], { minLength: 1 }),
    zero: fc.boolean(),
  })
  .map(({ scale, marks, zero }) => {
    const hasZero = zero && scale.startsWith("log");
    const values = hasZero ? [0, ...marks.slice(0, 3)] : marks;
    const range: Range = { from: 1, to: 8, scale, ...(hasZero ? { zero } : {}) };
    const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    return { ...ordered("h", values), range, dial: order };
  });

const listed: fc.Arbitrary<Hyperparameter> = fc
  .record({ isOrdered: fc.boolean(), length: fc.integer({ min: 1, max: 4 }), tuned: fc.nat(3) })
  .map(({ isOrdered, length, tuned }) => {
    const values = ["a", 0, true, null].slice(0, length);
    return { ...(isOrdered ? ordered : unordered)("h", values), tuned: values[tuned % length] ?? null };
  });

const dial = fc.oneof({ weight: 2, arbitrary: listed }, { weight: 1, arbitrary: rangeOf });

/** What became of a run: an hpmax, a failure, a time-out, a cancellation, or nothing yet. */
const fate = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom("failed", "timed out", "cancelled", "in flight"),
);

/** A space of at most 1,024 configurations, often with conditions and constraints, and the runs it has seen. */
const freeSpace = fc
  .array(dial, { minLength: 1, maxLength: 4 })
  .map((hyperparameters): LinkedSpace => ({ hyperparameters, where: [] }));
const history = fc.oneof(freeSpace, linkedSpace).chain(({ hyperparameters, where }) => {
  const configuration = fc
    .tuple(...hyperparameters.map(({ values }) => fc.nat(values.length - 1)))
    .map((positions) => canonical(hyperparameters, positions));
  return fc.record({
    hyperparameters: fc.constant(hyperparameters),
    where: fc.constant(where),
    runs: fc.array(fc.tuple(configuration, fate), { maxLength: 40, size: "max" }),
    excluded: fc.array(configuration, { maxLength: 12, size: "max" }),
    n: fc.integer({ min: 1, max: 2000 }),
    seed: fc.nat(),
  });
});
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

function indexOf(runs: History["runs"]): RunSetIndex {
  const index = new RunSetIndex();
  runs.forEach(([configuration, end], i) => {
    index.started(configuration);
    if (typeof end === "number") index.completed(configuration, end, childRunName(1, i + 1));
    else if (end === "failed") index.failed(configuration, workerIdFrom(`w${i % 3}`));
    else if (end === "timed out") index.endedOtherwise(configuration);
    else if (end === "cancelled") index.released(configuration);
  });
  return index;
}

/** The view that a search gets: constraints exclude configurations, as in the leader's view. */
function seen(
  { hyperparameters, where, runs }: Pick<History, "hyperparameters" | "where" | "runs">,
  isExcluded: (configuration: Configuration) => boolean = () => false,
  runSets = indexOf(runs),
): SearchView {
  const isOut = (configuration: Configuration) =>
    !isAllowed(hyperparameters, where, configuration) || isExcluded(configuration);
  return { ...viewOf(hyperparameters, runSets, isOut), where };
}

function assertValid(
  hyperparameters: readonly Hyperparameter[],
  choice: Choice | null,
  where: readonly string[] = [],
): asserts choice is Choice {
  assert.ok(choice, "chose nothing");
  assert.equal(choice.configuration.length, hyperparameters.length);
  hyperparameters.forEach(({ values }, i) => {
    const position = choice.configuration[i] ?? -1;
    assert.ok(
      Number.isInteger(position) && position >= 0 && position < values.length,
      `${position} of ${values.length}`,
    );
  });
  assert.match(choice.why, /^\S.*\S$/, "why is one line");
  assert.ok(isIn({ hyperparameters, where }, choice.configuration), "not canonical, or forbidden by where");
}

export function searchSuite({ name, make }: SearchImplementation): void {
  suite(`search: ${name}`, () => {
    /** As the leader does it: a plan if the search makes plans, then a choice from it. */
    const choose = (view: SearchView, n: number, seed = 1): Choice | null => {
      const queue = new ChoiceQueue(make());
      queue.plan(view, planRng(seed, view.runSets.totals.ended));
      return queue.next(view, n, choiceRng(seed, n));
    };

    test("a search chooses a valid configuration and says why, after any history", () => {
      fc.assert(
        fc.property(history, (past) => {
          assertValid(past.hyperparameters, choose(seen(past), past.n, past.seed), past.where);
        }),
      );
    });

    test("the same history, n and seed give the same choice, from the same instance or another", () => {
      fc.assert(
        fc.property(history, (past) => {
          const { n, seed } = past;
          const one = make();
          const choices = [one, one, make()].map((search) => {
            return search.choose(seen(past), n, choiceRng(seed, n));
          });
          assert.deepEqual(choices[1], choices[0]);
          assert.deepEqual(choices[2], choices[0]);
        }),
      );
    });

    test("a search never chooses an excluded configuration while others are left to it", () => {
      fc.assert(
        fc.property(history, (past) => {
          const { hyperparameters, where, excluded, n, seed } = past;
          const keys = new Set(excluded.map(configurationKey));
          const isExcluded = (configuration: Configuration) => keys.has(configurationKey(configuration));
          const left = [...allowedKeys({ hyperparameters, where })].filter((key) => !keys.has(key));
          const choice = choose(seen(past, isExcluded), n, seed);
          if (choice === null) {
            assert.equal(left.length, 0, "chose nothing while there was something to choose");
            return;
          }
          assertValid(hyperparameters, choice, where);
          // `repeat` may choose only the tuned configuration.
          const hasOthers = left.length > 0 && name !== "repeat";
          assert.ok(
            !hasOthers || !isExcluded(choice.configuration),
            `[${choice.configuration}] of ${left.length} others`,
          );
          if (isExcluded(choice.configuration)) assert.match(choice.why, /although/);
        }),
        { numRuns: 300 },
      );
    });

    test("a search changes nothing in the run sets that it looks at", () => {
      fc.assert(
        fc.property(history, (past) => {
          const { runs, n, seed } = past;
          const index = indexOf(runs);
          choose(seen(past, undefined, index), n, seed);
          const described = (of: RunSetIndex) => [
            of.totals,
            ...[...of].map(({ key, ended, inFlight, mean, configuration }) => [
              key,
              ended,
              inFlight,
              mean,
              configuration,
            ]),
          ];
          assert.deepEqual(described(index), described(indexOf(runs)));
        }),
      );
    });

    test("a search chooses the only configuration there is, of one-valued hyperparameters or of none", () => {
      const single = [ordered("a", [5]), unordered("b", ["x"])];
      for (const runs of [[], [[[0, 0], 1] as const], [[[0, 0], "in flight"] as const]]) {
        assert.deepEqual(
          choose(viewOf(single, indexOf(runs.map(([c, end]) => [[...c], end]))), 3)?.configuration,
          [0, 0],
        );
      }
      const bare = new RunSetIndex();
      assert.deepEqual(choose(viewOf([], bare), 1)?.configuration, []);
      bare.started([]);
      bare.completed([], 0.5, childRunName(1, 1));
      assert.deepEqual(choose(viewOf([], bare), 2)?.configuration, []);
    });

    test("a search chooses among more than 2^53 configurations, with and without a history", () => {
      const large = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? ordered : unordered)(`h${i}`, [1, 2, 3, 4, 5]));
      const index = new RunSetIndex();
      for (let n = 1; n <= 30; n++) {
        const choice = choose(viewOf(large, index), n);
        assertValid(large, choice);
        index.started(choice.configuration);
        index.completed(choice.configuration, choice.configuration[0] ?? 0, childRunName(1, n));
      }
    });

    test("a search chooses a valid value of a hyperparameter that has a thousand unordered ones", () => {
      const wide = [unordered("w", [...Array(1000).keys()]), ordered("b", [1, 2])];
      const index = new RunSetIndex();
      index.started([500, 0]);
      index.completed([500, 0], 1, childRunName(1, 1));
      for (let n = 1; n <= 50; n++) assertValid(wide, choose(viewOf(wide, index), n));
    });

    test("neither a choice nor a plan looks at more run sets after a long history than after a short one", () => {
      const rng = choiceRng(1, 0);
      const lookedAtAfter = (runs: number): number => {
        const index = new RunSetIndex();
        for (let i = 1; i <= runs; i++) {
          const configuration = tutorialHyperparameters.map(({ values }) => rng.below(values.length));
          index.started(configuration);
          index.completed(configuration, rng.uniform(), childRunName(1, i));
        }
        const runSets = new CountedRunSets(index);
        const model = new CurrentModel(() => ({ hyperparameters: tutorialHyperparameters, runSets }));
        const view = { ...viewOf(tutorialHyperparameters, index), runSets, model };
        for (let n = 1; n <= 5; n++) choose(view, n);
        return runSets.count;
      };
      const [short, long] = [lookedAtAfter(500), lookedAtAfter(20_000)];
      // Neighbourhoods differ in size, but 40 times the history makes none larger. `npm run bench -- search` has times.
      assert.ok(long <= 3 * short, `${short} after 500 runs, ${long} after 20,000`);
    });
  });
}

/** Counts the run sets that are looked at, by key or one after another. */
class CountedRunSets implements RunSets {
  count = 0;
  readonly #index: RunSetIndex;

  constructor(index: RunSetIndex) {
    this.#index = index;
  }

  get size(): number {
    return this.#index.size;
  }

  get totals(): RunSets["totals"] {
    return this.#index.totals;
  }

  get predictions(): number {
    return this.#index.predictions;
  }

  get prior(): RunSets["prior"] {
    return this.#index.prior;
  }

  get version(): number {
    return this.#index.version;
  }

  best(): RunSet | null {
    this.count += 1;
    return this.#index.best();
  }

  leaders(count: number): RunSet[] {
    const found = this.#index.leaders(count);
    this.count += found.length;
    return found;
  }

  at(number: number): RunSet | undefined {
    this.count += 1;
    return this.#index.at(number);
  }

  inFlight(): RunSet[] {
    const found = this.#index.inFlight();
    this.count += found.length;
    return found;
  }

  bestFor(): number {
    return this.#index.bestFor();
  }

  of(configuration: Configuration): RunSet | undefined {
    this.count += 1;
    return this.#index.of(configuration);
  }

  get(key: string): RunSet | undefined {
    this.count += 1;
    return this.#index.get(key);
  }

  isExcluded(configuration: Configuration): boolean {
    this.count += 1;
    return this.#index.isExcluded(configuration);
  }

  get repeats(): RunSets["repeats"] {
    return this.#index.repeats;
  }

  *[Symbol.iterator](): Iterator<RunSet> {
    for (const each of this.#index) {
      this.count += 1;
      yield each;
    }
  }
}
