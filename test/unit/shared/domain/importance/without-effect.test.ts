import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutEffectText } from "../../../../../coordinator/words/without-effect-text.ts";
import type { Configuration, Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { importanceOf } from "../../../../../shared/domain/importance/importance.ts";
import { withoutEffect } from "../../../../../shared/domain/importance/without-effect.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { type Completion, indexOf, ordered, unordered } from "../../../../support/stories/search.ts";

const space: readonly Hyperparameter[] = [
  ordered("a", [1, 2, 3, 4, 5, 6]),
  ordered("b", [1, 2, 3, 4, 5]),
  unordered("kind", ["w", "x", "y", "z"]),
  ordered("pair", [1, 2, 3, 4, 5, 6]),
  ordered("dead", [1, 2, 3, 4, 5, 6]),
  unordered("dead kind", ["p", "q", "r"]),
  ordered("one", [1]),
];
/** Standard deviation 0.32. `kind` has a twentieth of the variance; `pair` matters only with `a`, by as much. */
const surface = ([a = 0, b = 0, kind = 0, pair = 0]: Configuration): number =>
  Math.exp(-(((a - 4) / 2.5) ** 2) - ((b - 1) / 2) ** 2) +
  ([0, 0.2, 0.05, 0.1][kind] ?? 0) +
  0.025 * (pair - 2.5) * (a - 2.5);

function found(seed: number, runs: number, noise: number, of = surface, draws: readonly number[] = []): string[] {
  const rng = rngFrom(`without effect ${seed}`);
  const normal = (): number => Array.from({ length: 12 }, () => rng.uniform()).reduce((sum, u) => sum + u, -6);
  const sets = [
    ...indexOf(
      Array.from({ length: runs }, (): Completion => {
        const configuration = space.map(({ values }, i) => draws[i] ?? rng.below(values.length));
        return [configuration, of(configuration) + noise * normal()];
      }),
    ),
  ];
  const at = (i: number) => {
    const { configuration = [], completed = 0, mean = 0, sampleVariance = 0 } = sets[i] ?? {};
    return { configuration, runs: completed, mean, squares: (completed - 1) * sampleVariance };
  };
  return withoutEffect(space, sets.length, at, seed);
}

const seeds = [1, 2, 3, 4];
const often = (name: string, all: readonly string[][]): number => all.filter((each) => each.includes(name)).length;

test("hyperparameters that change nothing are found after 300 runs, and no other is accused", () => {
  for (const noise of [0.06, 0.15]) {
    const all = seeds.map((seed) => found(seed, 300, noise));
    for (const name of ["a", "b", "kind", "pair"]) assert.equal(often(name, all), 0, `${name} with noise ${noise}`);
    for (const name of ["dead", "dead kind"]) assert.ok(often(name, all) >= 3, `${name}: ${often(name, all)} of 4`);
  }
});

test("diverged runs accuse no hyperparameter that has an effect", () => {
  const all = seeds.slice(0, 2).map((seed) => {
    const diverges = rngFrom(seed);
    return found(seed, 300, 0.06, (at) => (diverges.uniform() < 0.02 ? -1e24 : surface(at)));
  });
  for (const name of ["a", "b"]) assert.equal(often(name, all), 0, name);
});

test("few runs, or runs that luck rules, accuse no hyperparameter of having no effect", () => {
  for (const seed of seeds) {
    assert.deepEqual(found(seed, 30, 0.06), []);
    assert.ok(!found(seed, 100, 0.6).some((name) => name !== "dead" && name !== "dead kind"));
  }
});

test("a hyperparameter that never varied is not accused, and constant runs accuse none", () => {
  assert.ok(!found(1, 300, 0.06, surface, [1, 2]).includes("b"));
  assert.deepEqual(
    found(1, 300, 0, () => 0.25),
    [],
  );
});

test("the importance of hyperparameters names those without effect, and the words say so", () => {
  const rng = rngFrom("importance names them");
  const runs = Array.from({ length: 300 }, () => {
    const configuration = space.map(({ values }) => rng.below(values.length));
    return { configuration, hpmax: surface(configuration) + 0.06 * (rng.uniform() - 0.5) };
  });
  const answer = importanceOf(space, runs);
  assert.ok("shares" in answer);
  assert.deepEqual(answer.withoutEffect, ["dead", "dead kind"]);
  assert.equal(withoutEffectText(answer.withoutEffect), "dead and dead kind change nothing, as far as these runs show");
  assert.equal(withoutEffectText(["clip"]), "clip changes nothing, as far as these runs show");
  assert.equal(withoutEffectText(["a", "b", "c"]), "a, b and c change nothing, as far as these runs show");
  assert.equal(withoutEffectText([]), null);
});
