import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  activeIn,
  canonical,
  circleOf,
  neverActive,
  usedSettings,
} from "../../../../../shared/domain/conditions/activity.ts";
import { ConfigurationSpace, spaceOf } from "../../../../../shared/domain/conditions/configuration-space.ts";
import { isAllowed } from "../../../../../shared/domain/conditions/constraints.ts";
import { configurationKey, type Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { gridTurn } from "../../../../../shared/domain/search/grid.ts";
import { neighbourhoodOf } from "../../../../../shared/domain/search/neighbourhood.ts";
import { firstAllowed, spaceSize } from "../../../../../shared/domain/search/space.ts";
import { allowedKeys, everyConfiguration, isIn, linkedSpace } from "../../../../support/stories/linked-spaces.ts";
import { ordered, unordered, viewOf } from "../../../../support/stories/search.ts";

const when = (dial: Hyperparameter, ...onlyWhen: string[]): Hyperparameter => ({ ...dial, onlyWhen });

/** layers 0 to 2; dropout and its schedule only with layers, the schedule's steps only where it is "steps". */
const nested: readonly Hyperparameter[] = [
  ordered("layers", [0, 1, 2]),
  { ...when(ordered("dropout", [0.1, 0.2, 0.3]), "*layers > 0"), tuned: 0.2 },
  when(unordered("schedule", ["flat", "steps"]), "*layers > 0", "*dropout > 0.1"),
  when(ordered("steps", [2, 4, 8]), '*schedule == "steps"'),
];

suite("conditions", () => {
  test("an inactive hyperparameter stands at its tuned value, and so do those that depend on it", () => {
    assert.deepEqual(canonical(nested, [0, 2, 1, 2]), [0, 1, 0, 0]);
    assert.deepEqual(canonical(nested, [1, 0, 1, 2]), [1, 0, 0, 0]);
    assert.deepEqual(canonical(nested, [1, 2, 1, 2]), [1, 2, 1, 2]);
    assert.deepEqual(canonical(nested, [1, 2, 0, 2]), [1, 2, 0, 0]);
    assert.deepEqual(activeIn(nested, [1, 0, 1, 2]), [true, true, false, false]);
    assert.deepEqual(usedSettings(nested, [0, 1, 0, 0]), [0, undefined, undefined, undefined]);
    assert.deepEqual(usedSettings(nested, [2, 2, 1, 1]), [2, 0.3, "steps", 4]);
  });

  test("a configuration of a space without conditions stays the same array", () => {
    const configuration = [1, 1];
    assert.equal(canonical([ordered("a", [1, 2]), ordered("b", [1, 2])], configuration), configuration);
  });

  test("equal runs have one canonical configuration, and runs that differ do not", () => {
    fc.assert(
      fc.property(linkedSpace, ({ hyperparameters }) => {
        const bySettings = new Map<string, string>();
        for (const any of everyConfiguration(hyperparameters)) {
          const settled = canonical(hyperparameters, any);
          assert.equal(canonical(hyperparameters, settled), settled);
          assert.deepEqual(activeIn(hyperparameters, settled), activeIn(hyperparameters, any));
          // The settings that a run uses determine its configuration.
          const used = JSON.stringify(usedSettings(hyperparameters, any).map((value) => value ?? "-"));
          const key = configurationKey(settled);
          assert.equal(bySettings.get(used) ?? key, key);
          bySettings.set(used, key);
        }
        assert.equal(new Set(bySettings.values()).size, bySettings.size);
      }),
    );
  });

  test("a circle of conditions is found, whatever leads to it", () => {
    const a = when(ordered("a", [0, 1]), "*b > 0");
    const b = when(ordered("b", [0, 1]), "*c > 0");
    const c = when(ordered("c", [0, 1]), "*d > 0 or *a > 0");
    assert.deepEqual(circleOf([a, b, c, ordered("d", [1])]), [0, 1, 2]);
    assert.deepEqual(circleOf([when(ordered("x", [1]), "*a > 0"), when(ordered("a", [1]), "*a > 0")]), [1]);
    assert.equal(circleOf(nested), undefined);
    // A journal that holds a circle all the same can be read.
    assert.equal(canonical([a, b, c, ordered("d", [1])], [1, 1, 1, 0]).length, 4);
  });

  test("a hyperparameter that can never be active is named", () => {
    assert.deepEqual(neverActive(nested), []);
    assert.deepEqual(neverActive([ordered("a", [1, 2]), when(ordered("b", [1]), "*a > 2")]), [1]);
  });
});

suite("configurations of a linked space", () => {
  test("the configurations of a linked space are counted and listed exactly, without those forbidden", () => {
    fc.assert(
      fc.property(linkedSpace, ({ hyperparameters, where }) => {
        const space = spaceOf(hyperparameters, where);
        const expected = allowedKeys({ hyperparameters, where });
        assert.ok(space.isExact);
        assert.equal(space.size, BigInt(expected.size));
        const listed = Array.from({ length: expected.size }, (_, i) => configurationKey(space.at(BigInt(i))));
        assert.deepEqual(new Set(listed), expected);
      }),
      { numRuns: 300 },
    );
  });

  test("nested conditions have 1 configuration without layers, and 2 times what dropout leaves with them", () => {
    // dropout 0.1: 1; 0.2 and 0.3: flat 1, steps 3.
    assert.equal(spaceSize(nested), 1n + 2n * (1n + 2n * 4n));
    assert.equal(spaceSize(nested, ["*layers + *dropout < 2.25"]), 1n + 9n + 5n);
  });

  test("a walk over a linked space visits every configuration and goes round, from wherever it begins", () => {
    fc.assert(
      fc.property(linkedSpace, fc.nat(), ({ hyperparameters, where }, start) => {
        const space = spaceOf(hyperparameters, where);
        const all = everyConfiguration(hyperparameters);
        const from = all[start % all.length] ?? [];
        const seen = new Set<string>();
        for (const configuration of space.after(from)) {
          seen.add(configurationKey(configuration));
          if (seen.size === Number(space.size)) break;
        }
        assert.deepEqual(seen, allowedKeys({ hyperparameters, where }));
      }),
    );
  });

  test("draws from a linked space are allowed and canonical, and reach each configuration", () => {
    const rng = rngFrom(7);
    fc.assert(
      fc.property(linkedSpace, (linked) => {
        const space = spaceOf(linked.hyperparameters, linked.where);
        for (let i = 0; i < 20; i += 1) assert.ok(isIn(linked, space.draw(rng)));
      }),
    );
    const where = ["*layers + *dropout < 2.25"];
    const seen = new Set(Array.from({ length: 2000 }, () => configurationKey(spaceOf(nested, where).draw(rng))));
    assert.equal(seen.size, 15);
  });

  test("a draw finds the one configuration in ten thousand that is allowed", () => {
    const dials = Array.from({ length: 4 }, (_, i) => ordered(`h${i}`, [...Array(10).keys()]));
    const where = ["*h0 + *h1 + *h2 + *h3 == 0"];
    assert.equal(spaceSize(dials, where), 1n);
    assert.deepEqual(spaceOf(dials, where).draw(rngFrom(1)), [0, 0, 0, 0]);
  });

  test("a linked space too large to count is estimated, and draws from it are still allowed", () => {
    const dials = Array.from({ length: 8 }, (_, i) => ordered(`h${i}`, [...Array(10).keys()]));
    const half = [`${dials.map(({ name }) => `*${name}`).join(" + ")} <= 36`];
    const space = spaceOf(dials, half);
    assert.ok(!space.isExact);
    const share = Number(space.size) / 1e8;
    assert.ok(share > 0.48 && share < 0.56, `${share}`);
    const rng = rngFrom(3);
    for (let i = 0; i < 50; i += 1) assert.ok(isAllowed(dials, half, space.draw(rng)));
    const few = [`${dials.map(({ name }) => `*${name}`).join(" + ")} <= 2`];
    assert.ok(spaceOf(dials, few).size >= 1n);
    for (let i = 0; i < 5; i += 1) assert.ok(isAllowed(dials, few, spaceOf(dials, few).draw(rng)));
  });

  test("the size of a space multiplies where nothing links its hyperparameters, however many there are", () => {
    const many = Array.from({ length: 40 }, (_, i) => when(ordered(`h${i}`, [...Array(10).keys()]), "*on"));
    const space = new ConfigurationSpace([unordered("on", [false, true]), ...many]);
    assert.ok(space.isExact);
    assert.equal(space.size, 10n ** 40n + 1n);
    assert.deepEqual(space.at(0n), new Array(41).fill(0));
    assert.deepEqual(space.at(10n ** 40n), [1, ...new Array(40).fill(9)]);
  });
});

suite("searches of a linked space", () => {
  test("a grid gives each configuration one turn in each round", () => {
    fc.assert(
      fc.property(linkedSpace, ({ hyperparameters, where }) => {
        const expected = allowedKeys({ hyperparameters, where });
        for (const round of [1, 2]) {
          const turns = Array.from({ length: expected.size }, (_, i) =>
            gridTurn(hyperparameters, (round - 1) * expected.size + i + 1, where),
          );
          assert.deepEqual(new Set(turns.map(({ configuration }) => configurationKey(configuration))), expected);
          assert.ok(turns.every((turn) => turn.round === round));
        }
      }),
    );
  });

  test("a grid that grows gives the new configurations a turn each", () => {
    const before = [ordered("a", [0, 1]), when(ordered("b", [0, 1, 2]), "*a > 0")];
    // 4 configurations; then a gets the value 2, which adds 3.
    const grown = [{ ...ordered("a", [0, 1, 2]), grown: [{ from: 2, after: 2 }] }, before[1] ?? ordered("b", [0])];
    const keys = Array.from({ length: 7 }, (_, i) => configurationKey(gridTurn(grown, i + 1).configuration));
    const early = Array.from({ length: 4 }, (_, i) => configurationKey(gridTurn(before, i + 1).configuration));
    assert.deepEqual(keys.slice(0, 4), early);
    assert.equal(new Set(keys).size, 7);
  });

  test("a neighbourhood is canonical; an inactive hyperparameter has no steps", () => {
    const keys = (centre: readonly number[]) =>
      neighbourhoodOf(nested, centre).map(
        ({ configuration, changed }) => `${changed}: ${configurationKey(configuration)}`,
      );
    assert.deepEqual(keys([0, 1, 0, 0]), ["null: 0.1.0.0", "0: 1.1.0.0"]);
    // From layers 1 to 0, dropout is tuned again, and its schedule with it.
    assert.deepEqual(keys([1, 2, 1, 1]), [
      "null: 1.2.1.1",
      "0: 0.1.0.0",
      "0: 2.2.1.1",
      "1: 1.1.1.1",
      "2: 1.2.0.0",
      "3: 1.2.1.0",
      "3: 1.2.1.2",
    ]);
    fc.assert(
      fc.property(linkedSpace, fc.nat(), ({ hyperparameters }, start) => {
        const all = everyConfiguration(hyperparameters);
        const centre = canonical(hyperparameters, all[start % all.length] ?? []);
        const members = neighbourhoodOf(hyperparameters, centre);
        assert.deepEqual(members[0], { configuration: centre, changed: null });
        const active = activeIn(hyperparameters, centre);
        for (const { configuration, changed } of members.slice(1)) {
          assert.equal(configurationKey(canonical(hyperparameters, configuration)), configurationKey(configuration));
          assert.ok(active[changed ?? -1]);
          assert.notEqual(configuration[changed ?? -1], centre[changed ?? -1]);
        }
        assert.equal(new Set(members.map(({ configuration }) => configurationKey(configuration))).size, members.length);
      }),
    );
  });

  test("firstAllowed finds the one configuration that is left", () => {
    fc.assert(
      fc.property(linkedSpace, fc.nat(), fc.nat(), (linked, start, left) => {
        const { hyperparameters, where } = linked;
        const allowed = [...allowedKeys(linked)];
        const only = allowed[left % allowed.length];
        const all = everyConfiguration(hyperparameters);
        const view = {
          ...viewOf(hyperparameters, new RunSetIndex(), (each) => configurationKey(each) !== only),
          where,
        };
        const found = firstAllowed(view, all[start % all.length] ?? []);
        assert.equal(found === null ? null : configurationKey(found), only);
      }),
    );
  });
});
