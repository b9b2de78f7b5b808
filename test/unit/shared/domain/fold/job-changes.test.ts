import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { JobChanges, JobSubmitted } from "../../../../../shared/domain/fold/events.ts";
import { changesText, editJob } from "../../../../../shared/domain/fold/job-changes.ts";
import { maximised } from "../../../../../shared/domain/goal.ts";
import { configurationKey, type Hyperparameter, settingsOf } from "../../../../../shared/domain/hyperparameter.ts";
import { expandSpec, withChosen } from "../../../../../shared/domain/runspec/spec-read.ts";
import { gridTurn } from "../../../../../shared/domain/search/grid.ts";
import { neighbourhoodOf } from "../../../../../shared/domain/search/neighbourhood.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { choiceRng } from "../../../../../shared/domain/seeds.ts";
import { TestReign } from "../../../../support/stories/reign.ts";
import { viewOf } from "../../../../support/stories/search.ts";
import { hyperparameter, read, specText } from "../../../../support/stories/spec-defaults.ts";

function job(hyperparameters: readonly Hyperparameter[]): JobSubmitted {
  const test_ = new TestReign();
  const name = test_.submit({ totalRuns: 50 });
  const submitted = test_.reign.state.jobs.get(name)?.submitted;
  assert.ok(submitted);
  return { ...submitted, hyperparameters };
}

const dial = (name: string, values: Hyperparameter["values"], ordered = true): Hyperparameter => ({
  name,
  ordered,
  values,
  tuned: values[0] ?? null,
});

/** The hyperparameters after edits, each a list of [choices made, values to add]. */
function edited(
  hyperparameters: readonly Hyperparameter[],
  ...edits: readonly (readonly [number, NonNullable<JobChanges["addValues"]>])[]
): readonly Hyperparameter[] {
  return edits.reduce((before, [started, addValues]) => {
    const after = editJob(job(before), started, { addValues });
    assert.ok(after.ok, after.ok ? "" : after.problems.join());
    return after.hyperparameters;
  }, hyperparameters);
}

/** The settings one step from a configuration, as values of one hyperparameter. */
function neighbours(hyperparameters: readonly Hyperparameter[], value: Hyperparameter["values"][number]): unknown[] {
  const at = hyperparameters[0]?.values.indexOf(value) ?? -1;
  return neighbourhoodOf(hyperparameters, [at])
    .slice(1)
    .map(({ configuration }) => settingsOf(hyperparameters, configuration)[0]);
}

describe("values added to a running search", () => {
  test("values added to a running search go between their neighbours on a rising or falling dial", () => {
    const rising = edited([dial("lr", [0.001, 0.1])], [3, { lr: [0.01] }], [7, { lr: [1, 0.0001] }]);
    assert.deepEqual(rising[0]?.values, [0.001, 0.1, 0.01, 1, 0.0001]);
    assert.deepEqual(
      rising[0]?.dial?.map((at) => rising[0]?.values[at]),
      [0.0001, 0.001, 0.01, 0.1, 1],
    );
    assert.deepEqual(neighbours(rising, 0.01), [0.001, 0.1]);
    assert.deepEqual(neighbours(rising, 0.0001), [0.001]);
    const falling = edited([dial("clip", [8, 4, 1])], [0, { clip: [2, 16] }]);
    assert.deepEqual(neighbours(falling, 2), [4, 1]);
    assert.deepEqual(neighbours(falling, 8), [16, 4]);
  });

  test("values added to a search go last on a dial without numeric order, and next to all if unordered", () => {
    const sizes = edited([dial("size", ["small", "large"])], [0, { size: ["huge"] }]);
    assert.deepEqual(neighbours(sizes, "large"), ["small", "huge"]);
    const zigzag = edited([dial("k", [3, 1, 2])], [0, { k: [5] }]);
    assert.deepEqual(neighbours(zigzag, 2), [1, 5]);
    const loose = edited([dial("act", ["relu", "tanh"], false)], [0, { act: ["gelu"] }]);
    assert.deepEqual(neighbours(loose, "gelu"), ["relu", "tanh"]);
  });

  test("values added to a running search keep the dial symmetric, with each position once", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 6 }),
        fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { maxLength: 6 }),
        fc.boolean(),
        (first, more, isSorted) => {
          const start = isSorted ? [...first].sort((a, b) => a - b) : first;
          const added = more.filter((value) => !start.includes(value));
          const hps = added.reduce((before, value, i) => edited(before, [i, { a: [value] }]), [
            dial("a", start),
          ] as readonly Hyperparameter[]);
          const values = hps[0]?.values ?? [];
          for (const value of values) {
            for (const other of neighbours(hps, value as number)) {
              assert.ok(
                neighbours(hps, other as number).includes(value),
                `${other} is next to ${value}, not the other way round`,
              );
            }
          }
          if (hps[0]?.dial)
            assert.deepEqual(
              [...hps[0].dial].sort((a, b) => a - b),
              [...values.keys()],
            );
          if (isSorted) {
            const inOrder = [...values].sort((a, b) => Number(a) - Number(b));
            inOrder.forEach((value, i) => {
              const around = [inOrder[i - 1], inOrder[i + 1]].filter((each) => each !== undefined);
              assert.deepEqual(neighbours(hps, value as number), around);
            });
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("values added to a grid get a turn before any configuration has a second one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ hp: fc.nat(2), values: fc.integer({ min: 1, max: 3 }), after: fc.nat(40) }), {
          maxLength: 4,
        }),
        (growths) => {
          let hps: readonly Hyperparameter[] = [dial("a", [1, 2]), dial("b", [1]), dial("c", [1, 2, 3])];
          const times = growths.map(({ after }) => after).sort((x, y) => x - y);
          const counts = new Map<string, number>();
          let n = 0;
          const run = (until: number): void => {
            for (; n < until; n += 1) {
              const { configuration } = gridTurn(hps, n + 1);
              assert.ok(configuration.every((at, i) => at >= 0 && at < (hps[i]?.values.length ?? 0)));
              const key = configurationKey(configuration);
              counts.set(key, (counts.get(key) ?? 0) + 1);
            }
          };
          growths.forEach(({ hp, values }, i) => {
            run(times[i] ?? 0);
            const name = hps[hp]?.name ?? "a";
            const length = hps[hp]?.values.length ?? 0;
            hps = edited(hps, [n, { [name]: Array.from({ length: values }, (_, k) => 100 + length + k) }]);
          });
          const size = hps.reduce((product, { values }) => product * values.length, 1);
          const before = new Map(counts);
          const fresh = size - before.size;
          run(n + fresh + size);
          // Every configuration without a turn gets one before the grid has been through once more.
          assert.equal(counts.size, size);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("values added after a completed round of a grid come at once, in order", () => {
    const hps = edited([dial("a", [1, 2]), dial("b", [1, 2])], [4, { b: [3] }]);
    const turns = Array.from({ length: 8 }, (_, i) => settingsOf(hps, gridTurn(hps, 5 + i).configuration).join("/"));
    assert.deepEqual(turns, ["1/3", "2/3", "1/1", "1/2", "2/1", "2/2", "1/3", "2/3"]);
  });

  test("values added to a running search leave the settings of earlier choices as they were", () => {
    const before = [dial("a", [1, 2, 3, 4]), dial("b", [1, 2])];
    const submitted = job(before);
    const { runSets } = new TestReign().reign.state.jobs.get(submitted.job) ?? { runSets: undefined };
    assert.equal(runSets, undefined);
    const search = createSearch("random");
    const view = (hyperparameters: readonly Hyperparameter[]) => {
      const test_ = new TestReign();
      const table = test_.reign.state.jobs.get(test_.submit());
      assert.ok(table);
      return viewOf(hyperparameters, table.runSets, () => false);
    };
    const choices = [1, 2, 3].map((n) => search.choose(view(before), n, choiceRng(5, n))?.configuration);
    const after = edited(before, [3, { a: [9] }]);
    for (const configuration of choices) {
      assert.ok(configuration);
      assert.deepEqual(settingsOf(after, configuration), settingsOf(before, configuration));
    }
  });

  test("values added to a running search are expanded although the spec's text does not list them", () => {
    const { spec } = read(specText(["hyperparameters:", ...hyperparameter("x", "[1, 2]", "1")], ["notes: *x"]));
    assert.throws(() => expandSpec(spec, { x: 7 }, () => 0), /7 is not a value/);
    const expanded = JSON.stringify(expandSpec(withChosen(spec, { x: 7 }), { x: 7 }, () => 0));
    assert.match(expanded, /"notes":7/);
    assert.equal(withChosen(spec, { x: 2 }), spec);
  });
});

describe("an edit of a job", () => {
  for (const [changes, problem] of [
    [{ totalRuns: 2_000_000 }, /total_runs is 2000000; expected a whole number from 1/],
    [{ priority: 0 }, /priority is 0; expected a number above 0/],
    [{ graceSeconds: 0 }, /grace is 0; expected seconds above 0/],
    [{ checkpointLimit: 999 }, /checkpoint_limit is 999; expected bytes from 1000 to/],
    [{ maxRunSeconds: Number.NaN }, /max_run_time is NaN; expected seconds above 0/],
    [{ addValues: { aa: [1] } }, /the job has no hyperparameter "aa"; did you mean a\?/],
    [{ addValues: { a: [2] } }, /a already has the value 2/],
    [{ addValues: { a: [9, 9] } }, /a already has the value 9/],
    [{ addValues: { a: [Number.NaN] } }, /a: NaN is not a value/],
  ] as const) {
    test(`an edit of a job is refused: ${JSON.stringify(changes)}`, () => {
      const result = editJob(job([dial("a", [1, 2])]), 0, changes);
      assert.ok(!result.ok);
      assert.match(result.problems.join("\n"), problem);
    });
  }

  test("an edit of a job reports everything that is wrong at once", () => {
    const result = editJob(job([]), 0, { totalRuns: 0, retries: -1, addValues: { x: [1] } });
    assert.ok(!result.ok);
    assert.equal(result.problems.length, 3);
  });
});

test("changesText says each change of a job in words", () => {
  assert.deepEqual(
    changesText(
      {
        totalRuns: 800,
        computeNodes: null,
        checkpointLimit: 2e9,
        graceSeconds: 30,
        maxRunSeconds: 60,
        deadline: 0,
        stopWhen: null,
        maxFailuresInARow: null,
        maxFailuresAtStart: 9,
        addValues: { lr: [0.1, 0.2] },
      },
      maximised,
    ),
    [
      "total_runs 800",
      "compute_nodes all",
      "checkpoint_limit 2000 MB",
      "grace 30 s",
      "max_run_time 60 s",
      "deadline 1970-01-01T00:00:00.000Z",
      "stop_when none",
      "max_failures_in_a_row never",
      "max_failures_at_start 9",
      "lr also 0.1, 0.2",
    ],
  );
});
