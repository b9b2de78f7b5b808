import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SpecError } from "../../../../shared/errors.ts";
import {
  distances,
  type Maze,
  namedLayouts,
  readLayout,
} from "../../../../worker/components/environments/Maze_Env/layout.ts";
import { createComponent } from "../../../../worker/components/registry.ts";
import { componentSpec } from "../../../support/learner.ts";

const maze = (changes: Record<string, unknown> = {}) =>
  createComponent("environments", componentSpec("environments/Maze_Env", changes), {});

/** How often a uniform policy wins within 60 steps, averaged over starts, by dynamic programming over the steps left. */
function uniformWins({ walls, goal, floor, moves }: Maze): number {
  let wins = new Float64Array(walls.length);
  for (let left = 1; left <= 60; left++) {
    const next = new Float64Array(walls.length);
    for (const cell of floor) {
      for (const move of moves) {
        const to = walls[cell + move] === 1 ? cell : cell + move;
        next[cell]! += (to === goal ? 1 : wins[to]!) / 4;
      }
    }
    wins = next;
  }
  return floor.reduce((sum, cell) => sum + wins[cell]!, 0) / floor.length;
}

test("maze: the shipped layouts have the sizes and distances that were measured", () => {
  for (const [name, cells, mean, max, wins] of [
    ["standard", 52, 12.15, 20, 0.114],
    ["easy", 50, 12.6, 24, 0.082],
  ] as const) {
    const layout = readLayout(name);
    const away = layout.floor.map((cell) => distances(layout)[cell]!);
    assert.equal(layout.floor.length, cells, name);
    assert.equal((away.reduce((a, b) => a + b) / away.length).toFixed(2), mean.toFixed(2), name);
    assert.equal(Math.max(...away), max, name);
    assert.equal(uniformWins(layout).toFixed(3), wins.toFixed(3), name);
  }
});

test("maze: an agent sees its four neighbours, its last action and its last reward", async () => {
  // One floor cell, with the goal to its north and walls to the west, east and south.
  const environment = await maze({ layout: "#G#\n#.#\n###" });
  const seen = new Float32Array(environment.observationSize);
  environment.reset(seen);
  assert.deepEqual([...seen], [0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
  assert.equal(environment.step(1, seen), 0);
  assert.deepEqual(
    [...seen],
    [0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0],
    "east is a wall: it stays, and knows what it did",
  );
  assert.equal(environment.ended, false);
  assert.equal(environment.step(0, seen), 1);
  assert.equal(environment.ended, true);
  assert.deepEqual([...seen], [1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test("maze: actions are north, east, south, west; a wall costs a step; the limit ends an episode", async () => {
  const environment = await maze({ layout: "....\n....\n...G", max_steps: 60 });
  const seen = new Float32Array(13);
  environment.reset(seen);
  // North and west to the corner from anywhere, then the way to the goal.
  for (const action of [0, 0, 3, 3, 3]) assert.equal(environment.step(action, seen), 0);
  assert.deepEqual([...seen.subarray(0, 8)], [1, 0, 1, 0, 0, 0, 0, 0]);
  for (const action of [1, 1, 1, 2]) assert.equal(environment.step(action, seen), 0);
  assert.equal(environment.step(2, seen), 1);
  environment.reset(seen);
  for (let i = 1; i < 60; i++) environment.step(0, seen);
  assert.equal(environment.ended, false);
  assert.equal(environment.step(0, seen), 0);
  assert.equal(environment.ended, true);
  const [values, counts] = [new Float64Array(2), new Float64Array(2)];
  environment.takeMeasurements(values, counts);
  assert.deepEqual([...values, ...counts], [1 / 70, 1 / 2, 70, 2]);
  environment.takeMeasurements(values, counts);
  assert.deepEqual([...values, ...counts], [Number.NaN, Number.NaN, 0, 0]);
});

test("maze: starting cells are uniform over the floor without the goal, and depend only on the seed", async () => {
  const starts = async (seed: number) => {
    const environment = await maze({ agent_placement_seed: seed, layout: "..G" });
    const seen = new Float32Array(13);
    // Whether there is a wall to the west tells the two starts apart.
    return Array.from({ length: 2000 }, () => {
      environment.reset(seen);
      return seen[2]!;
    });
  };
  const first = await starts(5);
  assert.deepEqual(await starts(5), first);
  assert.notDeepEqual(await starts(6), first);
  const west = first.reduce((a, b) => a + b);
  assert.ok(Math.abs(west - 1000) < 5 * 22.4, `${west} of 2000`);
});

test("maze: a wrong layout is reported by line and column", () => {
  const cases: [string, RegExp][] = [
    ["####\n#G?#\n####", /Maze_Env: layout, line 2, column 3: found "\?"; expected #, \. or G/],
    ["####\n#G.#\n###", /line 3, column 4: the line ends here; expected 4 columns/],
    ["####\n#G.##\n####", /line 2, column 5: this line is longer than the first one \(4 columns\)/],
    ["####\n#G.#\n#.G#\n####", /line 3, column 3: a second goal/],
    ["####\n#..#\n####", /no goal/],
    ["####\n#G##\n####", /no floor/],
    ["#####\n#G#.#\n#####", /line 2, column 4: there is no way from here to the goal/],
    ["hard", /property "layout" is "hard"; expected standard, easy, or a text block/],
  ];
  for (const [layout, message] of cases) {
    assert.throws(
      () => readLayout(layout),
      (error) => error instanceof SpecError && message.test(error.message),
      layout,
    );
  }
});

test("maze: any text gives a maze or a SpecError", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("#", ".", "G"), maxLength: 6 }), { maxLength: 6 }),
      (lines) => {
        try {
          const read = readLayout(lines.join("\n"));
          const away = distances(read);
          assert.ok(read.floor.length > 0 && read.floor.every((cell) => away[cell]! > 0));
          assert.equal(read.walls[read.goal], 0);
        } catch (error) {
          assert.ok(error instanceof SpecError, String(error));
        }
      },
    ),
  );
  assert.deepEqual(Object.keys(namedLayouts), ["standard", "easy"]);
});
