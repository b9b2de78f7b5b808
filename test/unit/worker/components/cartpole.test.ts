import assert from "node:assert/strict";
import { test } from "node:test";
import { createComponent } from "../../../../worker/components/registry.ts";
import { componentSpec } from "../../../support/learner.ts";

const cartPole = (changes: Record<string, unknown> = {}) =>
  createComponent("environments", componentSpec("environments/CartPole_Env", changes), {});

/** The environment with a chosen motion. */
async function at(motion: readonly number[], maxSteps = 500) {
  const environment = await cartPole({ max_steps: maxSteps });
  environment.reset(new Float32Array(4));
  environment.restore({ ...environment.save(), motion: Float64Array.from(motion) });
  return environment;
}

test("cartpole: a push from rest accelerates cart and pole as the equations say", async () => {
  const environment = await at([0, 0, 0, 0]);
  const seen = new Float32Array(4);
  assert.equal(environment.step(1, seen), 1);
  // By hand: 10 N on 1.1 kg; angular = -(10 / 1.1) / (0.5 (4/3 - 0.1 / 1.1)) = -14.634; linear = 10/1.1 + 0.05 * 14.634 / 1.1 = 9.756.
  const [, speed, , turning] = environment.save()["motion"]!;
  assert.ok(Math.abs(speed! - 0.02 * 9.75609756097561) < 1e-12, `${speed}`);
  assert.ok(Math.abs(turning! + 0.02 * 14.634146341463415) < 1e-12, `${turning}`);
  assert.deepEqual([seen[0], seen[2]], [0, 0], "positions move with the next step");
  environment.step(0, seen);
  assert.ok(Math.abs(seen[0]! - 0.02 * 0.1951219512) < 1e-9 && Math.abs(seen[2]! + 0.02 * 0.2926829268) < 1e-9);
});

test("cartpole: an episode ends beyond 2.4 m, beyond 12 degrees, and at the limit", async () => {
  const seen = new Float32Array(4);
  for (const [motion, ended] of [
    [[2.39, 0.4, 0, 0], false],
    [[2.39, 0.6, 0, 0], true],
    [[-2.39, -0.6, 0, 0], true],
    [[0, 0, 0.2, 0.4], false],
    [[0, 0, 0.2, 0.5], true],
    [[0, 0, -0.2, -0.5], true],
  ] as const) {
    const environment = await at(motion);
    environment.step(1, seen);
    assert.equal(environment.ended, ended, `${motion}`);
  }
  const environment = await at([0, 0, 0, 0], 3);
  for (const [action, ended] of [
    [0, false],
    [1, false],
    [0, true],
  ] as const) {
    environment.step(action, seen);
    assert.equal(environment.ended, ended);
  }
  const [values, counts] = [new Float64Array(2), new Float64Array(2)];
  environment.takeMeasurements(values, counts);
  assert.deepEqual([...values, ...counts], [3, 1, 1, 3]);
});

test("cartpole: starting states lie within 0.05 and are determined by the seed", async () => {
  const first = async (seed: number) => {
    const environment = await cartPole({ start_seed: seed });
    const seen = new Float32Array(4);
    environment.reset(seen);
    return [...seen];
  };
  const start = await first(1);
  assert.ok(start.every((value) => Math.abs(value) <= 0.05 && value !== 0));
  assert.deepEqual(await first(1), start);
  assert.notDeepEqual(await first(2), start);
});
