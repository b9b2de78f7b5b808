import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { type Importance, importanceOf } from "../../../../../shared/domain/importance/importance.ts";
import { rngFrom } from "../../../../../shared/domain/rng.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const space: readonly Hyperparameter[] = [
  ordered("a", [1, 2, 3, 4, 5, 6]),
  ordered("one value", [1]),
  ordered("b", [1, 2, 3, 4, 5]),
  unordered("c", ["w", "x", "y", "z"]),
  ordered("nothing", [1, 2, 3, 4, 5, 6]),
];
const rng = rngFrom("importance");
const normal = (): number => Array.from({ length: 12 }, () => rng.uniform()).reduce((sum, u) => sum + u, -6);
const runsOf = (count: number, f: (c: readonly number[]) => number, noise: number) =>
  Array.from({ length: count }, () => {
    const configuration = space.map(({ values }) => rng.below(values.length));
    return { configuration, hpmax: f(configuration) + noise * normal() };
  });
/** Importance by its definition, over the whole space. */
function truth(f: (c: readonly number[]) => number): number[] {
  let all: number[][] = [[]];
  for (const { values } of space) all = all.flatMap((c) => values.map((_, at) => [...c, at]));
  const mean = (some: readonly number[]): number => some.reduce((sum, value) => sum + value, 0) / some.length;
  const whole = all.map(f);
  const variance = (some: readonly number[]): number => mean(some.map((value) => (value - mean(some)) ** 2));
  return space.flatMap(({ values }, dial) =>
    values.length < 2
      ? []
      : [variance(values.map((_, at) => mean(whole.filter((_v, i) => all[i]?.[dial] === at)))) / variance(whole)],
  );
}
function found(answer: ReturnType<typeof importanceOf>): Importance {
  assert.ok(!("reason" in answer), "reason" in answer ? answer.reason : "");
  return answer;
}

const functions: Readonly<Record<string, (c: readonly number[]) => number>> = {
  "each for itself": ([a = 0, , b = 0, c = 0]) => a + 0.5 * b + ([0, 2, 0, 1][c] ?? 0),
  "one alone": ([a = 0]) => -(a - 3) * (a - 3),
  "a peak of two": ([a = 0, , b = 0]) => Math.exp(-((a - 4) * (a - 4) + (b - 1) * (b - 1)) / 2),
};

for (const [name, f] of Object.entries(functions)) {
  test(`importance recovers known shares: ${name}`, () => {
    const shares = truth(f);
    const answer = found(importanceOf(space, runsOf(400, f, 0.5)));
    assert.deepEqual(
      answer.shares.map((each) => each.name),
      ["a", "b", "c", "nothing"],
    );
    answer.shares.forEach(({ name: dial, share, low, high }, i) => {
      const real = shares[i] ?? 0;
      assert.ok(Math.abs(share - real) < 0.12, `${dial}: ${share} where ${real} is true`);
      assert.ok(low <= share && share <= high);
    });
    const nothing = answer.shares.at(-1);
    assert.ok((nothing?.share ?? 1) < 0.03, `what does nothing gets ${nothing?.share}`);
  });
}

test("importance counts a pure interaction for neither hyperparameter", () => {
  const answer = found(
    importanceOf(
      space,
      runsOf(600, ([a = 0, , b = 0]) => (a - 2.5) * (b - 2), 0.3),
    ),
  );
  assert.ok(answer.together.share > 0.8, `${answer.together.share}`);
  assert.ok(answer.shares.every(({ share }) => share < 0.1));
});

test("importance is not given to hyperparameters that only changed together with another", () => {
  // As in a descent: c mostly follows a, and only a matters.
  const runs = runsOf(600, ([a = 0]) => a, 0.2).map((run) => {
    const [a = 0, , b = 0, , nothing = 0] = run.configuration;
    return { ...run, configuration: [a, 0, b, rng.uniform() < 0.7 ? Math.floor(a / 2) : rng.below(4), nothing] };
  });
  const [a, b, c] = found(importanceOf(space, runs)).shares;
  assert.ok((a?.share ?? 0) > 0.85, `a ${a?.share}`);
  assert.ok((b?.share ?? 1) < 0.05 && (c?.share ?? 1) < 0.1, `b ${b?.share}, c ${c?.share}`);
});

test("importance is reproducible, and takes the noise from repeated configurations", () => {
  const runs = Array.from({ length: 300 }, (_, i) => {
    const configuration = [i % 6, 0, Math.floor(i / 6) % 5, 0, 0];
    return { configuration, hpmax: (configuration[0] ?? 0) + 0.5 * normal() };
  });
  const [one, two] = [importanceOf(space, runs), importanceOf(space, runs)];
  assert.deepEqual(one, two);
  const { noise, runSets } = found(one);
  assert.equal(runSets, 30);
  assert.ok(noise !== null && noise > 0.4 && noise < 0.6, `${noise}`);
});

test("importance says why it cannot be estimated", () => {
  const few = importanceOf(
    space,
    runsOf(10, ([a = 0]) => a, 0),
  );
  assert.ok("reason" in few && few.reason.includes("it takes 20"));
  const flat = importanceOf(
    space,
    runsOf(100, () => 1, 0),
  );
  assert.deepEqual(flat, { reason: "all runs have the same value" });
  assert.deepEqual(importanceOf([ordered("x", [1])], []), { reason: "no hyperparameter has more than one setting" });
  const broken = runsOf(100, ([a = 0]) => (a === 0 ? Number.NaN : a), 0);
  assert.ok("shares" in importanceOf(space, broken), "runs without a finite value are left out");
});

test("an inactive hyperparameter has no value, and what its switch does is not its own importance", () => {
  const dropout = { ...ordered("dropout", [1, 2, 3, 4]), onlyWhen: ["*on"] };
  const dials = [unordered("on", [false, true]), dropout, ordered("lr", [1, 2, 3, 4])];
  const draw = rngFrom("conditional");
  const runs = (effect: number) =>
    Array.from({ length: 400 }, () => {
      const [on, at, lr] = [draw.below(2), draw.below(4), draw.below(4)];
      const configuration = [on, on === 0 ? 0 : at, lr];
      return { configuration, hpmax: on + (on === 0 ? 0 : effect * at) + 0.3 * lr + 0.05 * draw.uniform() };
    });
  const shareOf = (answer: Importance, name: string) => answer.shares.find((each) => each.name === name)?.share ?? -1;
  const without = found(importanceOf(dials, runs(0)));
  assert.ok(shareOf(without, "on") > 0.5, JSON.stringify(without.shares));
  assert.ok(shareOf(without, "dropout") < 0.05, JSON.stringify(without.shares));
  const withEffect = found(importanceOf(dials, runs(1)));
  assert.ok(shareOf(withEffect, "dropout") > 0.15, JSON.stringify(withEffect.shares));
});

test("one diverged run leaves the shares of importance about what they were", () => {
  const f = functions["each for itself"];
  assert.ok(f);
  const shares = truth(f);
  const runs = [...runsOf(400, f, 0.5), { configuration: [0, 0, 4, 3, 5], hpmax: -1e24 }];
  const answer = found(importanceOf(space, runs));
  for (const [i, { name, share }] of answer.shares.entries())
    assert.ok(Math.abs(share - (shares[i] ?? 0)) < 0.15, `${name}: ${share}, truly ${shares[i]}`);
});
