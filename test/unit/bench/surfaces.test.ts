import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rngFrom } from "../../../shared/domain/rng.ts";
import { anyConfiguration } from "../../../shared/domain/search/space.ts";
import { meanOf } from "../../../shared/domain/statistics.ts";
import { surfaceFor, surfaceNames } from "../../bench/search-quality/catalogue.ts";
import { hpmaxOf } from "../../bench/search-quality/surface.ts";
import { temporaryFolder } from "../../support/cleanup.ts";

for (const [name] of surfaceNames) {
  test(`surface ${name}: no configuration is better than its best, and every run makes its reports`, () => {
    const surface = surfaceFor(name, 3);
    const rng = rngFrom(`test of ${name}`);
    let above = 0;
    for (let i = 0; i < 2000; i++) {
      const configuration = anyConfiguration(surface.hyperparameters, rng);
      const truth = surface.truth(configuration);
      assert.ok(truth <= surface.best + 1e-12, `${configuration} has ${truth}, the best ${surface.best}`);
      if (truth > surface.best - 0.02) above++;
      const values = surface.run(configuration, rng);
      assert.equal(values.length, surface.reports);
      assert.ok(values.every((value) => Number.isFinite(value)));
    }
    assert.ok(above < 1000, "half of a surface that is worth searching is not nearly the best");
  });

  test(`surface ${name}: the same seed gives the same surface`, () => {
    const [one, other] = [surfaceFor(name, 5), surfaceFor(name, 5)];
    const configuration = anyConfiguration(one.hyperparameters, rngFrom("a place"));
    assert.equal(one.truth(configuration), other.truth(configuration));
    assert.deepEqual(one.run(configuration, rngFrom("luck")), other.run(configuration, rngFrom("luck")));
  });
}

for (const name of ["gbm", "synthetic", "variants", "second-peak", "maze-curves", "late-curves", "supervised-curves"]) {
  test(`surface ${name}: runs reach the truth on average`, () => {
    const surface = surfaceFor(name, 2);
    const rng = rngFrom(`means of ${name}`);
    for (let place = 0; place < 3; place++) {
      const configuration = anyConfiguration(surface.hyperparameters, rng);
      const runs = Array.from({ length: 4000 }, () => hpmaxOf(surface.hpmaxIs, surface.run(configuration, rng)));
      const mean = meanOf(runs);
      const stError = Math.sqrt(meanOf(runs.map((run) => (run - mean) ** 2)) / runs.length);
      const truth = surface.truth(configuration);
      assert.ok(Math.abs(mean - truth) < 4.5 * stError + 2e-4, `${mean} +- ${stError}, truth ${truth}`);
    }
  });
}

test("a name that is no surface is refused with the names that are", () => {
  assert.throws(() => surfaceFor("gmb", 1), /no surface "gmb"; expected gbm, synthetic, .*, or the path of a table/);
});

test("a user's table of results is a surface", () => {
  const path = join(temporaryFolder(), "mine.json");
  const hyperparameters = [
    { name: "a", values: [1, 2] },
    { name: "b", values: ["x", "y", "z"], ordered: false },
  ];
  const results = [[[1, 3]], [[2, 2]], [[0, 1]], [[5, 6]], [[9, 0]], [[1, 1]]];
  writeFileSync(path, JSON.stringify({ hyperparameters, results, hpmaxIs: "last", per: 10 }));
  const surface = surfaceFor(path, 1);
  assert.equal(surface.name, "mine");
  assert.equal(surface.best, 0.6);
  assert.equal(surface.truth([1, 1]), 0);
  assert.equal(surface.truth([1, 0]), 0.6);
  assert.deepEqual(surface.run([1, 0], rngFrom("luck")), [0.5, 0.6]);
  assert.deepEqual(
    surface.hyperparameters.map(({ ordered }) => ordered),
    [true, false],
  );
});

const wrongTables: readonly [content: string, says: RegExp][] = [
  ["{", /mine\.json: .*JSON[\s\S]*expected JSON/],
  [`{"results": []}`, /no list "hyperparameters"/],
  [`{"hyperparameters": [{"name": "a", "values": []}], "results": []}`, /hyperparameter "a" has no values/],
  [
    `{"hyperparameters": [{"name": "a", "values": [1, 2]}], "results": [[1]]}`,
    /has 1 rows; the hyperparameters have 2 configurations/,
  ],
  [
    `{"hyperparameters": [{"name": "a", "values": [1, 2]}], "results": [[1], [[1, 2]]]}`,
    /row 2 .* a run of 2 reports, others have 1/,
  ],
  [`{"hyperparameters": [{"name": "a", "values": [1]}], "results": [["x"]]}`, /row 1 .* no finite number/],
  [`{"hyperparameters": [{"name": "a", "values": [1]}], "results": [[1]], "hpmaxIs": "best"}`, /"hpmaxIs" is "best"/],
];

test("a user's table of results that cannot be read is refused with what was expected", () => {
  const path = join(temporaryFolder(), "mine.json");
  for (const [content, says] of wrongTables) {
    writeFileSync(path, content);
    assert.throws(() => surfaceFor(path, 1), says);
  }
});
