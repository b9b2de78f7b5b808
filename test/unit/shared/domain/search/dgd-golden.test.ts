import assert from "node:assert/strict";
import { test } from "node:test";
import type { Configuration, Hyperparameter, Setting } from "../../../../../shared/domain/hyperparameter.ts";
import { settingsOf } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName, workerIdFrom } from "../../../../../shared/domain/names.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { paperSearch, weigh } from "../../../../../shared/domain/search/dgd-paper.ts";
import { choiceRng } from "../../../../../shared/domain/seeds.ts";
import { golden } from "../../../../support/golden.ts";
import { indexOf, ordered, viewOf } from "../../../../support/stories/search.ts";

interface Case {
  readonly id: string;
  readonly hyperparameters: readonly {
    readonly name: string;
    readonly values: readonly Setting[];
    readonly default?: Setting;
  }[];
  readonly columns: readonly string[];
  readonly runs: readonly (readonly Setting[] | RawRun)[];
  readonly expected: Expected;
}

interface RawRun {
  readonly run_name: string;
  readonly hparams: Readonly<Record<string, Setting>>;
  readonly metrics?: Readonly<Record<string, number>>;
}

interface Expected {
  readonly grid: Readonly<Record<string, readonly Setting[]>>;
  readonly runs_used: number;
  readonly run_sets: number;
  readonly empty_history?: true;
  readonly uniform_choice: Readonly<Record<string, readonly Setting[]>>;
  readonly best: { values: readonly Setting[]; mean: number; count: number; first_seen_index: number };
  readonly ceiling: number;
  readonly neighborhood: readonly Member[];
  readonly error?: { readonly type: string };
}

interface Member {
  readonly values: readonly Setting[];
  readonly runs: number;
  readonly weight: number;
  readonly probability: number;
}

/** Cases in which ours differs on purpose. Each has a test of its own below. */
const different: Readonly<Record<string, string>> = {
  "empty-default-mid": "the original draws from a hyperparameter's default and its neighbours; ours from all values",
  "empty-default-low-end": "as empty-default-mid",
  "strings-unsorted": "the original sorts the values; ours keeps the order in which they are listed",
  "unsorted-numbers": "as strings-unsorted",
  "neg-numbers": "as strings-unsorted",
  "mixed-type-error": "the original cannot sort numbers and strings in one list and fails; ours does not sort",
  "partial-best-error": "the original fails on a run without a setting for each hyperparameter; ours never takes it in",
  "missing-metric": "the original fails on a run without hpmax; ours counts it as failed",
};

const cases = golden<{ cases: readonly Case[] }>("dgd-neighborhood.json").cases;
const paper = { countInFlight: false };

for (const each of cases) {
  if (!(each.id in different))
    test(`dgd chooses as the original: ${each.id}`, () => assertAsOriginal(each, hyperparametersOf(each)));
}

test("dgd differs from the original exactly in the listed cases", () => {
  const ids = new Set(cases.map((each) => each.id));
  assert.equal(cases.length, 45);
  for (const id of Object.keys(different)) assert.ok(ids.has(id), id);
});

for (const id of ["strings-unsorted", "unsorted-numbers", "neg-numbers"]) {
  test(`dgd chooses as the original if values are listed in its order: ${id}`, () => {
    const each = caseOf(id);
    const sorted = hyperparametersOf(each).map(({ name }) => ordered(name, each.expected.grid[name] ?? []));
    assertAsOriginal(each, sorted);
  });
}

test("neighbours follow the listed order, whatever the values are", () => {
  const neighbours = (id: string) => {
    const { hyperparameters, index } = readCase(caseOf(id));
    const members = weigh(viewOf(hyperparameters, index), false)?.members ?? [];
    return members.slice(1).map((member) => settingsOf(hyperparameters, member.configuration));
  };
  assert.deepEqual(neighbours("strings-unsorted"), [
    ["tanh", 2],
    ["elu", 2],
    ["relu", 1],
    ["relu", 3],
  ]);
  assert.deepEqual(neighbours("unsorted-numbers"), [
    [2, 1],
    [8, 3],
    [8, 2],
  ]);
  assert.deepEqual(neighbours("neg-numbers"), [
    [-10, 1e-5],
    [-1, 1e-6],
    [-1, 1e-4],
  ]);
  assert.deepEqual(neighbours("mixed-type-error"), [["auto"]]);
});

test("dgd may draw every value before any run has completed, whatever the defaults", () => {
  for (const id of ["empty-default-mid", "empty-default-low-end"]) {
    const { hyperparameters, index } = readCase(caseOf(id));
    assert.deepEqual(
      drawn(hyperparameters, index),
      hyperparameters.map(({ values }) => new Set(values)),
    );
  }
});

test("a run without a setting for each hyperparameter is in no run set", () => {
  const { index } = readCase(caseOf("no-metrics-skipped"));
  assert.throws(() => index.started([1]), RangeError);
  assert.equal(caseOf("partial-best-error").expected.error?.type, "IndexError");
});

test("a run without hpmax has failed: it counts in the weights but cannot lead", () => {
  const each = caseOf("missing-metric");
  const hyperparameters = hyperparametersOf(each);
  const index = new RunSetIndex();
  index.started([1, 1]);
  assert.throws(() => index.completed([1, 1], Number.NaN, childRunName(1, 1)), RangeError);
  index.failed([1, 1], workerIdFrom("ada"));
  assert.equal(weigh(viewOf(hyperparameters, index), false), null);
  assert.equal(index.get("1.1")?.ended, 1);
  assert.deepEqual(
    drawn(hyperparameters, index),
    hyperparameters.map(({ values }) => new Set(values)),
  );
});

function assertAsOriginal(each: Case, hyperparameters: readonly Hyperparameter[]): void {
  const { expected } = each;
  const index = indexOf(completedRuns(each, hyperparameters));
  assert.equal(index.totals.completed, expected.runs_used);
  assert.equal(index.size, expected.run_sets);
  const found = weigh(viewOf(hyperparameters, index), false);
  if (expected.empty_history) {
    assert.equal(found, null);
    const choices = hyperparameters.map(({ name }) => new Set(expected.uniform_choice[name]));
    assert.deepEqual(drawn(hyperparameters, index), choices);
    return;
  }
  assert.ok(found);
  const { best } = found;
  assert.deepEqual(
    {
      values: settingsOf(hyperparameters, best.configuration),
      mean: best.mean,
      count: best.completed,
      first_seen_index: best.firstSeen,
    },
    expected.best,
  );
  assert.equal(found.ceiling, expected.ceiling);
  assert.equal(
    found.totalWeight,
    expected.neighborhood.reduce((sum, member) => sum + member.weight, 0),
  );
  assert.deepEqual(
    found.members.map(({ configuration, runs, weight, probability }): Member => {
      return { values: settingsOf(hyperparameters, configuration), runs, weight, probability };
    }),
    inListedOrder(hyperparameters, expected),
  );
}

/**
 * The original names the lower neighbour before the higher one; ours the previous in the list before the next, which in a
 * descending list is the other way round. Nothing else changes.
 */
function inListedOrder(hyperparameters: readonly Hyperparameter[], { best, neighborhood }: Expected): Member[] {
  const [centre, ...rest] = neighborhood;
  assert.ok(centre);
  const listed = [centre];
  hyperparameters.forEach(({ values }, i) => {
    const stepped = rest.filter((member) => member.values[i] !== best.values[i]);
    listed.push(...stepped.sort((a, b) => values.indexOf(a.values[i] ?? null) - values.indexOf(b.values[i] ?? null)));
  });
  assert.equal(listed.length, neighborhood.length);
  return listed;
}

/** The settings that each hyperparameter was given in enough choices to see all of ten. */
function drawn(hyperparameters: readonly Hyperparameter[], index: RunSetIndex): Set<Setting>[] {
  const seen = hyperparameters.map(() => new Set<Setting>());
  for (let n = 1; n <= 300; n++) {
    const choice = paperSearch(paper).choose(viewOf(hyperparameters, index), n, choiceRng(1, n));
    assert.ok(choice);
    settingsOf(hyperparameters, choice.configuration).forEach((setting, i) => {
      seen[i]?.add(setting);
    });
  }
  return seen;
}

function caseOf(id: string): Case {
  const found = cases.find((each) => each.id === id);
  assert.ok(found, id);
  return found;
}

function readCase(each: Case): { hyperparameters: readonly Hyperparameter[]; index: RunSetIndex } {
  const hyperparameters = hyperparametersOf(each);
  return { hyperparameters, index: indexOf(completedRuns(each, hyperparameters)) };
}

/** A spec that lists a value twice is refused, so duplicates are dropped here, as the original dropped them. */
function hyperparametersOf(each: Case): Hyperparameter[] {
  return each.hyperparameters.map(({ name, values }) => ordered(name, [...new Set(values)]));
}

/** A run is kept as positions in the lists; those that the original ignored because a value is not listed have none. */
function completedRuns(each: Case, hyperparameters: readonly Hyperparameter[]): [Configuration, number][] {
  return each.runs.flatMap((run): [Configuration, number][] => {
    const reported = "hparams" in run ? { ...run.hparams, ...run.metrics } : namedBy(each.columns, run);
    const configuration = hyperparameters.map(({ name, values }) => values.indexOf(reported[name] ?? null));
    const { hpmax } = reported;
    return configuration.includes(-1) || typeof hpmax !== "number" ? [] : [[configuration, hpmax]];
  });
}

function namedBy(columns: readonly string[], row: readonly Setting[]): Record<string, Setting> {
  return Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null]));
}
