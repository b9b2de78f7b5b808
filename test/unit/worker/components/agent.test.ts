import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rngFrom } from "../../../../shared/domain/rng.ts";
import { lossGradients, sampleAction } from "../../../../worker/components/agents/AAC_Agent/actor-critic-loss.ts";
import { Adam } from "../../../../worker/components/agents/AAC_Agent/adam.ts";
import type { Agent } from "../../../../worker/components/component.ts";
import { Linear } from "../../../../worker/components/kernels/linear.ts";
import { MemoryPlan } from "../../../../worker/components/kernels/memory-plan.ts";
import { plainKernels } from "../../../../worker/components/kernels/plain.ts";
import { createComponent } from "../../../../worker/components/registry.ts";
import { componentSpec } from "../../../support/learner.ts";

const close = (found: number, expected: number, what: string, within = 1e-6) =>
  assert.ok(Math.abs(found - expected) <= within * (1 + Math.abs(expected)), `${what}: ${found}, by hand ${expected}`);

test("a2c: the gradients of a two-step window are those worked by hand", () => {
  const plan = new MemoryPlan(2);
  const [logits, values] = [plan.buffer(2, 2), plan.buffer(2, 1)];
  const floats = new Float32Array(plan.seal());
  const set = (logit: number, value: number, t: number) => {
    floats[logits.offset + t * logits.stride] = logit;
    floats[values.offset + t * values.stride] = value;
  };
  set(0, 2, 0);
  set(Math.log(3), 5, 1);
  const window = { steps: 2, actions: Int32Array.of(0, 1), rewards: Float64Array.of(1, 2) };
  lossGradients(floats, logits, values, 2, window, 4, { discount: 0.5, entropy: 0.1, value: 0.5 });
  const gradients = [0, 1].map((t) => [0, 1].map((a) => floats[logits.offset + t * logits.stride + a]!));
  const valueGradients = [0, 1].map((t) => floats[values.offset + t * values.stride]!);

  // R1 = 2 + 0.5 * 4 = 4 and R0 = 1 + 0.5 * 4 = 3, so A1 = 4 - 5 = -1 and A0 = 3 - 2 = 1; dV = V - R.
  assert.deepEqual(valueGradients, [-1, 1]);
  // pi0 = (1/2, 1/2): A0 (pi - chosen) = (-1/2, 1/2); the entropy is at its most, so its gradient is 0.
  close(gradients[0]![0]!, -0.5, "d logit 0 of step 0");
  close(gradients[0]![1]!, 0.5, "d logit 1 of step 0");
  // pi1 = (3/4, 1/4): A1 (pi - chosen) = -(3/4, -3/4); H = 0.5623351446, 0.1 * 3/4 (ln 3/4 + H) = 0.0205989803.
  close(gradients[1]![0]!, -0.75 + 0.0205989803, "d logit 0 of step 1");
  close(gradients[1]![1]!, 0.75 - 0.0205989803, "d logit 1 of step 1");
});

test("a2c: actions are drawn in proportion to softmax", () => {
  const floats = Float32Array.of(9, Math.log(1), Math.log(2), Math.log(5));
  const counts = [0, 0, 0];
  const rng = rngFrom(1);
  for (let i = 0; i < 8000; i++) counts[sampleAction(floats, 1, 3, rng.uniform())]! += 1;
  for (const [i, expected] of [1000, 2000, 5000].entries())
    assert.ok(Math.abs(counts[i]! - expected) < 220, `${counts}`);
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (logits, seed) => {
        const action = sampleAction(Float32Array.from(logits), 0, logits.length, rngFrom(seed).uniform());
        assert.ok(action >= 0 && action < logits.length);
      },
    ),
  );
});

/** One observation, two actions, one unit in every layer; Adam's epsilon 1, so that a first step is rate g / (|g| + 1). */
async function tinyAgent(changes: Record<string, unknown> = {}): Promise<Agent> {
  const core = { component: "model_cores/MLP_Core", layer_size: 1, num_layers: 1, output_layer_size: 1 };
  const spec = componentSpec("agents/AAC_Agent", {
    bptt_period: 2,
    discount_factor: 0.5,
    learning_rate: 0.1,
    reward_scale: 2,
    entropy: 0,
    gradient_clip: 1000,
    adam_epsilon: 1,
    model: { component: "models/Model_Nexus", model_core: core },
    ...changes,
  });
  const log = (line: string) => assert.fail(line);
  const agent = await createComponent("agents", spec, { observationSize: 1, actionCount: 2, train: true, log });
  agent.loadModel({
    "layer1.weights": Float32Array.of(1),
    "layer1.biases": Float32Array.of(1),
    "hidden.weights": Float32Array.of(1, 2),
    "hidden.biases": Float32Array.of(0, -1),
    "policy.weights": Float32Array.of(0, 0),
    "policy.biases": Float32Array.of(0, 0),
    "value.weights": Float32Array.of(0.5),
    "value.biases": Float32Array.of(0.25),
  });
  return agent;
}

/**
 * Two steps, at observations 1 and 0, with rewards 1 and 0.5. x = o + 1 = (2, 1); policy hidden p = x = (2, 1); value hidden
 * q = 2x - 1 = (3, 1); pi = (1/2, 1/2); V = q / 2 + 1/4 = (1.75, 0.75). Scaled rewards (2, 1).
 * Gradients, with s = +1/2 for the action not chosen and -1/2 for the chosen one: d logits_t = A_t s_t, dV = -A.
 * Policy output weights are 0, so nothing goes back through p.
 */
async function twoSteps(agent: Agent, ended: boolean) {
  const actions: number[] = [];
  actions.push(agent.act(Float32Array.of(1)));
  agent.learn(1, false, Float32Array.of(0));
  actions.push(agent.act(Float32Array.of(0)));
  agent.learn(0.5, ended, Float32Array.of(2));
  return { model: agent.saveModel(), signs: actions.map((action) => (action === 0 ? -0.5 : 0.5)) };
}

/** The gradients by hand, given the two returns, in the order of the parameters. */
function byHand(returns: readonly [number, number], signs: readonly number[]) {
  const [a0, a1] = [returns[0] - 1.75, returns[1] - 0.75];
  const [dv0, dv1] = [-a0, -a1];
  const policyWeight = a0 * signs[0]! * 2 + a1 * signs[1]! * 1;
  const policyBias = a0 * signs[0]! + a1 * signs[1]!;
  // dq = 0.5 dV; dx = 2 dq = dV.
  return {
    "layer1.weights": [dv0 * 1 + dv1 * 0],
    "layer1.biases": [dv0 + dv1],
    "hidden.weights": [0, 0.5 * (dv0 * 2 + dv1 * 1)],
    "hidden.biases": [0, 0.5 * (dv0 + dv1)],
    "policy.weights": [policyWeight, -policyWeight],
    "policy.biases": [policyBias, -policyBias],
    "value.weights": [dv0 * 3 + dv1 * 1],
    "value.biases": [dv0 + dv1],
  };
}

const before: Record<string, number[]> = {
  "layer1.weights": [1],
  "layer1.biases": [1],
  "hidden.weights": [1, 2],
  "hidden.biases": [0, -1],
  "policy.weights": [0, 0],
  "policy.biases": [0, 0],
  "value.weights": [0.5],
  "value.biases": [0.25],
};

function assertStepped(
  model: Readonly<Record<string, ArrayLike<number>>>,
  gradients: Record<string, number[]>,
  scale = 1,
) {
  for (const [name, gradient] of Object.entries(gradients)) {
    for (const [i, whole] of gradient.entries()) {
      const g = scale * whole;
      close(model[name]![i]!, before[name]![i]! - (0.1 * g) / (Math.abs(g) + 1), `${name}[${i}]`, 2e-6);
    }
  }
}

test("a2c: a bootstrapped update of two steps is the one worked by hand", async () => {
  const { model, signs } = await twoSteps(await tinyAgent(), false);
  // The window leads to observation 2: x = 3, q = 5, V = 2.75. R1 = 1 + 0.5 * 2.75 = 2.375, R0 = 2 + 0.5 * 2.375 = 3.1875.
  // A = (1.4375, 1.625).
  assertStepped(model, byHand([3.1875, 2.375], signs));
});

test("a2c: an update of an episode's last two steps is the one worked by hand", async () => {
  const { model, signs } = await twoSteps(await tinyAgent(), true);
  // Nothing follows an end: R1 = 1, R0 = 2.5. A = (0.75, 0.25).
  assertStepped(model, byHand([2.5, 1], signs));
});

test("a2c: a gradient whose norm exceeds gradient_clip is scaled down as a whole", async () => {
  const { model, signs } = await twoSteps(await tinyAgent({ gradient_clip: 0.5 }), true);
  const gradients = byHand([2.5, 1], signs);
  const norm = Math.sqrt(
    Object.values(gradients)
      .flat()
      .reduce((sum, g) => sum + g * g, 0),
  );
  assert.ok(norm > 3, `${norm}`);
  assertStepped(model, gradients, 0.5 / (norm + 1e-6));
});

test("a2c: discount, entropy bonus and value weight have the effect that the properties say", async () => {
  // Undiscounted and ended: R = (3, 1). Twice the value weight doubles dV alone.
  const { model, signs } = await twoSteps(await tinyAgent({ discount_factor: 1, value_weight: 1 }), true);
  const gradients = byHand([3, 1], signs);
  for (const name of Object.keys(gradients)) {
    if (!name.startsWith("policy"))
      gradients[name as keyof typeof gradients] = gradients[name as keyof typeof gradients].map((g) => 2 * g);
  }
  assertStepped(model, gradients);
});

test("a2c: memory continues across windows, is cleared between episodes; a window ends with its episode", async () => {
  const core = { component: "model_cores/GRU_Core", obs_embed_size: 4, num_rnn_units: 5, output_layer_size: 3 };
  const spec = componentSpec("agents/AAC_Agent", {
    bptt_period: 3,
    model: { component: "models/Model_Nexus", model_core: core },
  });
  const log = (line: string) => assert.fail(line);
  const agent = await createComponent("agents", spec, { observationSize: 2, actionCount: 2, train: true, log });
  const state = () => structuredClone(agent.save());
  const step = (ended: boolean) => {
    agent.act(Float32Array.of(0.5, -1));
    agent.learn(0, ended, Float32Array.of(1, 1));
  };
  const learned = () => state()["learned"]!;
  const initial = learned();
  const memories = [state()["memory"]!];
  assert.deepEqual([...memories[0]!], new Array(8).fill(0));
  for (let i = 1; i <= 2; i++) {
    step(false);
    assert.equal(state()["actions"]!.length, i);
    assert.deepEqual(learned(), initial, "no update within a window");
    assert.deepEqual(state()["memory"], memories[0], "the window's first memory is kept to redo it");
  }
  step(false);
  assert.equal(state()["actions"]!.length, 0, "a full window ends");
  assert.notDeepEqual(learned(), initial);
  const carried = state()["memory"]!;
  assert.ok(
    carried.subarray(0, 5).every((h) => h !== 0),
    "the memory after three steps begins the next window",
  );
  assert.deepEqual([...carried.subarray(5)], [0, 0, 0], "padding");
  const second = learned();
  step(false);
  step(true);
  assert.equal(state()["actions"]!.length, 0, "the end of the episode ends the window");
  assert.notDeepEqual(learned(), second);
  assert.deepEqual([...state()["memory"]!], new Array(8).fill(0));
});

test("a2c: a gradient that cancels out is no divergence; one that is not finite changes nothing", () => {
  let calls = 0;
  const kernels = { ...plainKernels(new Float32Array(64)), adam: () => void calls++ };
  const plan = new MemoryPlan(1);
  const layer = new Linear(plan, "layer", plan.perStep(1), 1, 1);
  plan.seal();
  const step = (squares: number) => {
    layer.squaredNorm = () => squares;
    return new Adam(0.1, 1e-8, 1).step(kernels, [layer], 0, 1);
  };
  assert.equal(step(-1e-20), 0);
  assert.equal(calls, 1);
  assert.equal(step(Number.NaN), Number.NaN);
  assert.equal(step(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  assert.equal(calls, 1);
});
