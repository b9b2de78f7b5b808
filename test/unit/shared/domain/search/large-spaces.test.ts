import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Configuration, Hyperparameter } from "../../../../../shared/domain/hyperparameter.ts";
import { childRunName } from "../../../../../shared/domain/names.ts";
import { RunSetIndex } from "../../../../../shared/domain/run-sets/run-set.ts";
import { ChoiceQueue } from "../../../../../shared/domain/search/choice-queue.ts";
import type { DgdRule } from "../../../../../shared/domain/search/dgd.ts";
import { weigh } from "../../../../../shared/domain/search/dgd-paper.ts";
import type { Search } from "../../../../../shared/domain/search/search.ts";
import { createSearch } from "../../../../../shared/domain/search/searches.ts";
import { choiceRng, planRng } from "../../../../../shared/domain/seeds.ts";
import { indexOf, ordered, unordered, viewOf } from "../../../../support/stories/search.ts";

const dgd = (rule: DgdRule): Search => createSearch("dgd", { dgd: { rule, countInFlight: true } });
const searches: Readonly<Record<string, () => Search>> = {
  random: () => createSearch("random"),
  grid: () => createSearch("grid"),
  dgd: () => dgd("model"),
  "dgd: paper": () => dgd("paper"),
  "dgd: wide": () => dgd("wide"),
  bayesian: () => createSearch("bayesian"),
};

const many = [...Array(10_000).keys()];
const dials = (count: number, isOrdered: (i: number) => boolean, values: readonly number[]): Hyperparameter[] =>
  Array.from({ length: count }, (_, i) => (isOrdered(i) ? ordered : unordered)(`h${i}`, values));
const spaces: Readonly<Record<string, readonly Hyperparameter[]>> = {
  "200 hyperparameters of 5 values": dials(200, (i) => i % 2 === 0, many.slice(0, 5)),
  "200 ordered hyperparameters of 10,000 values": dials(200, () => true, many),
  "200 hyperparameters of 10,000 values, half of them unordered": dials(200, (i) => i % 2 === 0, many),
  "200 hyperparameters of one value": dials(200, () => true, [1]),
};

/** As the leader does it, ten runs in flight. */
function lived(search: Search, hyperparameters: readonly Hyperparameter[], runs: number): Configuration[] {
  const index = new RunSetIndex();
  const view = viewOf(hyperparameters, index);
  const queue = new ChoiceQueue(search);
  const flying: Configuration[] = [];
  const chosen: Configuration[] = [];
  for (let n = 1; n <= runs; n += 1) {
    const choice = queue.next(view, n, choiceRng(1, n));
    assert.ok(choice);
    const { configuration, why } = choice;
    assert.ok(why.length < 400, why);
    chosen.push(configuration);
    index.started(configuration);
    flying.push(configuration);
    if (flying.length < 10) continue;
    const done = flying.shift() ?? [];
    index.completed(done, -(done[0] ?? 0) - (done[1] ?? 0) / 2 + (n % 7), childRunName(1, n));
    if (queue.isDue(view)) queue.plan(view, planRng(1, n));
  }
  return chosen;
}

for (const [name, make] of Object.entries(searches)) {
  suite(`${name} in large spaces`, () => {
    for (const [space, hyperparameters] of Object.entries(spaces)) {
      test(`${name} chooses among ${space}`, () => {
        for (const configuration of lived(make(), hyperparameters, 32)) {
          assert.equal(configuration.length, 200);
          const isIn = (position: number, i: number): boolean =>
            Number.isInteger(position) && position >= 0 && position < (hyperparameters[i]?.values.length ?? 0);
          assert.ok(configuration.every(isIn));
        }
      });
    }
  });
}

test("dgd: paper looks at a part of a neighbourhood of a million configurations", () => {
  const hyperparameters = spaces["200 hyperparameters of 10,000 values, half of them unordered"] ?? [];
  const index = new RunSetIndex();
  const start = hyperparameters.map(() => 0);
  index.started(start);
  index.completed(start, 1, childRunName(1, 1));
  const members = weigh(viewOf(hyperparameters, index), true)?.members ?? [];
  assert.ok(members.length <= 5001, `${members.length} members`);
  const whole = dials(3, () => false, many.slice(0, 1000));
  assert.equal(weigh(viewOf(whole, indexOf([[[0, 0, 0], 1]])), true)?.members.length, 1 + 3 * 999);
});
