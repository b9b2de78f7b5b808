import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { neighbourhoodOf } from "../../../../../shared/domain/search/neighbourhood.ts";
import { ordered, unordered } from "../../../../support/stories/search.ts";

const settings = (length: number) => Array.from({ length }, (_, i) => i * 10);

test("neighbours are the previous and next value if ordered, every other if unordered, none of one value", () => {
  const dials = [ordered("a", settings(4)), unordered("b", settings(4)), ordered("c", [7])];
  assert.deepEqual(
    neighbourhoodOf(dials, [1, 2, 0]).map(({ configuration, changed }) => [changed, configuration.join(" ")]),
    [
      [null, "1 2 0"],
      [0, "0 2 0"],
      [0, "2 2 0"],
      [1, "1 0 0"],
      [1, "1 1 0"],
      [1, "1 3 0"],
    ],
  );
});

test("the ends of an ordered list of values have one neighbour each", () => {
  const dials = [ordered("a", settings(3))];
  assert.deepEqual(
    neighbourhoodOf(dials, [0]).map(({ configuration }) => configuration),
    [[0], [1]],
  );
  assert.deepEqual(
    neighbourhoodOf(dials, [2]).map(({ configuration }) => configuration),
    [[2], [1]],
  );
});

test("a neighbour of a configuration is in the space, differs in one position and has it as a neighbour", () => {
  const dial = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6 }), fc.nat(5));
  fc.assert(
    fc.property(fc.array(dial, { maxLength: 6 }), (spec) => {
      const dials = spec.map(([isOrdered, length], i) => (isOrdered ? ordered : unordered)(`h${i}`, settings(length)));
      const centre = spec.map(([, length, position]) => position % length);
      const members = neighbourhoodOf(dials, centre);
      assert.deepEqual(members[0], { configuration: centre, changed: null });
      assert.equal(new Set(members.map(({ configuration }) => configuration.join())).size, members.length);
      for (const { configuration, changed } of members.slice(1)) {
        const differing = centre.flatMap((position, i) => (configuration[i] === position ? [] : [i]));
        assert.deepEqual(differing, [changed]);
        const position = configuration[changed ?? -1] ?? -1;
        assert.ok(position >= 0 && position < (dials[changed ?? -1]?.values.length ?? 0));
        const back = neighbourhoodOf(dials, configuration).map((member) => member.configuration.join());
        assert.ok(back.includes(centre.join()));
      }
    }),
  );
});
