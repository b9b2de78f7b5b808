import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Configuration, configurationKey, type Hyperparameter } from "../../shared/domain/hyperparameter.ts";
import { childRunName, workerIdFrom } from "../../shared/domain/names.ts";
import { type RunSet, RunSetIndex, type RunSets } from "../../shared/domain/run-sets/run-set.ts";
import type { Choice, Search } from "../../shared/domain/search/search.ts";
import { choiceRng } from "../../shared/domain/seeds.ts";
import { ordered, tutorialHyperparameters, unordered, viewOf } from "../support/stories/search.ts";

export interface SearchImplementation {
  readonly name: string;
  readonly make: () => Search;
}

const dial: fc.Arbitrary<Hyperparameter> = fc
  .record({ isOrdered: fc.boolean(), length: fc.integer({ min: 1, max: 4 }), tuned: fc.nat(3) })
  .map(({ isOrdered, length, tuned }) => {
    const values = ["a", 0, true, null].slice(0, length);
    return { ...(isOrdered ? ordered : unordered)("h", values), tuned: values[tuned % length] ?? null };
  });

/** What happened to a run: an hpmax, a failure, another end, a cancellation, or nothing yet. */
const fate = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom("failed", "timed out", "cancelled", "in flight"),
);

/** A space of at most 256 configurations and the runs it has seen. */
const history = fc.array(dial, { minLength: 1, maxLength: 4 }).chain((hyperparameters) => {
  const configuration = fc.tuple(...hyperparameters.map(({ values }) => fc.nat(values.length - 1)));
  return fc.record({
    hyperparameters: fc.constant(hyperparameters),
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

function everyConfiguration(hyperparameters: readonly Hyperparameter[]): Configuration[] {
  return hyperparameters.reduce<Configuration[]>(
    (all, { values }) =>
      all.flatMap((configuration) => [...values.keys()].map((position) => [...configuration, position])),
    [[]],
  );
}

function assertValid(hyperparameters: readonly Hyperparameter[], choice: Choice | null): asserts choice is Choice {
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
}

export function searchSuite({ name, make }: SearchImplementation): void {
  suite(`search: ${name}`, () => {
    const choose = (view: Parameters<Search["choose"]>[0], n: number, seed = 1) =>
      make().choose(view, n, choiceRng(seed, n));

    test("chooses a valid configuration and says why, after any history", () => {
      fc.assert(
        fc.property(history, ({ hyperparameters, runs, n, seed }) => {
          const view = viewOf(hyperparameters, indexOf(runs), () => false);
          assertValid(hyperparameters, choose(view, n, seed));
        }),
      );
    });

    test("the same history, n and seed give the same choice, from the same instance or another", () => {
      fc.assert(
        fc.property(history, ({ hyperparameters, runs, n, seed }) => {
          const one = make();
          const choices = [one, one, make()].map((search) => {
            return search.choose(viewOf(hyperparameters, indexOf(runs)), n, choiceRng(seed, n));
          });
          assert.deepEqual(choices[1], choices[0]);
          assert.deepEqual(choices[2], choices[0]);
        }),
      );
    });

    test("never chooses an excluded configuration while others are left to it", () => {
      fc.assert(
        fc.property(history, ({ hyperparameters, runs, excluded, n, seed }) => {
          const keys = new Set(excluded.map(configurationKey));
          const isExcluded = (configuration: Configuration) => keys.has(configurationKey(configuration));
          const left = everyConfiguration(hyperparameters).filter((configuration) => !isExcluded(configuration));
          const choice = choose(viewOf(hyperparameters, indexOf(runs), isExcluded), n, seed);
          if (choice === null) {
            assert.equal(left.length, 0, "chose nothing while there was something to choose");
            return;
          }
          assertValid(hyperparameters, choice);
          // The tuned configuration is all that repeat may choose.
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

    test("changes nothing in what it looks at", () => {
      fc.assert(
        fc.property(history, ({ hyperparameters, runs, n, seed }) => {
          const seen = indexOf(runs);
          choose(viewOf(hyperparameters, seen), n, seed);
          const described = (index: RunSetIndex) => [
            index.totals,
            ...[...index].map(({ key, ended, inFlight, mean, configuration }) => [
              key,
              ended,
              inFlight,
              mean,
              configuration,
            ]),
          ];
          assert.deepEqual(described(seen), described(indexOf(runs)));
        }),
      );
    });

    test("the configurations of a job without choices: one-valued hyperparameters, or none at all", () => {
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

    test("spaces of more than 2^53 configurations, empty and with a history", () => {
      const large = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? ordered : unordered)(`h${i}`, [1, 2, 3, 4, 5]));
      const index = new RunSetIndex();
      for (let n = 1; n <= 30; n++) {
        const choice = choose(viewOf(large, index), n);
        assertValid(large, choice);
        index.started(choice.configuration);
        index.completed(choice.configuration, choice.configuration[0] ?? 0, childRunName(1, n));
      }
    });

    test("hyperparameters of a thousand unordered values", () => {
      const wide = [unordered("w", [...Array(1000).keys()]), ordered("b", [1, 2])];
      const index = new RunSetIndex();
      index.started([500, 0]);
      index.completed([500, 0], 1, childRunName(1, 1));
      for (let n = 1; n <= 50; n++) assertValid(wide, choose(viewOf(wide, index), n));
    });

    test("a choice looks at no more run sets after a long history than after a short one", () => {
      const rng = choiceRng(1, 0);
      const lookedAtAfter = (runs: number): number => {
        const index = new RunSetIndex();
        for (let i = 1; i <= runs; i++) {
          const configuration = tutorialHyperparameters.map(({ values }) => rng.below(values.length));
          index.started(configuration);
          index.completed(configuration, rng.uniform(), childRunName(1, i));
        }
        const counted = new CountedRunSets(index);
        const view = { ...viewOf(tutorialHyperparameters, index), runSets: counted };
        for (let n = 1; n <= 50; n++) choose(view, n);
        return counted.count;
      };
      const [short, long] = [lookedAtAfter(100), lookedAtAfter(20_000)];
      // How large a neighbourhood is differs; 200 times the history makes it no larger. Times are in `npm run bench -- search`.
      assert.ok(long <= 3 * short, `${short} after 100 runs, ${long} after 20,000`);
    });
  });
}

/** Counts the run sets that are looked at, by name or one after another. */
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

  get prior(): RunSets["prior"] {
    return this.#index.prior;
  }

  best(): RunSet | null {
    this.count += 1;
    return this.#index.best();
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

  *[Symbol.iterator](): Iterator<RunSet> {
    for (const each of this.#index) {
      this.count += 1;
      yield each;
    }
  }
}
